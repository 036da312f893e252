"""The raw log: nothing is lost, nothing doubled, whatever happens and however often it is read."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from ospo_metrics import raw_log
from ospo_metrics.collect import collect
from ospo_metrics.items import (
    Checkpoint,
    Claim,
    Context,
    Instance,
    Item,
    Reject,
    SourceError,
    Spent,
    StoppedError,
    Stream,
    Sweep,
)
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.sources import discover
from ospo_metrics.transform import ensure_key
from ospo_metrics.warehouse import open_warehouse

SETTINGS = '[ospo]\nname = "Test"\n[[communities]]\nid = "c"\nname = "C"\n'


def _source(script: list[Any], *, versions: bool = True) -> Any:
    """A source whose one instance hands over what the script says; an exception in it is raised."""

    def read(instance: Instance, stream: str, context: Context) -> Iterator[Any]:
        source.cursors.append(dict(context.cursor))
        for thing in script:
            if isinstance(thing, BaseException):
                raise thing
            yield thing

    source = SimpleNamespace(
        NAME="made_up",
        STREAMS=(Stream("things", versions=versions),),
        instances=lambda settings, workspace: [Instance("one", "example/one")],
        read=read,
        cursors=[],
    )
    return source


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "ospo.toml").write_text(SETTINGS)
    return open_workspace(tmp_path)


def _held(
    workspace: Workspace, table: str = "raw.made_up__things", columns: str = "key, payload"
) -> list[Any]:
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        return connection.execute(f"select {columns} from {table} order by all").fetchall()


def test_an_unchanged_item_is_appended_once(workspace: Workspace) -> None:
    """Reading the same things again adds nothing; a changed one is a new version beside the old."""
    collect(workspace, _source([Item("1", '{"a":1}'), Item("2", '{"a":2}')]), "run", Quiet())
    again = collect(workspace, _source([Item("1", '{"a":1}'), Item("2", '{"a":3}')]), "run", Quiet())
    back = collect(workspace, _source([Item("2", '{"a":2}')]), "run", Quiet())

    assert (again.added, back.added) == (1, 1)
    assert _held(workspace) == [("1", '{"a":1}'), ("2", '{"a":2}'), ("2", '{"a":2}'), ("2", '{"a":3}')]


def test_the_same_key_from_another_place_is_a_duplicate(workspace: Workspace) -> None:
    """What may not change is kept once; a second one elsewhere is counted, a re-read one is not."""
    items = [
        Item("m", '{"n":1}', location="a:0"),
        Item("m", '{"n":2}', location="a:9"),
        Item("x", "{}", location="a:20"),
    ]

    first = collect(workspace, _source(items, versions=False), "run", Quiet())
    second = collect(workspace, _source(items, versions=False), "run", Quiet())

    assert _held(workspace) == [("m", '{"n":1}'), ("x", "{}")]
    assert (first.added, first.duplicates, second.added, second.duplicates) == (2, 1, 0, 1)
    assert _held(workspace, "meta.duplicates", "location, key") == [("a:9", "m")]


def test_a_file_that_shifted_gives_neither_duplicates_nor_old_rejects(workspace: Workspace) -> None:
    """When a message was taken out of an archive, the others are the same messages at other places."""
    before = [
        Item("1", "{}", location="f:0"), Item("1", "{}", location="f:9"), Reject("f:20", "empty message"),
        Item("2", "{}", location="f:30"), Item("1", "{}", location="g:0"),
    ]  # fmt: skip
    after = [
        Item("1", "{}", location="f:0"),
        Reject("f:9", "empty message"),
        Item("2", "{}", location="f:19"),
    ]

    collect(workspace, _source(before, versions=False), "run", Quiet())
    then = _held(workspace, "meta.duplicates", "location"), _held(workspace, "meta.rejects", "location")
    collect(workspace, _source(after, versions=False), "run", Quiet())

    assert then == ([("f:9",), ("g:0",)], [("f:20",)])
    assert _held(workspace, "meta.duplicates", "location") == [("g:0",)]
    assert _held(workspace, "meta.rejects", "location") == [("f:9",)]
    assert [key for key, _ in _held(workspace)] == ["1", "2"]


def test_a_file_that_was_mended_counts_no_reject(workspace: Workspace) -> None:
    """What was wrong in it leaves the count too, also when nothing new comes from the file."""
    broken = [Item("1", "{}", location="f:1"), Reject("f:2", "row 2 is no row")]

    first = collect(workspace, _source(broken), "run", Quiet())
    mended = collect(workspace, _source(broken[:1]), "run", Quiet())

    assert (first.rejects, mended.rejects, mended.added) == (1, 0, 0)
    assert _held(workspace, "meta.sources", "rejects") == [(0,)]


def test_what_was_read_before_an_error_is_kept(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that breaks off loses nothing of what it handed over; the next run goes on at its last place."""
    monkeypatch.setattr(raw_log, "ROWS_A_BATCH", 2)
    script = [
        Item("1", "{}"), Item("2", "{}"), Checkpoint({"at": 2}), Item("3", "{}"), Item("4", "{}"),
        Item("5", "{}"), SourceError("the archive ends here"),
    ]  # fmt: skip

    result = collect(workspace, _source(script), "run", Quiet())
    source = _source([])
    collect(workspace, source, "run", Quiet())

    assert result.failures == ["the archive ends here"]
    assert [key for key, _ in _held(workspace)] == ["1", "2", "3", "4", "5"]
    assert source.cursors == [{"at": 2}]


