"""Prefect's processes: a server for one run, and the server and worker that keep the schedule.

They are started as programs; nothing of Prefect is imported here.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import requests

from ospo_metrics import project
from ospo_metrics.children import ORPHAN_SECONDS, ending_with_us

POOL = "ospo-metrics"
FIRST_PORT = 4200
STARTUP_SECONDS = 120
STOPPING_SECONDS = 15
RESTARTS_AN_HOUR = 3

_ONE_RUN_NEEDS_NO = (
    "SCHEDULER",
    "LATE_RUNS",
    "FOREMAN",
    "TRIGGERS",
    "PAUSE_EXPIRATIONS",
    "CANCELLATION_CLEANUP",
    "CLEANUP_RECONCILER",
    "REPOSSESSOR",
)


class ServerError(Exception):
    """Prefect could not be started or kept running; the sentence says where to look."""


def home(folder: Path) -> Path:
    """Where Prefect keeps its state: in the workspace, so that a run leaves nothing elsewhere."""
    return folder.resolve() / "private" / "prefect"


def environment(folder: Path) -> dict[str, str]:
    """The variables of every Prefect process: state in the workspace, nothing reported to anyone."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_PROFILE")}
    past_proxies = ",".join(filter(None, [given.get("NO_PROXY", given.get("no_proxy")), "127.0.0.1"]))
    return given | {
        "NO_PROXY": past_proxies,
        "no_proxy": past_proxies,
        "PREFECT_HOME": str(home(folder)),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": str(STARTUP_SECONDS),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "DO_NOT_TRACK": "1",
    }


class Server(AbstractContextManager["Server"]):
    """A Prefect server for one run, started in the background while the caller does other work.

    Where PREFECT_API_URL names a server, or `serve` is running on this workspace, that one is used
    and nothing is started. A server of ours ends with the block, or with the process that opened it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._child: _Child | None = None
        self.api_url = ""

    def __enter__(self) -> Self:
        found = os.environ.get("PREFECT_API_URL", "").strip() or _served(self._folder)
        if found:
            self.api_url = found.rstrip("/")
        else:
            port = _free_port()
            self.api_url = _api_url(port)
            self._child = _server(self._folder, port, ui=False, without=_ONE_RUN_NEEDS_NO)
            self._child.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child:
            self._child.stop()

    def wait(self) -> None:
        """Return once the server answers; `ServerError` when it does not."""
        if self._child:
            self._child.wait_until_it_answers()
        else:
            wait_for(self.api_url, 10)


def run_flow(folder: Path, server: Server | None = None) -> int:
    """Run the nightly flow of a workspace in a process of its own and return its exit status.

    What the flow tells on its output goes to ours. The flow is loaded while the server still starts.
    """
    with ExitStack() as opened:
        server = server or opened.enter_context(Server(folder))
        quiet = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}
        flow = subprocess.Popen(
            ending_with_us([str(_flow_file()), "--workspace", str(folder.resolve())]),
            env={**quiet, **environment(folder), "PREFECT_API_URL": server.api_url},
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us; we then end the flow before its server
        )
        try:
            server.wait()
            status = flow.wait()
        finally:
            _end(flow)
        if status < 0:
            name = signal.Signals(-status).name
            raise ServerError(f"the nightly flow was ended by {name}; run it again, it resumes where it was")
        return status


def serve(folder: Path, cron: str, timezone: str) -> int:
    """Keep the nightly schedule of a workspace on this machine until Ctrl-C or SIGTERM; then return 0.

    Starts a Prefect server with its pages on port 4200 or the next free one, and a worker that runs
    the flow. Either is started again when it ends by itself, a few times; then `ServerError`.
    """
    if url := os.environ.get("PREFECT_API_URL"):
        raise ServerError(
            f"PREFECT_API_URL names a server ({url}), and 'serve' starts its own. Unset it, or deploy to "
            "that server with 'prefect deploy --all' and start a worker there."
        )
    with _serving(folder) as note:
        return _serve(folder, cron, timezone, note)


def _serve(folder: Path, cron: str, timezone: str, note: TextIO) -> int:
    port = _free_port(FIRST_PORT)
    api_url = _api_url(port)
    server = _server(folder, port, ui=True)
    talking = environment(folder) | {"PREFECT_API_URL": api_url}
    start = ["prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    worker = _Child(
        "the worker",
        [*start, "--name", "this-machine", "--limit", "1", "--install-policy", "never"],
        talking,
        home(folder) / "worker.log",
        f"{api_url}/work_pools/{POOL}",
    )
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print("Starting Prefect …", flush=True)
        server.start()
        server.wait_until_it_answers()
        print(api_url, file=note, flush=True)
        worker.start()
        worker.wait_until_it_answers()  # with a pool of its own; 'prefect work-pool create' asks GitHub first
        _prefect(talking, "deploy", "--all", "--prefect-file", str(_deployment(folder, cron, timezone)))
        print(
            f"Serving {folder}: the nightly flow runs at '{cron}' ({timezone}).\n"
            f"Runs and logs: {_pages(api_url)}   End with Ctrl-C.",
            flush=True,
        )
        _keep([server, worker])
    except KeyboardInterrupt:
        print("Stopping …", flush=True)
    finally:
        worker.stop(seconds=2)  # it would wait for a run; killed, it takes the run with it
        _mark_ended(api_url)
        server.stop()
        signal.signal(signal.SIGTERM, before)
    return 0


def wait_for(api_url: str, seconds: float) -> None:
    """Return once a Prefect API answers; `ServerError` when it has not after so many seconds."""
    end = time.monotonic() + seconds
    while not 0 < _status(f"{api_url}/health") < 500:
        if time.monotonic() > end:
            raise ServerError(
                f"no Prefect server answers at {api_url} after {seconds:.0f} s. "
                "Check PREFECT_API_URL, or unset it to run with a server of our own."
            )
        time.sleep(0.1)


@dataclass
class _Child:
    """A background process that is ours to end."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    sign_of_life: str
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ending_with_us(self.arguments),
                env=dict(self.environment),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_it_answers(self) -> None:
        end = time.monotonic() + STARTUP_SECONDS
        while _status(self.sign_of_life) != 200:
            if self.has_ended():
                raise ServerError(f"{self.name} ended while starting; its log is {self.log}")
            if time.monotonic() > end:
                raise ServerError(
                    f"{self.name} did not answer within {STARTUP_SECONDS} s; its log is {self.log}"
                )
            time.sleep(0.05)

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def stop(self, seconds: float = STOPPING_SECONDS) -> None:
        if self.process:
            _end(self.process, seconds)


