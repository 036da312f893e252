"""GH Archive: every line of every hour ends as an event, a duplicate or a reject, and nothing counts twice."""

from __future__ import annotations

import gzip
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import SHARED
from ospo_metrics import raw_log, steps
from ospo_metrics.collect import Collected, collect
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.sources import gharchive
from ospo_metrics.warehouse import open_published, open_warehouse

HOUR = SHARED / "B_github" / "gharchive" / "2015-01-01-0.json.gz"
SETTINGS = """
[ospo]
name = "Test"
own_domains = ["example.com"]

[[communities]]
id = "c"
name = "C"
projects = ["example/fastfs", "example/block-*"]

[[sources.gharchive]]
location = "gharchive/*.json.gz"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "ospo.toml").write_text(SETTINGS)
    (tmp_path / "gharchive").mkdir()
    return open_workspace(tmp_path)


def _event(
    number: int, kind: str = "WatchEvent", repository: str = "example/fastfs", **more: Any
) -> dict[str, Any]:
    """An event as it is written today."""
    return {
        "id": str(10_000_000_000 + number),
        "type": kind,
        "actor": {"id": 1, "login": "ada"},
        "repo": {"id": 7, "name": repository},
        "payload": {"action": "started"},
        "public": True,
        "created_at": "2024-03-01T12:00:00Z",
    } | more


def _old(kind: str, when: str = "2012/04/02 01:30:00 -0700", **more: Any) -> dict[str, Any]:
    """An event as it was written before 2015: no id, and names where there are objects now."""
    return {
        "created_at": when,
        "actor": "grace",
        "actor_attributes": {"login": "grace", "type": "User"},
        "repository": {"id": 7, "name": "fastfs", "owner": "example"},
        "public": True,
        "type": kind,
        "url": "https://github.com/example/fastfs",
        "payload": {"action": "started"},
    } | more


def _lines(*events: dict[str, Any] | str) -> bytes:
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"{text}\n" for text in texts).encode()


def _write(workspace: Workspace, name: str, *events: dict[str, Any] | str) -> Path:
    path = workspace.folder / "gharchive" / name
    path.write_bytes(gzip.compress(_lines(*events)))
    return path


def _collect(workspace: Workspace) -> Collected:
    result = collect(workspace, gharchive, "run", Quiet())
    assert result.failures == []
    return result


def _ask(workspace: Workspace, sql: str) -> list[Any]:
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def _balance(workspace: Workspace) -> list[Any]:
    return _ask(workspace, "select claimed, held, duplicates, rejects, gap from meta.reconciliation")


@pytest.mark.skipif(not HOUR.is_file(), reason=f"the recorded hour is not at {HOUR}")
def test_a_recorded_hour_is_complete(workspace: Workspace) -> None:
    """The first hour of 2015 has its 7,702 events, each as it was written, and a second reading adds nothing."""
    shutil.copyfile(HOUR, workspace.folder / "gharchive" / HOUR.name)

    first, second = _collect(workspace), _collect(workspace)
    kinds = dict(
        _ask(workspace, "select payload ->> '$.type', count(*) from raw.gharchive__events group by all")
    )
    requests = dict(
        _ask(
            workspace,
            "select payload ->> '$.payload.action', count(*) from raw.gharchive__events "
            "where (payload ->> '$.type') = 'PullRequestEvent' group by all",
        )
    )
    merged = _ask(
        workspace,
        "select count(*) from raw.gharchive__events where (payload ->> '$.payload.action') = 'closed' "
        "and (payload ->> '$.payload.pull_request.merged') = 'true'",
    )
    texts = {text for (text,) in _ask(workspace, "select payload from raw.gharchive__events")}

    assert (first.added, second.added) == (7702, 0)
    assert (sum(kinds.values()), kinds["PushEvent"], kinds["WatchEvent"]) == (7702, 4280, 642)
    assert (kinds["PullRequestEvent"], requests["opened"], requests["closed"]) == (315, 163, 151)
    assert merged == [(126,)]
    assert _balance(workspace) == [(7702, 7702, 0, 0, 0)]
    assert texts == set(gzip.decompress(HOUR.read_bytes()).decode().splitlines())


def test_both_shapes_are_read(workspace: Workspace) -> None:
    """An event without an id is known by its text; its time is the instant, whatever its zone."""
    old = _old("WatchEvent")
    _write(workspace, "2012-04-02-8.json.gz", old, _old("ForkEvent"))
    _write(workspace, "2012-04-02-9.json.gz", old)
    _write(workspace, "2024-03-01-12.json.gz", _event(1))

    result = _collect(workspace)

    assert (result.added, result.duplicates) == (3, 1)
    assert _ask(
        workspace, "select location, updated_at::varchar from raw.gharchive__events order by all"
    ) == [
        ("gharchive/2012-04-02-8.json.gz:1", "2012-04-02 08:30:00+00"),
        ("gharchive/2012-04-02-8.json.gz:2", "2012-04-02 08:30:00+00"),
        ("gharchive/2024-03-01-12.json.gz:1", "2024-03-01 12:00:00+00"),
    ]
    assert _balance(workspace) == [(4, 3, 1, 0, 0)]


def test_a_bad_line_is_set_aside_and_the_rest_is_taken(workspace: Workspace) -> None:
    """Each line that is no event is a reject with its file and line; half a surrogate pair is mended."""
    lines = [
        json.dumps(_event(1)), "{broken", "", "[1]", json.dumps(_event(2) | {"created_at": "soon"}),
        '{"id":"10000000003","type":"WatchEvent","created_at":"2024-03-01T12:00:00Z","x":"\\ud83d"}',
        json.dumps(_event(4)) + "\r",
    ]  # fmt: skip
    text = _lines(*lines) + b'{"id":"\xff"}\n' + json.dumps(_event(5)).encode()
    (workspace.folder / "gharchive" / "a.json.gz").write_bytes(gzip.compress(text))

    _collect(workspace)

    assert _ask(workspace, "select key, location from raw.gharchive__events order by all") == [
        (f"1000000000{number}", f"gharchive/a.json.gz:{line}")
        for number, line in ((1, 1), (3, 6), (4, 7), (5, 9))
    ]
    assert _ask(workspace, "select location, reason from meta.rejects order by all") == [
        ("gharchive/a.json.gz:2", "no JSON: Expecting property name enclosed in double quotes"),
        ("gharchive/a.json.gz:4", "no event: it has no type"),
        ("gharchive/a.json.gz:5", "no event: it does not say when it happened"),
        ("gharchive/a.json.gz:8", "no JSON: UnicodeDecodeError"),
    ]
    assert _balance(workspace) == [(8, 4, 0, 4, 0)]


def test_a_file_that_breaks_off_gives_what_it_has(workspace: Workspace) -> None:
    """A download cut short is read to its last whole line; once it is whole, the rest is there and no reject."""
    events = [_event(number, note=f"{number * 7919 % 10007:x}" * 20) for number in range(400)]
    path = _write(workspace, "a.json.gz", *events)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])

    cut = _collect(workspace)
    ((location, reason),) = _ask(workspace, "select location, reason from meta.rejects")
    balance = _balance(workspace)
    path.write_bytes(whole)
    _collect(workspace)

    assert 50 < cut.added < 350
    assert location == f"gharchive/a.json.gz:{cut.added + 1}"
    assert reason == "the file breaks off here: it ends in the middle of its compressed data"
    assert balance == [(cut.added + 1, cut.added, 0, 1, 0)]
    assert _balance(workspace) == [(400, 400, 0, 0, 0)]


def test_damage_inside_a_file_is_told(workspace: Workspace) -> None:
    """What stands after damage cannot be read; the file is a reject, the other files are read."""
    path = _write(workspace, "a.json.gz", *(_event(number) for number in range(3)))
    path.write_bytes(path.read_bytes() + b"\0\0no gzip any more")
    _write(workspace, "b.json.gz", _event(9))

    result = _collect(workspace)

    assert (result.added, result.rejects) == (4, 1)
    assert _balance(workspace) == [(5, 4, 0, 1, 0)]


@pytest.mark.parametrize("packed_at_once", [2, 7, 100, 1 << 18])
def test_a_file_packed_in_several_parts_is_read_whole(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, packed_at_once: int
) -> None:
    """However the packed bytes fall apart, every part is read, and the zeros that pad it are nothing."""
    monkeypatch.setattr(gharchive, "_PACKED_AT_ONCE", packed_at_once)
    monkeypatch.setattr(gharchive, "READ_AT_ONCE", 500)
    packed = [gzip.compress(_lines(*(_event(10 * part + n) for n in range(10)))) for part in range(3)]
    (workspace.folder / "gharchive" / "a.json.gz").write_bytes(b"\0\0\0".join(packed) + b"\0\0")

    assert _collect(workspace).added == 30
    assert _balance(workspace) == [(30, 30, 0, 0, 0)]


def test_a_line_cut_off_within_a_character_costs_no_other(workspace: Workspace) -> None:
    """A line that ends in a letter of several bytes, or in half of one, is a reject like any other."""
    text = _lines(_event(1), "{é") + b"{\xc3\n" + _lines(_event(2))
    (workspace.folder / "gharchive" / "a.json.gz").write_bytes(gzip.compress(text))

    _collect(workspace)

    assert _balance(workspace) == [(4, 2, 0, 2, 0)]
    assert _ask(workspace, "select location from meta.rejects order by all") == [
        ("gharchive/a.json.gz:2",),
        ("gharchive/a.json.gz:3",),
    ]


def test_lines_across_the_parts_of_a_reading_stay_whole(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However small the parts, each event is there once with its own line."""
    monkeypatch.setattr(gharchive, "READ_AT_ONCE", 100)
    _write(workspace, "a.json.gz", *(_event(number) for number in range(50)))
    (workspace.folder / "gharchive" / "b.json.gz").write_bytes(_lines(*(_event(n) for n in range(50, 60))))

    _collect(workspace)

    assert _ask(workspace, "select key, location from raw.gharchive__events order by all") == sorted(
        (
            str(10_000_000_000 + n),
            f"gharchive/a.json.gz:{n + 1}" if n < 50 else f"gharchive/b.json.gz:{n - 49}",
        )
        for n in range(60)
    )


