"""The command: every verb has help, ends as it should, and fails with one clear sentence."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import typer

from ospo_metrics import steps
from ospo_metrics.cli import app
from ospo_metrics.project import root
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.warehouse import open_warehouse


def _verbs(command: Any, *above: str) -> list[tuple[str, ...]]:
    """Every verb with the words that stand before it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        return [above]
    return [verb for name in sorted(inner) for verb in _verbs(inner[name], *above, name)]


VERBS = _verbs(typer.main.get_command(app))
CANARY = "canary-token-77aa31"


def _run(
    *arguments: str | Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from ospo_metrics.cli import app; app()", *map(str, arguments)],
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def workspace(published: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(published.folder, tmp_path / "workspace")
    return open_workspace(tmp_path / "workspace")


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_help_and_stands_in_the_readme(verb: tuple[str, ...]) -> None:
    """Help says what a verb does, and the README knows the verb."""
    help_text = _run(*verb, "--help").stdout

    assert "Usage:" in help_text
    assert len(re.findall(r"\w+", help_text)) > 15
    if root().joinpath("README.md").is_file():
        assert f"ospo-metrics {' '.join(verb)}" in root().joinpath("README.md").read_text()


ARGUMENTS = {
    ("query",): ["select 1"],
    ("explain", "person"): ["ada"],
    ("explain", "metric"): ["contributors"],
}


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb[0] not in ("init", "demo")], ids=" ".join)
def test_every_verb_without_a_workspace_says_how_to_make_one(verb: tuple[str, ...], tmp_path: Path) -> None:
    """No ospo.toml: one sentence on standard error, a status other than 0, no traceback."""
    done = _run(*verb, *ARGUMENTS.get(verb, []), "--workspace", tmp_path)

    assert done.returncode == 1
    assert done.stderr == (
        f"ospo-metrics: there is no ospo.toml in {tmp_path}. Make a workspace with "
        f"'ospo-metrics init {tmp_path}', or name another with --workspace.\n"
    )


def test_init_makes_a_workspace_that_check_understands(tmp_path: Path) -> None:
    """A new workspace has settings, spreadsheets and .gitignore; check says what is still to do."""
    done = _run("init", tmp_path / "office")
    checked = _run("check", "-w", tmp_path / "office")
    again = _run("init", tmp_path / "office")

    made = {str(path.relative_to(tmp_path / "office")) for path in (tmp_path / "office").rglob("*.*")}
    sheets = (
        "goals",
        "events",
        "campaigns",
        "talks",
        "content",
        "costs",
        "introductions",
        "survey",
        "rates",
        "event_matches",
        "same_person",
        "kinds",
        "affiliations",
        "organizations",
    )
    assert done.returncode == 0
    assert made == {"ospo.toml", ".gitignore", *(f"outreach/{name}.csv" for name in sheets)}
    assert checked.returncode == 1
    assert "TO DO   settings:" in checked.stdout
    assert "names no source" in checked.stdout
    assert "Traceback" not in checked.stderr
    assert (again.returncode, "nothing was changed" in again.stderr) == (1, True)


def test_every_sheet_of_a_new_workspace_has_header_comment_and_example() -> None:
    """The outreach team sees what to write: as many example cells as columns."""
    for path in sorted((root() / "data" / "workspace" / "outreach").glob("*.csv")):
        header, comment, example = csv.reader(io.StringIO(path.read_text()))
        assert comment[0].startswith("# "), path.name
        assert example[0].startswith("# example: "), path.name
        assert len(example) == len(header), path.name


def test_check_is_content_with_the_demo_and_changes_nothing(simulated: Path, tmp_path: Path) -> None:
    """All sources of the simulated workspace are found, and no file is made or touched."""
    shutil.copytree(simulated, tmp_path / "workspace")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "workspace").rglob("*")}

    done = _run("check", "-w", tmp_path / "workspace")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "TO DO" not in done.stdout
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "workspace").rglob("*")} == before