def _server(folder: Path, port: int, ui: bool, without: Sequence[str] = ()) -> _Child:
    start = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    pages = {
        "PREFECT_SERVER_UI_API_URL": _api_url(port),  # Prefect's pages look at port 4200 if not told
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home(folder) / "ui"),  # not among the installed files
    }
    settings = {f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in without}
    return _Child(
        "Prefect's server",
        [*start, "--ui" if ui else "--no-ui"],
        environment(folder) | pages | settings,
        home(folder) / "server.log",
        f"{_api_url(port)}/health",
    )


def _keep(children: Sequence[_Child]) -> None:
    restarts: list[float] = []
    while True:
        time.sleep(1)
        for child in children:
            if child.has_ended():
                now = time.monotonic()
                restarts = [*(at for at in restarts if now - at < 3600), now]
                if len(restarts) > RESTARTS_AN_HOUR:
                    raise ServerError(f"{child.name} ended again and again; its log is {child.log}")
                print(f"{child.name} ended by itself and is started again ({child.log})", flush=True)
                child.start()
                child.wait_until_it_answers()


def _mark_ended(api_url: str) -> None:
    """Note of every run that was going on that it ended with its worker, which cannot tell any more."""
    state = {"type": "CRASHED", "message": "Ended together with 'ospo-metrics serve'; the next run resumes."}
    going = {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}}
    try:
        runs = _api(api_url).post(f"{api_url}/flow_runs/filter", json=going, timeout=10).json()
        if runs:
            time.sleep(ORPHAN_SECONDS)
        for run in runs:
            change = {"state": state, "force": True}
            _api(api_url).post(f"{api_url}/flow_runs/{run['id']}/set_state", json=change, timeout=10)
    except requests.RequestException:
        return  # the server is gone too; nothing is lost but this note


def _deployment(folder: Path, cron: str, timezone: str) -> Path:
    """Write down what `prefect deploy` is to deploy: as JSON, which is YAML too."""
    workspace = folder.resolve()
    deployment = {
        "name": workspace.name,
        "entrypoint": "flows/nightly.py:nightly",
        "parameters": {"workspace": str(workspace)},
        "schedules": [{"cron": cron, "timezone": timezone}],
        "work_pool": {
            "name": POOL,
            "job_variables": {"command": shlex.join(ending_with_us(["prefect.engine"]))},
        },
    }
    path = home(folder) / "serve.yaml"
    path.write_text(json.dumps({"name": POOL, "deployments": [deployment]}, indent=2), encoding="utf-8")
    return path


def _prefect(talking: Mapping[str, str], *arguments: str) -> None:
    """Run one command of Prefect to its end, in the folder that holds `flows/`."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        cwd=project.root(),
        env=dict(talking),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise ServerError(f"'prefect {' '.join(arguments[:2])}' failed: {said[-1] if said else 'no reason'}")


def _flow_file() -> Path:
    return project.root() / "flows" / "nightly.py"


@contextmanager
def _serving(folder: Path) -> Iterator[TextIO]:
    """The note of where a workspace is served, for us to write; locked as long as we live."""
    home(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home(folder) / "serving.txt").open("a+", encoding="utf-8") as note:
        try:
            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerError(
                f"{folder} is being served already; end that 'ospo-metrics serve' first"
            ) from None
        note.truncate(0)
        yield note


def _served(folder: Path) -> str | None:
    """The API of the server that `serve` keeps for this workspace, if it does."""
    try:
        with (home(folder) / "serving.txt").open(encoding="utf-8") as note:
            fcntl.flock(note, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return (home(folder) / "serving.txt").read_text(encoding="utf-8").strip() or None
    return None  # nobody holds it: what it says is old


def _api_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/api"


def _pages(api_url: str) -> str:
    return api_url.removesuffix("/api")


def _status(url: str) -> int:
    """The HTTP status at an address; 0 where nobody answers."""
    try:
        return _api(url).get(url, timeout=5).status_code
    except requests.RequestException:
        return 0


def _api(url: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = not url.startswith("http://127.0.0.1:")  # an office's proxy cannot reach us
    return session


def _free_port(wanted: int = 0) -> int:
    """A port on loopback that nobody uses: the wanted one, the next free one, or any."""
    for port in range(wanted, wanted + 100) if wanted else [0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            bound: int = probe.getsockname()[1]
            return bound
    raise ServerError(f"no free port between {wanted} and {wanted + 99}; stop what uses them")


def _end(process: subprocess.Popen[bytes], seconds: float = STOPPING_SECONDS) -> None:
    """Ask a process to end, wait, and insist."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdin:
        process.stdin.close()
