"""The erasure drill: a person goes everywhere and for good, and everybody else keeps every row."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import canaries
from conftest import Drill
from ospo_metrics import steps
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.warehouse import open_warehouse

PLACES = ("mail", "git", "coauthor", "github", "gharchive")
LOGINS = [canaries.login("github"), canaries.login("gharchive")]
ADDRESSES = [canaries.public(place)[0] for place in PLACES]
ATTENDED = "storagesprint2025"
"""The list in which somebody who is erased by address was registered."""


@dataclass(frozen=True)
class Before:
    """What everybody else has, and what the community counts, before anybody is erased."""

    counts: list[Any]
    others: list[Any]
    gaps: list[Any]
    people: list[Any]


def erase(folder: Path, *arguments: str, first: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command; `first` is a program for its process, to die at some instant."""
    code = f"{first}\nfrom ospo_metrics.cli import app\napp()"
    return subprocess.run(
        [sys.executable, "-c", code, "erase", "--workspace", str(folder), *arguments],
        env={name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def everybody() -> list[str]:
    who = [argument for address in ADDRESSES for argument in ("--email", address)]
    attendee = canaries.attendee(ATTENDED)[0]
    return [
        *who,
        *(argument for login in LOGINS for argument in ("--handle", login)),
        "--email",
        attendee,
        "--yes",
    ]


def told(workspace: Workspace) -> Before:
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        rows = (
            connection.execute(query).fetchall()
            for query in (
                "select project_id, source, kind, is_bot, count(*) from core.fct_activities group by all order by all",
                "select a.* from core.fct_activities as a join core.dim_people as p using (person_id) "
                "where p.person_id not in (select person_id from intermediate.int_identities "
                f"where value in {(*ADDRESSES, *LOGINS)}) order by all",
                "select source, instance, stream, gap from meta.reconciliation order by all",
                "select person_id, handle, identities, first_seen_at, last_seen_at from core.dim_people "
                "where person_id not in (select person_id from intermediate.int_identities "
                f"where value in {(*ADDRESSES, *LOGINS)}) order by all",
            )
        )
        return Before(*rows)


@pytest.fixture(scope="module")
def erased(drill: Drill, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Before, str]:
    """A workspace from which the canaries of several archives and one attendee were erased."""
    folder = tmp_path_factory.mktemp("erased") / "workspace"
    shutil.copytree(drill.workspace.folder, folder)
    workspace = open_workspace(folder)
    (workspace.private / "logs").mkdir(exist_ok=True)
    (workspace.private / "logs" / "old.log").write_text(f"who is {ADDRESSES[0]}?\n")
    (folder / "outreach/identity-proposals.csv").write_text(
        f"left,right,same,reason\n{ADDRESSES[0]},bob,no,same name\nann,bob,no,another ä name\n",
        encoding="cp1252",
    )
    before = told(workspace)
    done = erase(folder, *everybody())
    assert done.returncode == 0, done.stdout + done.stderr
    return workspace, before, done.stdout


def traces(workspace: Workspace) -> list[str]:
    """Where anything still names those who were erased; the lists and archives themselves are the user's."""
    attendee, name = canaries.attendee(ATTENDED)
    needles = [
        *ADDRESSES,
        *LOGINS,
        attendee,
        name,
        canaries.public("git")[1],
        canaries.public("gharchive")[1],
    ]
    return canaries.in_files([workspace.private, workspace.published], needles)


def test_whoever_was_erased_is_in_no_byte_and_no_cell(erased: tuple[Workspace, Before, str]) -> None:
    """Warehouse, its free pages, caches, logs, dbt's and Prefect's files, pages: nothing names them."""
    workspace, _, _ = erased
    assert [] == traces(workspace)
    proposals = workspace.folder / "outreach/identity-proposals.csv"
    assert ["left,right,same,reason", "ann,bob,no,another ä name"] == proposals.read_text().splitlines()[:2]


def test_everybody_else_keeps_every_row(erased: tuple[Workspace, Before, str]) -> None:
    """Namesakes too: their rows are the same; the community counts as many acts; the sources still add up."""
    workspace, before, _ = erased
    after = told(workspace)

    assert before.counts == after.counts
    assert before.gaps == after.gaps
    assert before.people == after.people
    assert before.others == after.others
    assert len(after.others) > 1000
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        assert connection.execute(
            "select from_name from staging.stg_mailing_lists__messages where from_address = ?",
            [canaries.NAMESAKE],
        ).fetchall() == [(canaries.public("mail")[1],)]


def test_the_certificate_counts_and_names_nobody(erased: tuple[Workspace, Before, str]) -> None:
    """Rows by table, what was taken away, the tombstones and the user's own files; what is kept says not whose."""
    workspace, _, output = erased
    (kept,) = (workspace.private / "erasures").iterdir()
    text = kept.read_text()

    assert text in output
    tables = dict(re.findall(r"^  (raw\.\S+) +(\d+ / \d+)$", text, re.MULTILINE))
    assert {
        "raw.attendance__registrations": "0 / 1",
        "raw.git__commits": "1 / 0",
        "raw.github__commits": "1 / 0",
        "raw.github__issue_comments": "1 / 0",
        "raw.github__issues": "1 / 0",
        "raw.github__people": "0 / 1",
        "raw.github__stars": "1 / 0",
        "raw.gharchive__events": "3 / 0",
        "raw.mailing_lists__messages": "1 / 0",
    } == tables
    assert "private/logs" in text
    assert (
        f"tombstones, which keep the next import from bringing them back: {len(ADDRESSES) + len(LOGINS) + 1}"
        in text
    )
    listed = text.split("for you to edit:\n")[1].splitlines()
    assert {
        "  archives/tracewell-users/tracewell-users.mbox",
        "  gharchive/2025-06-02-10.json.gz",
        "  github/example/fastfs/issues.jsonl",
        "  outreach/attendance/storage-sprint-2025.csv",
        "  git/example/fastfs.git (a git history, which only its owner can rewrite)",
    } <= set(listed)
    assert [] == canaries.in_bytes(
        kept.read_bytes(), [canaries.PUBLIC, canaries.ATTENDEES, "wexford", "quillon"]
    )


def test_the_next_import_does_not_bring_them_back(
    erased: tuple[Workspace, Before, str], tmp_path: Path
) -> None:
    """When every source is read again from its beginning, the same rows are held, and nobody who was erased."""
    shutil.copytree(erased[0].folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    before = told(workspace)
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute("delete from meta.cursors")
    for path in (workspace.folder / "outreach/attendance").rglob("*.csv"):
        path.write_bytes(path.read_bytes() + b"\n")

    result = steps.run(workspace, lambda step: step.do(Quiet()))

    assert result.ok, result.message
    assert [] == traces(workspace)
    after = told(workspace)
    assert before.counts == after.counts
    assert before.people == after.people
    assert before.gaps == after.gaps


DEATHS = {
    "while the new file is written": "from ospo_metrics import rewriting; import os\n"
    "rewriting._copy_meta = lambda *_: os._exit(9)",
    "before the exchange": "from ospo_metrics import warehouse; import os\n"
    "warehouse.swap = lambda *_, **__: os._exit(9)",
    "after the exchange": "from ospo_metrics import erase; import os\nerase._clear = lambda *_: os._exit(9)",
    "before it is published": "from ospo_metrics import steps; import os\nsteps._publish = lambda *_: os._exit(9)",
}


@pytest.mark.parametrize("instant", DEATHS)
def test_it_may_be_killed_and_done_again(drill: Drill, tmp_path: Path, instant: str) -> None:
    """At every instant the warehouse is the old one or the new one, whole; done again, nothing is left."""
    folder = tmp_path / "workspace"
    shutil.copytree(drill.workspace.folder, folder)
    workspace = open_workspace(folder)
    before = told(workspace)

    killed = erase(folder, *everybody(), first=DEATHS[instant])

    assert killed.returncode == 9, killed.stdout + killed.stderr
    with open_warehouse(workspace.warehouse) as connection:
        rows = connection.execute("select count(*) from raw.github__issues").fetchone()
        tombstones = connection.execute("select count(*) from meta.tombstones").fetchone()
    assert rows
    assert rows[0] > 100
    assert (tombstones == (0,)) is (instant in ("while the new file is written", "before the exchange"))
    again = erase(folder, *everybody())
    assert again.returncode == 0, again.stdout + again.stderr
    assert [] == traces(workspace)
    assert before.counts == told(workspace).counts
    assert not list(workspace.private.glob(".warehouse*"))


def test_who_is_asked_may_say_no(drill: Drill) -> None:
    """Without --yes the command shows what it found and asks; without an answer nothing is changed."""
    folder = drill.workspace.folder
    before = drill.workspace.warehouse.read_bytes()
    done = erase(folder, "--handle", LOGINS[0])
    assert done.returncode == 1
    assert "1 rows in github__issues" in done.stdout
    assert f"linked to them: address {canaries.public('github')[0]} (github" in done.stdout
    assert drill.workspace.warehouse.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "say who: --email"),
        (["--email", "ada"], "'ada' is no e-mail address"),
        (["--handle", "ada lovelace"], "'ada lovelace' is no handle"),
        (["--name", "ada"], "'ada' is no name in one place"),
    ],
)
def test_nobody_is_not_erased(drill: Drill, arguments: list[str], sentence: str) -> None:
    """Whoever is named as nobody can be gets a sentence."""
    done = erase(drill.workspace.folder, *arguments)
    assert done.returncode == 1
    assert sentence in done.stderr


def test_erasing_again_is_no_error(erased: tuple[Workspace, Before, str], tmp_path: Path) -> None:
    """A second time nothing is found, all is published again, and a second certificate says so."""
    shutil.copytree(erased[0].folder, tmp_path / "workspace")
    done = erase(tmp_path / "workspace", *everybody())
    assert done.returncode == 0, done.stderr
    assert "none: nothing that is held named them" in done.stdout
    assert len(list((tmp_path / "workspace/private/erasures").iterdir())) == 2