def test_check_names_line_and_remedy(simulated: Path, tmp_path: Path) -> None:
    """A location that matches nothing, a variable that is empty, a server that is not there: what to do."""
    shutil.copytree(simulated, tmp_path / "workspace")
    settings = tmp_path / "workspace" / "ospo.toml"
    text = settings.read_text().replace("archives/edge-discuss/*.mbox.gz", "archives/nowhere/*.mbox")
    text = re.sub(
        r'recorded = "github".*', 'api_url = "http://127.0.0.1:9"\ntoken_env = ["EMPTY_TOKEN"]', text
    )
    settings.write_text(text)
    line = text.splitlines().index('location = "archives/nowhere/*.mbox"') + 1

    done = _run("check", "-w", tmp_path / "workspace", EMPTY_TOKEN="")

    assert done.returncode == 1
    assert (
        f"archives/nowhere/*.mbox matches no file. Check 'location' in {settings}, line {line}."
        in done.stdout
    )
    assert "EMPTY_TOKEN" in done.stdout
    assert "Traceback" not in done.stderr

    done = _run("check", "-w", tmp_path / "workspace", EMPTY_TOKEN="a-token-of-this-test")

    assert "cannot connect" in done.stdout
    assert "a-token-of-this-test" not in done.stdout + done.stderr


def test_check_looks_at_the_key(simulated: Path, tmp_path: Path) -> None:
    """A variable that is to hold the key and is empty, or a key that others may read, is told with what to do."""
    folder = tmp_path / "workspace"
    shutil.copytree(simulated, folder)
    assert (
        "ok      key of the pseudonyms: pseudonym.key, made by the first run"
        in _run("check", "-w", folder).stdout
    )
    (folder / "private").mkdir(exist_ok=True)
    (folder / "private" / "pseudonym.key").write_text("ab" * 32)
    (folder / "private" / "pseudonym.key").chmod(0o644)
    assert (
        "TO DO   key of the pseudonyms: others than its owner may read" in _run("check", "-w", folder).stdout
    )
    (folder / "private" / "pseudonym.key").unlink()
    settings = folder / "ospo.toml"
    settings.write_text(settings.read_text().replace("[privacy]", '[privacy]\nkey_env = "EMPTY_KEY"'))
    told = _run("check", "-w", folder, EMPTY_KEY="")
    assert (1, True) == (
        told.returncode,
        "line" in told.stdout and "the variable EMPTY_KEY is empty" in told.stdout,
    )
    assert (
        "ok      key of the pseudonyms: the variable EMPTY_KEY\n"
        in _run("check", "-w", folder, EMPTY_KEY="cd" * 32).stdout
    )


def test_the_steps_can_be_done_one_by_one(workspace: Workspace) -> None:
    """Each step alone does its part, and a second time changes nothing."""
    for verb in ("collect", "build", "publish", "report"):
        done = _run(verb, "-w", workspace.folder)
        assert done.returncode == 0, done.stderr
        assert re.match(r"(  models and tests: .*\n)*ok ", done.stdout)  # it tells how far a slow build is
    assert "0 new" in _run("collect", "-w", workspace.folder).stdout


def test_the_report_opens_or_says_where_it_is(workspace: Workspace) -> None:
    """Where no browser can be started, the path is printed instead, and that is no failure."""
    environment = {"BROWSER": "no-such-browser", "DISPLAY": "", "WAYLAND_DISPLAY": "", "PATH": ""}
    done = _run("report", "--open", "-w", workspace.folder, **environment)

    index = workspace.dashboards / "index.html"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"No browser could be started here; open {index} in yours."


