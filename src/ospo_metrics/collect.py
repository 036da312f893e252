"""What is new in a source since last time, into the raw log."""

from __future__ import annotations

import json
import queue
import threading
import traceback
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from ospo_metrics import privacy, web
from ospo_metrics.items import Context, Handed, Instance, Source, SourceError, StoppedError, Stream
from ospo_metrics.progress import Teller
from ospo_metrics.raw_log import Buffer, RawLog, raw_table
from ospo_metrics.reconciliation import Reconciliation
from ospo_metrics.settings import Settings, Workspace
from ospo_metrics.sources import discover
from ospo_metrics.tombstones import scrub_of
from ospo_metrics.warehouse import add_raw_tables, open_warehouse


@dataclass(slots=True)
class Collected:
    """What one source brought in one run; `stopped` are the sentences of those that have more to read."""

    source: str
    added: int = 0
    held: int = 0
    duplicates: int = 0
    rejects: int = 0
    failures: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)


def prepare(workspace: Workspace) -> None:
    """Make the warehouse with a raw table for every stream of every source, configured or not."""
    with open_warehouse(workspace.warehouse) as connection:
        add_raw_tables(
            connection,
            [raw_table(s.NAME, stream.name) for s in discover().values() for stream in s.STREAMS],
        )


def collect(workspace: Workspace, source: Source, run_id: str, progress: Teller) -> Collected:
    """Read everything new of one source; an instance that fails is recorded and the others go on."""
    now = datetime.now(UTC)
    with open_warehouse(workspace.warehouse) as connection:
        writer = _Writer(connection, workspace, source, run_id, progress)
        result = writer.result
        add_raw_tables(connection, [raw_table(source.NAME, stream.name) for stream in source.STREAMS])
        try:
            instances = source.instances(workspace.settings, workspace.folder)
        except SourceError as error:
            (result.stopped if isinstance(error, StoppedError) else result.failures).append(str(error))
            return result
        _remember_instances(connection, source, instances, workspace.settings)
        cursors = _cursors(connection, source)
        readings = [
            _Reading(source, instance, workspace, now, cursors.get(instance.id, {}))
            for instance in _longest_unread_first(connection, source, instances)
        ]
        if (parallel := getattr(source, "PARALLEL", 1)) > 1 and len(readings) > 1:
            _by_turns(readings, parallel, writer)
        else:
            for reading in readings:
                while reading.is_open:
                    writer.write(reading, reading.turn())
        writer.reconciliation.settle()
        held = connection.execute(
            "select coalesce(sum(rows_held), 0), coalesce(sum(duplicates), 0), coalesce(sum(rejects), 0) "
            "from meta.sources where source = ? and is_configured",
            [source.NAME],
        ).fetchone()
        assert held is not None  # noqa: S101 - an aggregate always has one row
        result.held, result.duplicates, result.rejects = (int(number) for number in held)
    return result


@dataclass(slots=True)
class _Turn:
    """What one turn of a reading brought: a part of one stream, its end, or an error."""

    stream: str
    buffer: Buffer
    is_last: bool = False
    error: Exception | None = None
    trace: str = ""


class _Reading:
    """One instance being read, a bufferful at a time: its streams in their order, until one fails."""

    def __init__(
        self,
        source: Source,
        instance: Instance,
        workspace: Workspace,
        now: datetime,
        cursors: dict[str, dict[str, Any]],
    ) -> None:
        self.instance = instance
        self.is_open = True
        self._source, self._workspace, self._now, self._cursors = source, workspace, now, cursors
        self._streams = deque(stream.name for stream in source.STREAMS if not stream.within)
        self._handed: Iterator[Handed] | None = None
        self._failed = 0

    def turn(self) -> _Turn:
        """Read on until there is a bufferful, the stream ends, or it fails."""
        turn = _Turn(self._streams[0], Buffer())
        try:
            if self._handed is None:
                context = Context(self._workspace.folder, self._now, self._cursors.get(turn.stream, {}))
                self._handed = iter(self._source.read(self.instance, turn.stream, context))
            for thing in self._handed:
                turn.buffer.add(thing)
                if turn.buffer.is_full():
                    return turn
        except Exception as error:  # a bug in a source must not cost the night's other sources
            turn.error, turn.trace = error, _trace(self._source, error)
            self._failed += 1
            # One stream that fails does not cost the others; after the second it is the whole that fails.
            self.is_open = self._failed < 2 and not isinstance(error, StoppedError)
        turn.is_last = True
        self._handed = None
        self._streams.popleft()
        self.is_open = self.is_open and bool(self._streams)
        return turn


