"""The main job on real archives; they stay on this machine, so the test is skipped where they are absent."""

from __future__ import annotations

import gzip
import json
import shutil
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from conftest import SHARED
from github_dumps import convert
from github_server import GitHubServer
from ospo_metrics import steps
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.steps import RunResult
from ospo_metrics.warehouse import open_published, open_warehouse

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the real archives are not at {SHARED}")

SETTINGS = """
[ospo]
name = "Real input"
timezone = "Europe/Berlin"

[[communities]]
id = "esni"
name = "Encrypted Client Hello"
projects = ["tlswg/draft-ietf-tls-esni"]

[[communities]]
id = "r"
name = "R packages"
mailing_lists = ["r-package-devel"]

[sources.github]
api_url = "{server}"
token_env = ["REAL_INPUT_TOKEN"]

[[sources.git]]
project = "tlswg/draft-ietf-tls-esni"
location = "tls-esni.git"

[[sources.mailing_lists]]
id = "r-package-devel"
location = "r-package-devel/*.txt.gz"

[[sources.calendars]]
id = "fosdem-2023"
location = "2023.xml.gz"
"""
CANARY = "canary-token-9f31c2"


@dataclass(frozen=True)
class Ran:
    """A workspace of real archives after two runs, and what each left."""

    workspace: Workspace
    results: tuple[RunResult, RunResult]
    numbers: tuple[list[tuple[object, ...]], list[tuple[object, ...]]]
    rows: tuple[dict[str, int], dict[str, int]]
    requests: tuple[int, int]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("real")
    shutil.copytree(SHARED / "A_mail" / "r-package-devel", folder / "r-package-devel")
    shutil.copyfile(SHARED / "C_events" / "fosdem" / "2023.xml.gz", folder / "2023.xml.gz")
    with tarfile.open(SHARED / "D_git" / "tls-esni.git.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    dump = SHARED / "B_github" / "tlswg+draft-ietf-tls-esni" / "2025-07-29" / "archive.json"
    convert(dump, folder / "recorded")
    with pytest.MonkeyPatch.context() as patch, GitHubServer(folder / "recorded") as server:
        patch.setenv("REAL_INPUT_TOKEN", CANARY)
        (folder / "ospo.toml").write_text(SETTINGS.format(server=server.url))
        workspace = open_workspace(folder)
        results, numbers, rows, requests = [], [], [], []
        for _ in range(2):
            results.append(steps.run(workspace, lambda step: step.do(Quiet())))
            numbers.append(_numbers(workspace))
            rows.append(_rows(workspace))
            requests.append(len(server.asked))
    return Ran(workspace, *(tuple(pair) for pair in (results, numbers, rows, requests)))  # type: ignore[arg-type]


def _numbers(workspace: Workspace) -> list[tuple[object, ...]]:
    with open_published(workspace.database) as connection:
        return connection.execute("select * from metrics.metric_values order by all").fetchall()


def _rows(workspace: Workspace) -> dict[str, int]:
    with open_published(workspace.database) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name <> 'meta'"
        ).fetchall()
        counts = {
            name: connection.execute(f"select count(*) from {name}").fetchone()[0] for (name,) in tables
        }
        held = connection.execute("select source || ' ' || stream, rows_held from meta.sources").fetchall()
        return counts | dict(held)


def _ask(ran: Ran, sql: str) -> list[tuple[object, ...]]:
    with open_published(ran.workspace.database) as connection:
        return connection.execute(sql).fetchall()


def test_one_run_publishes_all_four(ran: Ran) -> None:
    """Mail, git, GitHub and a schedule arrive in one run, with the counts that were established elsewhere."""
    assert ran.results[0].ok, ran.results[0].message
    assert _ask(
        ran,
        "select source, stream, rows_held, duplicates, rejects from meta.sources "
        "where rows_held + rejects > 0 and stream not in ('people', 'issue_events', 'change_request_events') "
        "order by all",
    ) == [
        ("calendars", "events", 1, 0, 0),
        ("calendars", "talks", 780, 0, 0),
        ("git", "commits", 1_065, 0, 0),
        ("github", "change_request_comments", 733, 0, 0),
        ("github", "change_requests", 392, 0, 0),
        ("github", "issue_comments", 1_260, 0, 0),
        ("github", "issues", 250, 0, 0),
        ("github", "labels", 17, 0, 0),
        ("github", "repositories", 1, 0, 0),
        ("github", "review_comments", 1_552, 0, 0),
        ("github", "reviews", 1_457, 0, 0),
        ("mailing_lists", "messages", 11_111, 3, 0),
    ]


def test_what_the_sources_count_is_what_we_hold(ran: Ran) -> None:
    """11,114 messages less 3 that came twice, 1,065 commits, 780 events: no gap anywhere."""
    claimed = {
        f"{source} {stream}": count
        for source, stream, count in _ask(ran, "select source, stream, claimed from meta.reconciliation")
    }

    assert _ask(ran, "select * from meta.reconciliation where gap <> 0") == []
    assert (
        claimed.items()
        >= {
            "calendars talks": 780,
            "git commits": 1_065,
            "github change_requests": 392,
            "github change_request_comments": 733,
            "github issues": 250,
            "github issue_comments": 1_260,
            "github reviews": 1_457,
            "github review_comments": 1_552,
            "mailing_lists messages": 11_114,
        }.items()
    )