def test_a_batch_and_its_cursor_are_one_transaction(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a batch cannot be written, neither its rows nor its cursor are there; those before it are."""
    monkeypatch.setattr(raw_log, "ROWS_A_BATCH", 1)
    broken = Item("2", "{}", updated_at="no time")  # type: ignore[arg-type]

    collect(
        workspace,
        _source([Checkpoint({"at": 1}), Item("1", "{}"), Checkpoint({"at": 2}), broken]),
        "run",
        Quiet(),
    )
    source = _source([])
    collect(workspace, source, "run", Quiet())

    assert [key for key, _ in _held(workspace)] == ["1"]
    assert source.cursors == [{"at": 1}]


def test_a_cursor_is_stored_with_everything_before_it(workspace: Workspace) -> None:
    """A checkpoint that is handed over last is where the next run begins."""
    source = _source([Item("1", "{}"), Checkpoint({"at": 1})])

    collect(workspace, source, "run", Quiet())
    collect(workspace, source, "run", Quiet())

    assert source.cursors == [{}, {"at": 1}]


def test_a_defect_in_a_source_is_told_and_kept_for_later(workspace: Workspace) -> None:
    """An unexpected error names its kind, keeps its traceback in private/, and stops no other source."""
    result = collect(workspace, _source([Item("1", "{}"), KeyError("sha")]), "run7", Quiet())

    assert result.failures[0].startswith("made_up one, things: unexpected KeyError")
    assert "KeyError" in (workspace.private / "logs" / "run7.log").read_text()
    assert _held(workspace, "meta.sources", "detail") == [(result.failures[0],)]


def test_rejects_are_counted_once_and_reconciled(workspace: Workspace) -> None:
    """What the source claims is what is held, doubled or set aside; the rest is a gap with a reason."""
    script = [
        Item("1", "{}", location="f:0"), Item("1", "{}", location="f:9"), Reject("f:20", "empty message"),
        Claim(4, "separators", datetime(2026, 1, 1, tzinfo=UTC)),
    ]  # fmt: skip

    for _ in range(2):
        collect(workspace, _source(script, versions=False), "run", Quiet())

    assert _held(workspace, "meta.rejects", "location, reason") == [("f:20", "empty message")]
    assert _held(workspace, "meta.reconciliation", "claimed, held, duplicates, rejects, gap") == [
        (4, 1, 1, 1, 1)
    ]


def test_a_source_that_is_no_longer_named_stays_but_is_marked(workspace: Workspace) -> None:
    """Taking a project out of ospo.toml hides it and loses nothing."""
    source = _source([Item("1", "{}")])
    collect(workspace, source, "run", Quiet())
    source.instances = lambda settings, folder: []

    collect(workspace, source, "run", Quiet())

    assert _held(workspace, "meta.sources", "instance, rows_held, is_configured") == [("one", 1, False)]


def _everything(workspace: Workspace) -> dict[str, list[Any]]:
    """All that collecting leaves, but for the times and names of runs."""
    tables = [f"raw.{s.NAME}__{stream.name}" for s in discover().values() for stream in s.STREAMS]
    with duckdb.connect(str(workspace.warehouse), read_only=True) as connection:
        held = {
            table: connection.execute(
                f"select instance, key, updated_at, payload, location from {table} order by all"
            ).fetchall()
            for table in tables
        }
        for table, columns in (
            ("meta.rejects", "source, instance, stream, location, reason"),
            ("meta.duplicates", "*"),
            ("meta.cursors", "source, instance, stream, cursor"),
            ("meta.reconciliation", "* exclude (checked_at)"),
            ("meta.sources", "* exclude (last_success_at)"),
        ):
            held[table] = connection.execute(f"select {columns} from {table} order by all").fetchall()
    return held


_COLLECT = """
import sys
from pathlib import Path
from ospo_metrics import collect, raw_log
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import open_workspace
from ospo_metrics.sources import discover
raw_log.ROWS_A_BATCH = 25
workspace = open_workspace(Path(sys.argv[1]))
print("begins", flush=True)
for source in discover().values():
    result = collect.collect(workspace, source, "run", Quiet())
    assert not result.failures, result.failures
"""


def _collecting(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", _COLLECT, str(folder)], stdout=subprocess.PIPE, text=True)


def test_twenty_kills_lose_and_double_nothing(simulated: Path, tmp_path: Path) -> None:
    """SIGKILL at random moments of collecting, then a run to the end, gives the rows of an undisturbed run."""
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    shutil.copytree(simulated, calm)
    ensure_key(open_workspace(calm))  # both know people by the same pseudonyms
    shutil.copytree(calm, killed)
    with _collecting(calm) as process:
        _begins(process)
        began = time.monotonic()
        assert process.wait() == 0
    length = time.monotonic() - began

    dice, states = random.Random(20), set()
    for kill in range(20):  # the first ones early, for whoever goes on has less and less to do
        with _collecting(killed) as process:
            _begins(process)
            time.sleep(dice.uniform(0, 0.5 * length * (kill + 1) / 20))
            process.send_signal(signal.SIGKILL)
        states.add(_rows(killed))
    with _collecting(killed) as process:
        assert process.wait() == 0

    assert len(states) >= 4, "the kills struck too late to show anything"
    expected = _everything(open_workspace(calm))
    assert expected["raw.git__commits"]
    found = _everything(open_workspace(killed))
    differing = {
        table: [row for row in (*rows, *found[table]) if (row in rows) != (row in found[table])]
        for table, rows in expected.items()
    }
    assert {table: rows for table, rows in differing.items() if rows} == {}


def _begins(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"


def _rows(folder: Path) -> int:
    with duckdb.connect(str(folder / "private" / "warehouse.duckdb")) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw'"
        ).fetchall()
        return sum(connection.execute(f"select count(*) from raw.{name}").fetchone()[0] for (name,) in tables)


# Streams within a reading, sweeps, turns


def _thread(key: str, told: int = 0, at: int = 0) -> Item:
    return Item(key, f'{{"comments":{{"totalCount":{told}}},"at":{at}}}')


def _comment(key: str, at: int = 0) -> Item:
    return Item(key, f'{{"at":{at}}}', stream="comments")


def _threads(*nights: list[Any], instances: int = 1, parallel: int = 1) -> Any:
    """A source of threads with comments within; each reading of an instance takes its next night's script."""
    scripts = {f"r{number}": [list(night) for night in nights] for number in range(instances)}

    def read(instance: Instance, stream: str, context: Context) -> Iterator[Any]:
        assert stream == "threads"
        for thing in scripts[instance.id].pop(0):
            if isinstance(thing, BaseException):
                raise thing
            yield thing() if callable(thing) else thing

    return SimpleNamespace(
        NAME="made_up",
        STREAMS=(
            Stream("threads", versions=True),
            Stream(
                "comments",
                versions=True,
                within=("threads",),
                counted_in=("threads", "$.comments.totalCount"),
            ),
        ),
        PARALLEL=parallel,
        instances=lambda settings, workspace: [
            Instance(name, f"example/{name}", name=f"example/{name}") for name in scripts
        ],
        read=read,
    )


def test_items_of_other_streams_come_within_a_reading(workspace: Workspace) -> None:
    """They land in their own table, with the cursor of the reading, and are held against what the threads say."""
    night = [_thread("t1", 2), _comment("c1"), _comment("c2"), _thread("t2", 1), Checkpoint({"at": 1})]

    result = collect(workspace, _threads(night), "run", Quiet())

    assert result.added == 4
    assert [key for key, _ in _held(workspace, "raw.made_up__comments")] == ["c1", "c2"]
    assert _held(workspace, "meta.reconciliation", "stream, claimed, held, gap") == [("comments", 3, 2, 1)]
    assert _held(workspace, "meta.cursors", "stream") == [("threads",)]
    assert _held(workspace, "meta.sources", "stream, name, rows_held, last_success_at is not null") == [
        ("comments", "example/r0", 2, True),
        ("threads", "example/r0", 2, True),
    ]


BOTH = ("threads", "comments")


def test_what_does_not_come_by_in_a_full_listing_is_marked_and_may_come_back(workspace: Workspace) -> None:
    """Nothing is removed from the log; what is marked is held no longer, until it is seen again."""
    source = _threads(
        [Sweep(BOTH, False), _thread("t1", 1), _comment("c1"), _thread("t2"), Sweep(BOTH, True)],
        [Sweep(BOTH, False), _thread("t1", 0), Sweep(BOTH, True)],
        [_thread("t2")],
    )

    collect(workspace, source, "run1", Quiet())
    assert _held(workspace, "meta.deletions", "stream, key") == []
    collect(workspace, source, "run2", Quiet())
    assert _held(workspace, "meta.deletions", "stream, key") == [("comments", "c1"), ("threads", "t2")]
    assert _held(workspace, "meta.sources", "stream, rows_held, deleted") == [
        ("comments", 0, 1),
        ("threads", 1, 1),
    ]
    assert _held(workspace, "meta.reconciliation", "stream, claimed, held, gap") == [("comments", 0, 0, 0)]
    collect(workspace, source, "run3", Quiet())
    assert _held(workspace, "meta.deletions", "stream, key") == [("comments", "c1")]
    assert [key for key, _ in _held(workspace, "raw.made_up__threads")] == ["t1", "t1", "t2"]
    assert _held(workspace, "meta.swept", "key") == []


def test_a_full_listing_may_be_interrupted(workspace: Workspace) -> None:
    """What came by before an error, and in the runs after it, is all of one listing."""
    source = _threads(
        [_thread("t1"), _thread("t2"), _thread("t3")],
        [Sweep(BOTH, False), _thread("t1"), Checkpoint({"page": 1}), SourceError("gone for a moment")],
        [_thread("t3"), Sweep(BOTH, True)],
    )

    for run in ("run1", "run2", "run3"):
        collect(workspace, source, run, Quiet())

    assert _held(workspace, "meta.deletions", "stream, key") == [("threads", "t2")]


def test_a_source_that_stopped_on_purpose_has_not_failed(workspace: Workspace) -> None:
    """It is told why there is more to read, and what it brought is kept."""
    source = _threads([_thread("t1"), Checkpoint({"at": 1}), StoppedError("the budget is spent")])

    result = collect(workspace, source, "run", Quiet())

    assert (result.failures, result.stopped, result.added) == ([], ["the budget is spent"], 1)
    assert _held(workspace, "meta.sources", "stream, rows_held, last_success_at is null, detail") == [
        ("comments", 0, True, None),
        ("threads", 1, True, "the budget is spent"),
    ]


def test_what_was_spent_adds_up_over_a_run(workspace: Workspace) -> None:
    source = _threads([Spent("threads", 2, 3), _thread("t1"), Spent("threads", 1, 1), Spent("other", 1, 0)])

    collect(workspace, source, "run", Quiet())

    assert _held(workspace, "meta.spending", "what, requests, points") == [("other", 1, 0), ("threads", 3, 4)]


def test_a_huge_instance_and_a_broken_one_hold_up_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several are read at once by turns: the small ones are done while the huge one has hardly begun."""
    monkeypatch.setattr(raw_log, "ROWS_A_BATCH", 1)
    order: list[str] = []
    source = _threads([], instances=12, parallel=2)

    def read(instance: Instance, stream: str, context: Context) -> Iterator[Any]:
        if instance.id == "r1":
            raise KeyError("a defect")
        for number in range(200 if instance.id == "r0" else 3):
            order.append(instance.id)
            yield _thread(f"t{number}", at=number)

    source.read = read

    result = collect(workspace, source, "run", Quiet())

    assert len(result.failures) == 1
    assert "example/r1, threads: unexpected KeyError" in result.failures[0]
    held = dict(_held(workspace, "meta.sources where stream = 'threads'", "instance, rows_held"))
    assert held == {"r0": 200, "r1": 0} | {f"r{number}": 3 for number in range(2, 12)}
    last_of_the_others = max(place for place, name in enumerate(order) if name != "r0")
    assert order[: last_of_the_others + 1].count("r0") < 50


def test_who_was_read_longest_ago_is_read_first(workspace: Workspace) -> None:
    """A run that ends early, because its budget is spent, is fair over the nights."""
    order: list[str] = []
    source = _threads([], instances=3)

    def read(instance: Instance, stream: str, context: Context) -> Iterator[Any]:
        order.append(instance.id)
        if len(order) in (2, 3):
            raise StoppedError("the budget is spent")
        yield _thread("t1")

    source.read = read

    for run in ("run1", "run2"):
        collect(workspace, source, run, Quiet())

    assert order == ["r0", "r1", "r2", "r1", "r2", "r0"]


def test_a_project_that_cannot_be_found_tonight_keeps_what_is_held(workspace: Workspace) -> None:
    """Its permanent id is not known then, and its name stands in; other projects that are not named are marked."""
    source = _threads([], instances=1)
    source.read = lambda instance, stream, context: iter([_thread("t1")])
    source.instances = lambda settings, folder: [Instance("17", "example/a"), Instance("18", "example/b")]
    collect(workspace, source, "run1", Quiet())

    def refused(instance: Instance, stream: str, context: Context) -> Iterator[Any]:
        raise SourceError("it is not there")
        yield

    source.read = refused
    source.instances = lambda settings, folder: [Instance("example/a", "example/a")]
    collect(workspace, source, "run2", Quiet())

    held = _held(workspace, "meta.sources where stream = 'threads'", "instance, rows_held, is_configured")
    assert held == [("17", 1, True), ("18", 1, False), ("example/a", 0, True)]


def _streams(read: Any, *names: str, parallel: int = 1, instances: int = 1) -> Any:
    return SimpleNamespace(
        NAME="made_up",
        STREAMS=tuple(Stream(name, versions=True) for name in names),
        PARALLEL=parallel,
        instances=lambda settings, folder: [Instance(f"r{n}", f"example/r{n}") for n in range(instances)],
        read=read,
    )


def test_one_stream_that_fails_does_not_cost_the_others(workspace: Workspace) -> None:
    """After the second failure the whole is taken as failing, and nothing more is asked."""
    asked: list[str] = []

    def read(instance: Instance, stream: str, context: Context) -> Iterator[Any]:
        asked.append(stream)
        if stream in ("b", "d"):
            raise SourceError(f"{stream} is not there")
        yield Item(stream, "{}")

    result = collect(workspace, _streams(read, "a", "b", "c", "d", "e"), "run", Quiet())

    assert asked == ["a", "b", "c", "d"]
    assert result.failures == ["b is not there", "d is not there"]
    assert result.held == 2


def test_a_reject_that_the_next_night_heals_leaves_no_gap(workspace: Workspace) -> None:
    """What could not be read on the web counts as set aside in its own run; the record of it stays."""
    nights = [
        [Item("1", "{}"), Reject("https://example.org/2", "broken"), Claim(2, "it says")],
        [Item("2", "{}"), Claim(2, "it says")],
        [Claim(2, "it says")],
    ]
    source = _streams(lambda instance, stream, context: iter(nights.pop(0)), "things")
    gaps = []

    for run in ("run1", "run2", "run3"):
        collect(workspace, source, run, Quiet())
        gaps += _held(workspace, "meta.reconciliation", "rejects, gap")

    assert gaps == [(1, 0), (0, 0), (0, 0)]
    assert len(_held(workspace, "meta.rejects", "location")) == 1


def test_a_reader_that_dies_ends_the_run(workspace: Workspace) -> None:
    """Nobody waits for it for ever."""

    def read(instance: Instance, stream: str, context: Context) -> Iterator[Any]:
        if instance.id == "r1":
            raise SystemExit(3)
        yield Item("1", "{}")

    with pytest.raises(SystemExit):
        collect(workspace, _streams(read, "things", parallel=2, instances=4), "run", Quiet())


def test_what_a_glob_still_means_keeps_its_place(workspace: Workspace) -> None:
    """A repository that its owner hides from us tonight stays in the numbers, with a word about it."""
    source = _streams(lambda instance, stream, context: iter([Item("1", "{}")]), "things", instances=3)
    source.still_named = lambda settings, project: project == "example/r1"
    collect(workspace, source, "run1", Quiet())

    source.instances = lambda settings, folder: [Instance("r0", "example/r0")]
    collect(workspace, source, "run2", Quiet())

    held = _held(workspace, "meta.sources", "instance, is_configured, detail is not null")
    assert held == [("r0", True, False), ("r1", True, True), ("r2", False, False)]
