"""The nightly flow as people run it: at a terminal, on a schedule, and on a Prefect server of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from ospo_metrics import prefect_server
from ospo_metrics.settings import Workspace

CHECKOUT = Path(__file__).resolve().parents[1]
CANARY = "canary-token-0b9f5c61e2"
STEPS = [
    "collect attendance",
    "collect calendars",
    "collect feeds",
    "collect git",
    "collect github",
    "collect identities",
    "collect mailing_lists",
    "collect outreach",
    "retain",
    "build",
    "check",
    "publish",
    "report",
]

# Notes every address that a Python process asks for, in whatever process of ours it happens.
AUDIT = """
import os, sys
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        address = arguments[1] if event == "socket.connect" else arguments[0]
        host = address[0] if isinstance(address, tuple) else address
        with open(os.environ["ASKED"], "a") as asked:
            asked.write(f"{host}\\n")
sys.addaudithook(note)
"""


@pytest.fixture(scope="module", autouse=True)
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A token in the environment, no Prefect of the developer's, and a list of every host that is asked."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "sitecustomize.py").write_text(AUDIT)
    asked = folder / "asked.txt"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PREFECT_")]:
            patch.delenv(name)
        patch.setenv("GITHUB_TOKEN", CANARY)
        patch.setenv("PYTHONPATH", str(folder))
        patch.setenv("ASKED", str(asked))
        patch.setenv("PREFECT_WORKER_QUERY_SECONDS", "2")
        yield asked


@pytest.fixture(scope="module")
def copy_of_workspace(
    published: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Makes a workspace that has been run before, for the caller to change."""

    def copy(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name) / name
        shutil.copytree(published.folder, folder)
        return folder

    return copy


@pytest.fixture(scope="module")
def at_hand(copy_of_workspace: Callable[[str], Path]) -> Path:
    """The workspace that is run from the terminal."""
    return copy_of_workspace("at-hand")


@dataclass
class Served:
    """A workspace that `ospo-metrics serve` serves."""

    folder: Path
    process: subprocess.Popen[bytes]
    output: Path
    api_url: str


@pytest.fixture(scope="module")
def served(copy_of_workspace: Callable[[str], Path]) -> Iterator[Served]:
    """`ospo-metrics serve` with a schedule that fires every minute, while something else has its port."""
    folder = copy_of_workspace("served")
    with (folder / "ospo.toml").open("a") as settings:
        settings.write('\n[schedule]\ncron = "* * * * *"\n')
    output = folder / "serve-output.txt"
    with socket.socket() as other, output.open("wb") as out:
        with suppress(OSError):
            other.bind(("127.0.0.1", prefect_server.FIRST_PORT))
        other.listen()
        process = subprocess.Popen(
            ospo_metrics("serve", "--workspace", str(folder)), stdout=out, stderr=subprocess.STDOUT
        )
        try:
            says = "Runs and logs: "
            until(lambda: says in output.read_text() or process.poll() is not None, 120)
            assert process.poll() is None, output.read_text()
            yield Served(folder, process, output, output.read_text().split(says)[1].split()[0] + "/api")
        finally:
            process.kill()
            process.wait()


def test_prefect_yaml_deploys_to_a_process_work_pool(
    served: Served, copy_of_workspace: Callable[[str], Path]
) -> None:
    """With prefect.yaml, any server and worker run the flow; only steps that ask the web are retried."""
    folder = copy_of_workspace("deployed")
    serving = partial(SimpleHTTPRequestHandler, directory=str(folder / "schedules"))
    with ThreadingHTTPServer(("127.0.0.1", 0), serving) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        settings = folder / "ospo.toml"
        settings.write_text(
            settings.read_text().replace('"schedules/', f'"http://127.0.0.1:{web.server_port}/')
        )
        prefect(served, "deploy", "--all")
        prefect(served, "deployment", "run", "nightly/nightly", "--param", f"workspace={folder}")
        (run,) = completed(served, "nightly")
        web.shutdown()

    tasks = tasks_of(served.api_url, run)
    assert STEPS == [task["name"] for task in tasks]
    assert {"collect calendars": 2} == {
        task["name"]: retries for task in tasks if (retries := task["empirical_policy"]["retries"])
    }