def test_activities_and_conversations_are_those_of_the_archives(ran: Ran) -> None:
    """250 issues, 392 change requests of which 323 were merged, and every message and commit, once.

    Of the 1,457 reviews 536 are by the author of the change request: they answer, and count as comments.
    """
    kinds = dict(
        _ask(ran, "select kind, count(*) from core.fct_activities where source <> 'calendars' group by kind")
    )

    assert kinds["commit_authored"] + kinds["commit_merged"] >= 1_065
    assert {kind: count for kind, count in kinds.items() if not kind.startswith("commit")} == {
        "issue_opened": 250,
        "change_request_opened": 392,
        "change_request_merged": 323,
        "change_request_closed": 392 - 323,
        "issue_closed": 249,
        "commented": 1_260 + 733 + 536,
        "reviewed": 1_457 - 536,
        "message_sent": 11_111,
    }
    assert dict(
        _ask(
            ran, "select kind, count(*) from core.fct_conversations where kind <> 'mail_thread' group by kind"
        )
    ) == {"issue": 250, "change_request": 392}


def test_the_unescaped_from_lines_are_no_messages(ran: Ran) -> None:
    """11,147 lines begin with "From "; 33 of them stand in a text."""
    lines = sum(
        gzip.decompress(path.read_bytes()).count(b"\nFrom ") + gzip.decompress(path.read_bytes()).startswith(b"From ")
        for path in (ran.workspace.folder / "r-package-devel").glob("*.gz")
    )  # fmt: skip

    assert lines - 33 == 11_114


def test_a_second_run_adds_no_row_and_changes_no_number(ran: Ran) -> None:
    """What did not change at the source does not change here, down to the last digit."""
    assert ran.results[1].ok
    assert ran.rows[0] == ran.rows[1]
    assert ran.numbers[0] == ran.numbers[1]
    assert len(ran.numbers[0]) > 1_000
    collected = [
        outcome.rows["new"] for name, outcome in ran.results[1].outcomes if name.startswith("collect")
    ]
    assert collected == [0, 0, 0, 0]


def test_every_staged_field_is_what_the_dump_says(ran: Ran) -> None:
    """Who opened, wrote, reviewed, merged what and when: row by row, for all threads, comments and reviews."""
    dump = json.loads(
        (SHARED / "B_github" / "tlswg+draft-ietf-tls-esni" / "2025-07-29" / "archive.json").read_text()
    )
    issues, pulls = dump["issues"], dump["pulls"]

    def told(records: list[dict[str, Any]], *fields: str) -> list[tuple[Any, ...]]:
        return sorted((tuple(record[field] or None for field in fields) for record in records), key=str)

    def inside(threads: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
        return [{**item, "number": thread["number"]} for thread in threads for item in thread[name]]

    def staged(table: str, *columns: str) -> list[tuple[Any, ...]]:
        written = [
            f"strftime({column}, '%Y-%m-%dT%H:%M:%SZ')" if column.endswith("_at") else column
            for column in columns
        ]
        with open_warehouse(ran.workspace.warehouse, read_only=True) as connection:
            rows = connection.execute(f"select {', '.join(written)} from staging.{table}").fetchall()
        return sorted(rows, key=str)

    opened = ("number", "opened_by_login", "opened_at", "closed_at")
    wrote = ("number", "written_by_login", "written_at")
    assert staged("stg_github__issues", *opened) == told(issues, "number", "author", "createdAt", "closedAt")
    assert staged("stg_github__change_requests", *opened, "merged_at", "merged_by_login") == told(
        pulls, "number", "author", "createdAt", "closedAt", "mergedAt", "mergedBy"
    )
    assert staged("stg_github__comments", *wrote) == told(
        inside([*issues, *pulls], "comments"), "number", "author", "createdAt"
    )
    assert staged(
        "stg_github__reviews", "number", "written_by_login", "submitted_at", "upper(state)"
    ) == told(inside(pulls, "reviews"), "number", "author", "createdAt", "state")


def test_the_first_answers_agree_with_an_independent_count(ran: Ran) -> None:
    """As many issues and change requests have a comment or review by another person as Python counts in the dump."""
    dump = json.loads(
        (SHARED / "B_github" / "tlswg+draft-ietf-tls-esni" / "2025-07-29" / "archive.json").read_text()
    )
    answered = sum(
        any(
            answer["author"] not in (None, "ghost", thread["author"]) and answer["createdAt"] >= thread["createdAt"]
            for answer in [*thread["comments"], *thread.get("reviews", [])]
        )
        for thread in [*dump["issues"], *dump["pulls"]]
        if thread["author"] not in (None, "ghost")
    )  # fmt: skip

    assert _ask(
        ran, "select count(*) from core.fct_conversations where kind <> 'mail_thread' "
        "and first_response_at is not null and not is_opened_by_bot"
    ) == [(answered,)]  # fmt: skip


def test_the_index_names_the_source_that_is_behind(ran: Ran) -> None:
    """The git history ends before the mail does; the page stops there and says why, and takes nothing for zero."""
    page = (ran.workspace.dashboards / "index.html").read_text()

    assert "Later months are not told yet. The data of tlswg/draft-ietf-tls-esni from git reach to " in page
    stalled = _ask(
        ran,
        "select count(*) filter (value is not null), count(*) from metrics.contributors "
        "where scope_kind = 'program' and period_end - period_start < 40 and period_start >= '2025-10-01'",
    )
    assert stalled[0][0] == 0
    assert stalled[0][1] > 0


def test_no_token_reaches_anything(ran: Ran) -> None:
    """The token that the collection used stands in no file of the workspace."""
    found = [
        str(path)
        for path in ran.workspace.folder.rglob("*")
        if path.is_file() and CANARY.encode() in path.read_bytes()
    ]

    assert found == []


def test_the_data_are_as_old_as_they_are(ran: Ran) -> None:
    """An archive on disk is observed until its newest message; what came later is unknown, not absent."""
    until = _ask(ran, "select observed_until from meta.sources where source = 'mailing_lists'")[0][0]

    assert datetime(2026, 7, 1, tzinfo=UTC) < until < datetime(2026, 8, 1, tzinfo=UTC)