class _Writer:
    """The only one who writes: each turn into the raw log, and how it ended into `meta`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        workspace: Workspace,
        source: Source,
        run_id: str,
        progress: Teller,
    ) -> None:
        self._connection, self._workspace, self._source = connection, workspace, source
        self._run_id, self._progress, self.result = run_id, progress, Collected(source.NAME)
        self.reconciliation = Reconciliation(connection, source.NAME, source.STREAMS, run_id)
        self._scrub = scrub_of(connection, workspace)
        self._logs: dict[tuple[str, str], RawLog] = {}
        self._seen: dict[tuple[str, str], int] = {}

    def write(self, reading: _Reading, turn: _Turn, *, is_shared: bool = False) -> None:
        """Keep what a turn brought, also before an error, with the place up to which it is complete."""
        place = (reading.instance.id, turn.stream)
        if place not in self._logs:
            self._logs[place] = RawLog(
                self._connection,
                self._source.NAME,
                reading.instance,
                _together(self._source, turn.stream),
                self._run_id,
                scrub=self._scrub,
            )
        log = self._logs[place]
        try:
            self.result.added += log.append(turn.buffer, is_last=turn.is_last, is_shared=is_shared)
        except duckdb.Error:
            raise
        except Exception as error:  # what the source handed over fits no row
            turn.error, turn.trace, turn.is_last = error, _trace(self._source, error), True
            reading.is_open = False
        if not turn.is_last:
            self._seen[place] = self._seen.get(place, 0) + turn.buffer.rows
            label = f"{self._source.NAME} {reading.instance.shown} {turn.stream}"
            self._progress.count(label, self._seen[place])
            return
        del self._logs[place]
        if turn.error is None:
            together = _together(self._source, turn.stream)
            self.reconciliation.ended(reading.instance.id, together, log.claims)
            return
        sentence = web.redact(self._sentence(reading, turn))
        self.reconciliation.failed(reading.instance.id, turn.stream, sentence)
        is_stopped = isinstance(turn.error, StoppedError)
        told = self.result.stopped if is_stopped else self.result.failures
        if sentence not in told:
            told.append(sentence)

    def _sentence(self, reading: _Reading, turn: _Turn) -> str:
        if isinstance(turn.error, SourceError):
            return str(turn.error)
        place = _keep_traceback(self._workspace, self._run_id, turn.trace)
        said = "" if _is_confidential(self._source) else f": {privacy.addresses_taken_out(str(turn.error))}"
        return (
            f"{self._source.NAME} {reading.instance.shown}, {turn.stream}: "
            f"unexpected {type(turn.error).__name__}{said}. "
            f"What was read so far is kept; the details are in {place}."
        )


def _is_confidential(source: Source) -> bool:
    return getattr(source, "IS_CONFIDENTIAL", False)


def _trace(source: Source, error: Exception) -> str:
    """Where an error came from, without addresses; of a private list without its words, which may quote a row."""
    if not _is_confidential(source):
        return privacy.addresses_taken_out("".join(traceback.format_exception(error)))
    told: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        told = [*traceback.format_tb(cause.__traceback__), f"{type(cause).__name__}\n", *told]
        cause = cause.__cause__ or cause.__context__
    return "".join(told)


def _by_turns(readings: list[_Reading], parallel: int, writer: _Writer) -> None:
    """Read several instances at once, each a turn at a time, so that a huge one holds up no other.

    The readers are daemons: whoever stops the run need not wait for one that waits for an answer.
    """
    waiting: queue.SimpleQueue[_Reading | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[_Reading, _Turn | BaseException]] = queue.SimpleQueue()
    is_over = threading.Event()

    def work() -> None:
        while (reading := waiting.get()) is not None and not is_over.is_set():
            try:
                done.put((reading, reading.turn()))
            except BaseException as error:  # raised again where somebody waits for it
                done.put((reading, error))

    for reading in readings:
        waiting.put(reading)
    workers = min(parallel, len(readings))
    for _ in range(workers):
        threading.Thread(target=work, daemon=True).start()
    open_readings = len(readings)
    try:
        while open_readings:
            reading, turn = done.get()
            if isinstance(turn, BaseException):
                raise turn
            writer.write(reading, turn, is_shared=True)
            if reading.is_open:
                waiting.put(reading)
            else:
                open_readings -= 1
    finally:
        is_over.set()
        for _ in range(workers):
            waiting.put(None)


def _together(source: Source, stream: str) -> tuple[Stream, ...]:
    """The stream that is read, and those whose items come within it."""
    return (
        *(each for each in source.STREAMS if each.name == stream),
        *(each for each in source.STREAMS if stream in each.within),
    )


def _cursors(connection: duckdb.DuckDBPyConnection, source: Source) -> dict[str, dict[str, Any]]:
    """Where each stream of each instance goes on."""
    rows = connection.execute(
        "select instance, stream, cursor from meta.cursors where source = ?", [source.NAME]
    ).fetchall()
    found: dict[str, dict[str, Any]] = {}
    for instance, stream, cursor in rows:
        found.setdefault(instance, {})[stream] = json.loads(cursor)
    return found


def _longest_unread_first(
    connection: duckdb.DuckDBPyConnection, source: Source, instances: list[Instance]
) -> list[Instance]:
    """The order in which a run whose time or budget ends early is fair to all."""
    rows = connection.execute(
        "select instance, min(coalesce(epoch(last_success_at), 0)) from meta.sources where source = ? "
        "group by instance",
        [source.NAME],
    ).fetchall()
    read_at: dict[str, float] = dict(rows)
    return sorted(instances, key=lambda instance: read_at.get(instance.id, 0))


def _remember_instances(
    connection: duckdb.DuckDBPyConnection, source: Source, instances: list[Instance], settings: Settings
) -> None:
    """List in `meta.sources` what the settings ask for; what they no longer name stays, marked."""
    columns = ("instance", "project_id", "name")
    rows = [(instance.id, instance.project_id, instance.shown) for instance in instances]
    named = pa.table(
        {name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(columns)}
    )
    streams = pa.table({"stream": pa.array([stream.name for stream in source.STREAMS], pa.string())})
    connection.register("named", named)
    connection.register("streams", streams)
    try:
        connection.execute("begin")
        # A project whose permanent id cannot be learnt tonight, named in place of it, keeps what is held of it.
        connection.execute(
            "update meta.sources set is_configured = false where source = ? and coalesce(project_id, '') not in "
            "(select project_id from named where instance = project_id)",
            [source.NAME],
        )
        connection.execute(
            """
            insert into meta.sources (source, instance, stream, project_id, name)
            select $1, instance, stream, project_id, name from named cross join streams
            on conflict do update set
                is_configured = true, project_id = excluded.project_id, name = excluded.name
            """,
            [source.NAME],
        )
        _keep_unlisted(connection, source, settings)
        connection.execute("commit")
    finally:
        connection.unregister("named")
        connection.unregister("streams")


def _keep_unlisted(connection: duckdb.DuckDBPyConnection, source: Source, settings: Settings) -> None:
    """What the settings still mean, though its source does not list it tonight, keeps its place in the numbers."""
    if (still_named := getattr(source, "still_named", None)) is None:
        return
    rows = connection.execute(
        "select distinct project_id from meta.sources where source = ? and not is_configured "
        "and last_success_at is not null and project_id not in (select project_id from named)",
        [source.NAME],
    ).fetchall()
    for (project_id,) in rows:
        if still_named(settings, project_id):
            sentence = (
                f"{source.NAME} {project_id} is no longer listed there: it was deleted, moved, or is hidden from us. "
                "What is held of it stays."
            )
            connection.execute(
                "update meta.sources set is_configured = true, detail = ? where source = ? and project_id = ?",
                [sentence, source.NAME, project_id],
            )


def _keep_traceback(workspace: Workspace, run_id: str, trace: str) -> str:
    folder = workspace.private / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run_id}.log"
    with path.open("a", encoding="utf-8") as file:
        file.write(web.redact(trace) + "\n")
    return str(path.relative_to(workspace.folder))