def test_query_answers_in_four_forms(published: Workspace) -> None:
    """A table for people, CSV, JSON and Parquet for programs; all of the same answer."""
    sql = "select metric, title from metrics.metric_catalog order by metric"
    table, as_csv, as_json = (
        _run("query", sql, "-w", published.folder, "--format", form).stdout
        for form in ("table", "csv", "json")
    )
    parquet = subprocess.run(
        [sys.executable, "-c", "from ospo_metrics.cli import app; app()",
         "query", sql, "-w", str(published.folder), "--format", "parquet"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip

    rows = list(csv.reader(io.StringIO(as_csv)))[1:]
    assert len(rows) >= 5
    assert [[row["metric"], row["title"]] for row in json.loads(as_json)] == rows
    assert pyarrow.parquet.read_table(io.BytesIO(parquet)).to_pylist() == json.loads(as_json)
    assert all(title in table for _, title in rows)
    assert f"{len(rows)} rows" in table


def test_a_wrong_question_gets_a_sentence(published: Workspace) -> None:
    """DuckDB's own words point at the mistake; there is no traceback, and nothing can be written."""
    wrong = _run("query", "select nothing from nowhere", "-w", published.folder)
    writing = _run("query", "delete from core.dim_people", "-w", published.folder)

    assert (wrong.returncode, "nowhere" in wrong.stderr, "Traceback" in wrong.stderr) == (1, True, False)
    assert (writing.returncode, "read-only" in writing.stderr) == (1, True)


def test_status_tells_runs_rows_rejects_and_what_is_missing(workspace: Workspace) -> None:
    """The person on call sees in one screen how things stand."""
    shutil.rmtree(workspace.dashboards)

    text = _run("status", "-w", workspace.folder, COLUMNS="200").stdout

    assert "done" in text
    assert "empty message" in text
    assert "There are no dashboards yet. Run 'ospo-metrics report'." in text
    assert "1 account is taken for a bot by behaviour alone (orlabrin)" in text
    assert "put into outreach/kinds.csv as human" in text


def test_status_and_query_work_while_a_run_holds_the_warehouse(workspace: Workspace) -> None:
    """The warehouse has one writer; readers are told so and see what was last published."""
    with open_warehouse(workspace.warehouse):
        status = _run("status", "-w", workspace.folder, COLUMNS="200")
        query = _run("query", "select count(*) from core.dim_people", "-w", workspace.folder)
        run = _run("run", "--direct", "-w", workspace.folder)

    assert (status.returncode, "is in use by process" in status.stdout) == (0, True)
    assert query.returncode == 0
    assert (run.returncode, "is in use by process" in run.stderr) == (1, True)
    assert "Traceback" not in run.stderr


def test_a_second_run_waits_its_turn(workspace: Workspace) -> None:
    """Two runs of one workspace never mix; the second is told who is at work and since when."""
    with steps._alone(workspace):
        second = _run("run", "--direct", "-w", workspace.folder)

    assert second.returncode == 1
    assert re.search(r"a run of .* is under way \(process \d+, since ", second.stderr)


def test_a_kill_between_steps_is_healed_by_the_next_run(workspace: Workspace) -> None:
    """After SIGKILL in the middle of a build, dbt is gone too, and the next run ends well."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from ospo_metrics.cli import app; app()",
            "build",
            "-w",
            str(workspace.folder),
        ],
        stdout=subprocess.DEVNULL,
    )
    time.sleep(4)
    process.kill()
    process.wait()
    time.sleep(5)

    done = _run("run", "--direct", "-w", workspace.folder)

    assert done.returncode == 0, done.stderr


def test_one_failing_source_does_not_stop_the_others(workspace: Workspace) -> None:
    """A repository that is gone is named, the rest is published, and the status is not 0."""
    shutil.rmtree(workspace.folder / "git" / "example" / "fastfs.git")

    done = _run("run", "--direct", "-w", workspace.folder)

    assert done.returncode == 1
    assert "FAILED  collect git" in done.stdout
    assert "ok      publish" in done.stdout
    assert re.search(r"ospo-metrics: collect git failed: .*example/fastfs", done.stderr)


def test_a_token_never_shows(workspace: Workspace) -> None:
    """Nothing that the command prints or writes holds the token, also when everything goes wrong."""
    settings = workspace.settings_file
    settings.write_text(
        re.sub(
            r'recorded = "github".*',
            'api_url = "http://127.0.0.1:9"\ntoken_env = ["A_TOKEN"]',
            settings.read_text(),
        )
    )

    outputs = [
        _run(*arguments, "-w", workspace.folder, A_TOKEN=CANARY)
        for arguments in (["check"], ["run", "--direct"], ["status"], ["query", "from meta.runs"])
    ]

    assert outputs[1].returncode == 1
    assert all(CANARY not in done.stdout + done.stderr for done in outputs)
    assert [
        str(p) for p in workspace.folder.rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()
    ] == []


def test_the_demo_leaves_a_foreign_folder_alone(tmp_path: Path) -> None:
    """A folder with something in it that no simulation made is refused and stays as it is."""
    (tmp_path / "thesis.txt").write_text("three years of work")

    done = _run("demo", tmp_path, "--direct")

    assert done.returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