def test_run_at_a_terminal_is_a_flow_run_with_a_task_for_every_step(
    at_hand: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """`run` starts a server for itself; its page shows each step, the rows, and where the dashboards are."""
    with prefect_server.Server(at_hand) as server:
        status = prefect_server.run_flow(at_hand, server)
        output = capfd.readouterr()
        assert (0, "") == (status, output.err)
        (run,) = ask(server.api_url, "flow_runs")
        tasks = tasks_of(server.api_url, run)
        (artifact,) = ask(server.api_url, "artifacts")

    assert [(step, "COMPLETED") for step in STEPS] == [(task["name"], task["state_type"]) for task in tasks]
    assert run["name"].startswith("nightly 20")
    assert run["parameters"] == {"workspace": str(at_hand)}
    assert (at_hand / "published/dashboards/index.html").as_uri() in artifact["data"]
    assert [f"| {step} | ok |" in artifact["data"] for step in STEPS] == [True] * len(STEPS)
    told = [line[8:].split("  ")[0] for line in output.out.splitlines() if line.startswith("ok ")]
    assert STEPS == told
    assert_no_canary(at_hand / "private" / "prefect", output.out)


def test_failed_step_fails_the_run_with_one_sentence(at_hand: Path) -> None:
    """One broken source: its task and the run fail, the sentence names the remedy, the rest is published."""
    settings = at_hand / "ospo.toml"
    settings.write_text(settings.read_text().replace('location = "schedules/', 'location = "gone/'))
    database = at_hand / "published" / "ospo.duckdb"
    before = database.stat().st_ino

    with prefect_server.Server(at_hand) as server:
        server.wait()  # whoever names a server has one that answers
        done = subprocess.run(
            ospo_metrics("run", "--workspace", str(at_hand)),
            env=os.environ | {"PREFECT_API_URL": server.api_url},
            capture_output=True,
            text=True,
            check=False,
        )
        run = max(ask(server.api_url, "flow_runs"), key=lambda run: str(run["start_time"]))
        tasks = tasks_of(server.api_url, run)

    (sentence,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert sentence.startswith("ospo-metrics: collect calendars failed")
    assert "gone/" in sentence
    assert run["state"]["type"] == "FAILED"
    assert run["state"]["message"] == sentence.removeprefix("ospo-metrics: ")
    assert ["collect calendars"] == [task["name"] for task in tasks if task["state_type"] == "FAILED"]
    assert len(STEPS) == len(tasks)
    assert before != database.stat().st_ino
    assert_no_canary(at_hand / "private" / "prefect", done.stdout + done.stderr)


def test_workspace_that_is_not_there_fails_the_run_with_one_sentence(tmp_path: Path, served: Served) -> None:
    """What cannot be read at all is one sentence as well, without a traceback."""
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "flows" / "nightly.py"), "--workspace", str(tmp_path)],
        env=talking_to(served) | {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"},
        capture_output=True,
        text=True,
        check=False,
    )
    (sentence,) = done.stderr.splitlines()
    assert (1, "") == (done.returncode, done.stdout)
    assert sentence.startswith(f"ospo-metrics: there is no ospo.toml in {tmp_path}")


def test_serve_runs_the_flow_on_schedule(served: Served) -> None:
    """`serve` deploys the workspace that it serves and starts the flow when ospo.toml says so."""
    run = completed(served, "served")[0]
    assert run["auto_scheduled"]
    assert run["parameters"] == {"workspace": str(served.folder)}


def test_pages_of_prefect_ask_their_own_server(served: Served) -> None:
    """On whatever port it is, the page that `serve` names shows the runs of this workspace."""
    assert f":{prefect_server.FIRST_PORT}/" not in served.api_url
    settings = requests.get(served.api_url.removesuffix("/api") + "/ui-settings", timeout=10).json()
    assert settings["api_url"] == served.api_url


def test_run_uses_the_server_of_serve(served: Served) -> None:
    """While a workspace is served, `run` on it starts no second server, and all runs are in one place."""
    with prefect_server.Server(served.folder) as server:
        server.wait()
        assert server.api_url == served.api_url