def test_a_line_without_end_does_not_fill_the_memory(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line longer than any event ends the reading of its file."""
    monkeypatch.setattr(gharchive, "LONGEST_LINE", 10_000)
    monkeypatch.setattr(gharchive, "READ_AT_ONCE", 5_000)
    _write(workspace, "a.json.gz", _event(1), "x" * 50_000, _event(2))

    assert (_collect(workspace).added, _balance(workspace)) == (1, [(2, 1, 0, 1, 0)])


def test_a_file_that_was_read_may_be_deleted_or_moved(workspace: Workspace) -> None:
    """What is held stays in balance with the claim when a file is gone or lies in another place."""
    path = _write(workspace, "a.json.gz", _event(1), _event(2))
    _collect(workspace)
    path.rename(path.with_name("b.json.gz"))

    again = _collect(workspace)

    assert (again.added, _balance(workspace)) == (0, [(4, 2, 2, 0, 0)])


def test_a_wrong_location_is_told(workspace: Workspace) -> None:
    """A glob without a file and a web address say what to do."""
    missing = collect(workspace, gharchive, "run", Quiet())
    workspace.settings_file.write_text(
        SETTINGS.replace("gharchive/*.json.gz", "https://data.gharchive.org/a.json.gz")
    )
    web = collect(open_workspace(workspace.folder), gharchive, "run", Quiet())

    assert missing.failures == [
        "GH Archive: gharchive/*.json.gz matches no file. Check 'location' in ospo.toml."
    ]
    assert "Download them" in web.failures[0]


_COLLECT = """
import sys
from pathlib import Path
from ospo_metrics import collect
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import open_workspace
from ospo_metrics.sources import gharchive
gharchive.READ_AT_ONCE = 20_000
collect.BYTES_A_BATCH = 50_000
collect.SECONDS_A_BATCH = 0.02
workspace = open_workspace(Path(sys.argv[1]))
print("begins", flush=True)
assert not collect.collect(workspace, gharchive, "run", Quiet()).failures
"""


def test_kills_lose_and_double_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """SIGKILL while tables are written, then a run to the end, gives every event once."""
    for hour in range(12):
        _write(
            workspace, f"{hour:02}.json.gz", *(_event(1000 * hour + n) for n in range(500)), _event(0), "{"
        )
    states = set()

    for strike in range(60):
        if strike >= 8 and len(states) >= 2:
            break
        with subprocess.Popen(
            [sys.executable, "-c", _COLLECT, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begins\n"
            time.sleep(0.05 * (strike + 1))
            process.send_signal(signal.SIGKILL)
        with duckdb.connect(str(workspace.warehouse)) as connection:
            tables = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'raw'"
            ).fetchall()
            states.add(
                connection.execute("select count(*) from raw.gharchive__events").fetchone()
                if tables
                else None
            )
    _collect(workspace)

    assert len(states) >= 2, "the kills struck at one moment only"
    assert _ask(workspace, "select count(*), count(distinct key) from raw.gharchive__events") == [
        (6000, 6000)
    ]
    assert _balance(workspace) == [(12 * 502, 6000, 12, 12, 0)]


def test_a_failure_takes_back_its_whole_transaction(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables of one transaction are all there with their cursor, or none of them is."""
    monkeypatch.setattr(raw_log, "BYTES_A_BATCH", 1)
    for name in ("a", "b"):
        _write(workspace, f"{name}.json.gz", _event(ord(name)))
    insert = raw_log.RawLog._insert_first

    def fails_at_the_second(log: Any, now: Any) -> int:
        added = insert(log, now)
        if log._connection.execute("select count(*) from raw.gharchive__events").fetchone() == (2,):
            raise duckdb.IOException("the disk is full")
        return added

    monkeypatch.setattr(raw_log.RawLog, "_insert_first", fails_at_the_second)
    with pytest.raises(duckdb.IOException, match="disk is full"):
        collect(workspace, gharchive, "run", Quiet())
    monkeypatch.undo()

    assert _ask(workspace, "select count(*) from raw.gharchive__events") == [(0,)]
    assert _ask(workspace, "select count(*) from meta.cursors") == [(0,)]
    assert _collect(workspace).added == 2


def _a_life(workspace: Workspace) -> None:
    """Events of both shapes that tell of stars, a fork, an issue and two change requests, and of a stranger."""
    issue = {"id": 501, "number": 5}
    _write(
        workspace,
        "2012.json.gz",
        _old("WatchEvent"),
        _old("IssuesEvent", payload={"action": "opened", "issue": 400, "number": 4}),
        _old(
            "IssueCommentEvent",
            url="https://github.com/example/fastfs/issues/4#issuecomment-41",
            payload={"issue_id": 400, "comment_id": 41},
        ),
    )
    _write(
        workspace,
        "2024.json.gz",
        _event(1),
        _event(2, "ForkEvent", payload={"forkee": {"id": 9}}),
        _event(3, "IssuesEvent", payload={"action": "opened", "issue": issue}),
        _event(4, "IssuesEvent", payload={"action": "closed", "issue": issue}, actor={"login": "maintainer"}),
        _event(5, "PullRequestEvent", payload={"action": "opened", "number": 6, "pull_request": {"number": 6}}),
        _event(
            6,
            "PullRequestEvent",
            payload={"action": "merged", "number": 6, "pull_request": {"number": 6}},
            actor={"login": "maintainer"},
            created_at="2025-12-01T12:00:00Z",
        ),
        _event(7, "PushEvent", payload={"commits": [{"author": {"email": "ada@example.org"}}]}),
        _event(8, repository="example/block-7", repo={"id": 8, "name": "example/block-7"}),
        _event(9, repo={"id": 99, "name": "stranger/thing"}),
        _event(
            10,
            "PullRequestReviewEvent",
            payload={"action": "created", "review": {"id": 61}, "pull_request": {"number": 6}},
            actor={"login": "maintainer"},
        ),
    )  # fmt: skip


def test_the_models_count_projects_of_ours(workspace: Workspace) -> None:
    """A whole run: both shapes give the same kinds of activities, of our projects only, and no address gets out."""
    _a_life(workspace)

    result = steps.run(workspace, lambda step: step.do(Quiet()))
    with open_published(workspace.database) as connection:
        acts = connection.execute(
            "select a.project_id, a.kind, a.level, p.handle, count(*) from core.fct_activities as a "
            "join core.dim_people as p using (person_id) where a.source = 'gharchive' group by all order by all"
        ).fetchall()
        conversations = connection.execute(
            "select kind, responses, closed_at::varchar, merged_at::varchar "
            "from core.fct_conversations order by opened_at, kind desc"
        ).fetchall()
        members = connection.execute("select project_id from core.community_projects order by all").fetchall()
        breaks = connection.execute(
            "select count(*) from core.dim_source_breaks where source = 'gharchive' and starts_on = '2025-10-09'"
        ).fetchall()
    events = _ask(workspace, "select count(*) from staging.stg_gharchive__events")

    assert result.ok, result.message
    assert acts == [
        ("example/block-7", "starred", "D0", "ada", 1),
        ("example/fastfs", "change_request_merged", "D2", "ada", 1),
        ("example/fastfs", "change_request_opened", "D1", "ada", 1),
        ("example/fastfs", "commented", "D1", "grace", 1),
        ("example/fastfs", "forked", "D0", "ada", 1),
        ("example/fastfs", "issue_closed", "D1", "maintainer", 1),
        ("example/fastfs", "issue_opened", "D1", "ada", 1),
        ("example/fastfs", "issue_opened", "D1", "grace", 1),
        ("example/fastfs", "reviewed", "D1", "maintainer", 1),
        ("example/fastfs", "starred", "D0", "ada", 1),
        ("example/fastfs", "starred", "D0", "grace", 1),
    ]
    assert conversations == [
        ("issue", 0, None, None),
        ("issue", 0, "2024-03-01 12:00:00+00", None),
        ("change_request", 1, "2025-12-01 12:00:00+00", "2025-12-01 12:00:00+00"),
    ]
    assert members == [("example/block-7",), ("example/fastfs",)]
    assert breaks == [(1,)]
    assert events == [(13,)]