def test_workspace_is_served_once(served: Served) -> None:
    """A second `serve` on the same workspace says so and ends, instead of running every night twice."""
    done = subprocess.run(
        ospo_metrics("serve", "--workspace", str(served.folder)), capture_output=True, text=True, check=False
    )
    (sentence,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert "is being served already" in sentence


def test_serve_starts_again_what_ended(served: Served) -> None:
    """A worker or a server that dies is started again, so that one accident does not end the nights."""
    (worker,) = [pid for pid in children(served.process.pid) if "worker" in command(pid)]
    os.kill(worker, signal.SIGKILL)
    until(lambda: "the worker ended by itself" in served.output.read_text(), 20)


def test_serve_ends_with_everything_it_started(served: Served) -> None:
    """SIGTERM ends serve with status 0, and its server and worker with it; no token is left behind."""
    started = children(served.process.pid)
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(60) == 0
    assert [] == [pid for pid in started if is_running(pid)]
    assert_no_canary(served.folder / "private" / "prefect", served.output.read_text())


def test_server_ends_with_the_process_that_opened_it(tmp_path: Path) -> None:
    """Even SIGKILL leaves no Prefect server behind."""
    program = (
        "import sys, time; from pathlib import Path; from ospo_metrics.prefect_server import Server\n"
        "with Server(Path(sys.argv[1])): print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as opener:
        assert opener.stdout
        opener.stdout.readline()
        (server,) = children(opener.pid)
        opener.kill()
    until(lambda: not is_running(server), 20)


def test_server_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    """A server that ends while starting is a sentence with the path of its log, not a time-out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        child = prefect_server._server(tmp_path, taken.getsockname()[1], ui=False)
        child.api_url = "http://127.0.0.1:9/api"
        child.start()
        with pytest.raises(
            prefect_server.ServerError, match=r"ended while starting; its log is .*server\.log"
        ):
            child.wait_until_it_answers()


def test_server_of_ones_own_is_used_and_never_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PREFECT_API_URL decides; when nobody answers there, that is the sentence."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with prefect_server.Server(tmp_path) as server:
        assert server.api_url == "http://127.0.0.1:9/api"
    with pytest.raises(
        prefect_server.ServerError, match=r"no Prefect server answers at http://127\.0\.0\.1:9/"
    ):
        prefect_server.wait_for(server.api_url, 0.1)
    assert [] == list(tmp_path.iterdir())


def test_nobody_outside_this_machine_is_asked(surroundings: Path) -> None:
    """No analytics, no telemetry, no promotion: in all the runs above, only loopback was asked."""
    asked = set(surroundings.read_text().split())
    assert asked <= {"127.0.0.1", "localhost", "None", "::1"}


def ospo_metrics(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from ospo_metrics.cli import app; app()", *arguments]


def talking_to(served: Served) -> dict[str, str]:
    return prefect_server.environment(served.folder) | {"PREFECT_API_URL": served.api_url}


def prefect(served: Served, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        cwd=CHECKOUT,
        env=talking_to(served),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def ask(api_url: str, what: str, which: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    answer = requests.post(f"{api_url}/{what}/filter", json=which or {}, timeout=10)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


def tasks_of(api_url: str, run: dict[str, Any]) -> list[dict[str, Any]]:
    """The task runs of a flow run in their order; the server notes their end a moment after the run's."""

    def tasks() -> list[dict[str, Any]]:
        found = ask(api_url, "task_runs", {"flow_runs": {"id": {"any_": [run["id"]]}}})
        return sorted(found, key=lambda task: str(task["start_time"]))

    until(lambda: all(task["state_type"] in ("COMPLETED", "FAILED") for task in tasks()), 20)
    return tasks()


def completed(served: Served, deployment: str) -> list[dict[str, Any]]:
    """The runs of a deployment that have ended, once there is one; each has to have completed."""
    which = {"deployments": {"name": {"any_": [deployment]}}}

    def ended() -> list[dict[str, Any]]:
        runs = ask(served.api_url, "flow_runs", which)
        return [run for run in runs if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")]

    until(lambda: ended() or served.process.poll() is not None, 180)
    runs = ended()
    log = (served.folder / "private" / "prefect" / "worker.log").read_text()
    assert ["COMPLETED"] * len(runs) == [run["state_type"] for run in runs], log
    return runs


def until(condition: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.25)


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [line.split() for line in found.stdout.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]


def command(pid: int) -> str:
    return subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout


def is_running(pid: int) -> bool:
    return "defunct" not in command(pid) and bool(command(pid).strip())


def assert_no_canary(folder: Path, output: str) -> None:
    """No byte of the token under a folder of Prefect's nor in what was printed."""
    assert CANARY not in output
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "prefect.db" for path in files)
    assert [] == [path for path in files if CANARY.encode() in path.read_bytes()]
