"""What is new in a source since last time, into the raw log."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ospo_metrics import web
from ospo_metrics.items import (
    Batch,
    Checkpoint,
    Claim,
    Context,
    Handed,
    Instance,
    Item,
    Reject,
    Source,
    SourceError,
    Stream,
)
from ospo_metrics.progress import Teller
from ospo_metrics.settings import Workspace
from ospo_metrics.sources import discover
from ospo_metrics.warehouse import add_raw_tables, identifier, open_warehouse

ROWS_A_BATCH = 20_000
BYTES_A_BATCH = 64_000_000
SECONDS_A_BATCH = 10

_FILE = "regexp_extract({}, '^(.*):[^:/]*$', 1)"
"""The file of a location such as `2019q1.txt.gz:10234`; nothing where a location is no place in a file."""

_ENVELOPE = pa.schema(
    [
        ("key", pa.string()),
        ("updated_at", pa.timestamp("us", tz="UTC")),
        ("payload", pa.string()),
        ("location", pa.string()),
    ]
)


@dataclass(slots=True)
class Collected:
    """What one source brought in one run."""

    source: str
    added: int = 0
    held: int = 0
    duplicates: int = 0
    rejects: int = 0
    failures: list[str] = field(default_factory=list)


def raw_table(source: str, stream: str) -> str:
    """The name of a stream's raw table, without its schema."""
    return f"{source}__{stream}"


def prepare(workspace: Workspace) -> None:
    """Make the warehouse with a raw table for every stream of every source, configured or not."""
    with open_warehouse(workspace.warehouse) as connection:
        add_raw_tables(
            connection,
            [raw_table(s.NAME, stream.name) for s in discover().values() for stream in s.STREAMS],
        )


def collect(workspace: Workspace, source: Source, run_id: str, progress: Teller) -> Collected:
    """Read everything new of one source; an instance that fails is recorded and the others go on."""
    result = Collected(source.NAME)
    now = datetime.now(UTC)
    with open_warehouse(workspace.warehouse) as connection:
        add_raw_tables(connection, [raw_table(source.NAME, stream.name) for stream in source.STREAMS])
        try:
            instances = source.instances(workspace.settings, workspace.folder)
        except SourceError as error:
            result.failures.append(str(error))
            return result
        _remember_instances(connection, source, instances)
        for instance in instances:
            for stream in source.STREAMS:
                log = _Log(connection, source.NAME, instance, stream, run_id)
                context = Context(workspace.folder, now, log.cursor())
                try:
                    log.take(source.read(instance, stream.name, context), progress, result)
                except SourceError as error:
                    _fail(log, result, str(error))
                    break
                except duckdb.Error:
                    raise
                except Exception as error:  # a bug in a source must not cost the night's other sources
                    place = _keep_traceback(workspace, run_id)
                    reason = web.redact(f"{type(error).__name__}: {error}")
                    _fail(
                        log,
                        result,
                        f"{source.NAME} {instance.id}, {stream.name}: unexpected {reason}. "
                        f"What was read so far is kept; the details are in {place}.",
                    )
                    break
        held = connection.execute(
            "select coalesce(sum(rows_held), 0), coalesce(sum(duplicates), 0), coalesce(sum(rejects), 0) "
            "from meta.sources where source = ? and is_configured",
            [source.NAME],
        ).fetchone()
        assert held is not None  # noqa: S101 - an aggregate always has one row
        result.held, result.duplicates, result.rejects = (int(number) for number in held)
    return result


class _Buffer:
    """What waits for the next transaction: full after so many rows, so many bytes, or so many seconds."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.tables: list[pa.Table] = []
        self.rejects: list[Reject] = []
        self.checkpoint: Checkpoint | None = None
        self.rows = 0
        self._bytes = 0
        self._began = time.monotonic()

    def add(self, thing: Item | Batch | Reject | Checkpoint) -> None:
        match thing:
            case Item():
                self.items.append(thing)
                self.rows += 1
                self._bytes += len(thing.payload)
            case Batch():
                self.tables.append(thing.table)
                self.rows += len(thing.table)
                self._bytes += thing.table.nbytes
            case Reject():
                self.rejects.append(thing)
            case Checkpoint():
                self.checkpoint = thing

    def table(self) -> pa.Table:
        """Everything that waits, in one table; what came as tables is not copied."""
        parts = [table.select(_ENVELOPE.names) for table in self.tables]
        if self.items:
            columns = {name: [getattr(item, name) for item in self.items] for name in _ENVELOPE.names}
            parts.append(pa.table(columns, schema=_ENVELOPE))
        whole = pa.concat_tables(parts)
        return whole.append_column("position", pa.array(range(len(whole)), pa.int64()))

    def is_full(self) -> bool:
        return (
            len(self.items) + len(self.rejects) >= ROWS_A_BATCH
            or self._bytes >= BYTES_A_BATCH
            or time.monotonic() - self._began >= SECONDS_A_BATCH
        )


class _Log:
    """The raw log of one stream of one instance, and its place in it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: str,
        instance: Instance,
        stream: Stream,
        run_id: str,
    ) -> None:
        self._connection = connection
        self._source = source
        self._instance = instance
        self._stream = stream
        self._run_id = run_id
        self._table = identifier(raw_table(source, stream.name))
        self._where = [source, instance.id, stream.name]
        self._began: float | None = None
        self._checkpoint: Checkpoint | None = None

    def cursor(self) -> dict[str, Any]:
        row = self._connection.execute(
            "select cursor from meta.cursors where source = ? and instance = ? and stream = ?", self._where
        ).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def take(self, handed: Iterator[Handed], progress: Teller, result: Collected) -> None:
        """Append what a source hands over, a batch and its cursor in one transaction."""
        buffer = _Buffer()
        claim: Claim | None = None
        seen, label = 0, f"{self._source} {self._instance.id} {self._stream.name}"
        self._connection.execute("create or replace temp table seen (key varchar)")
        self._files: set[str] = set()
        self._reading_began = datetime.now(UTC)
        try:
            for thing in handed:
                if isinstance(thing, Claim):
                    claim = thing
                    continue
                buffer.add(thing)
                if buffer.is_full():
                    full, buffer = buffer, _Buffer()
                    seen += full.rows
                    result.added += self._append(full)
                    progress.count(label, seen)
        finally:  # what was read before an error is kept, with the place up to which it is complete
            result.added += self._append(buffer, is_last=True)
        self._settle(claim)

    def fail(self, sentence: str) -> None:
        """Say in `meta.sources` why this instance is behind; what is held of it stays."""
        self._connection.execute(
            "update meta.sources set detail = $4 where source = $1 and instance = $2 and stream = $3",
            [*self._where, sentence],
        )

    def _append(self, buffer: _Buffer, *, is_last: bool = False) -> int:
        rejects = buffer.rejects
        self._checkpoint = buffer.checkpoint or self._checkpoint
        if not buffer.rows and not rejects and self._checkpoint is None and self._began is None:
            return 0
        con, now = self._connection, datetime.now(UTC)
        if self._began is None:
            con.execute("begin")
            self._began = time.monotonic()
        try:
            self._forget_files({_file(reject.location) for reject in rejects})
            added = self._insert(buffer.table(), now) if buffer.rows else 0
            if rejects:
                self._set_aside(rejects, now)
            is_late = time.monotonic() - self._began >= SECONDS_A_BATCH
            # Many rows at once, as batches bring them, need no detour by DuckDB's journal.
            if is_last or is_late or not buffer.tables:
                self._commit(now)
        except BaseException:
            with suppress(duckdb.Error):  # a commit that failed has ended the transaction itself
                con.execute("rollback")
            self._began = self._checkpoint = None
            raise
        return added

    def _set_aside(self, rejects: list[Reject], now: datetime) -> None:
        schema = pa.schema([(name, pa.string()) for name in ("location", "reason", "excerpt")])
        rows = {name: [getattr(reject, name) for reject in rejects] for name in schema.names}
        self._connection.register("found", pa.table(rows, schema=schema))
        try:
            self._connection.execute(
                "insert or ignore into meta.rejects select distinct on (location, reason) "
                "$1, $2, $3, location, reason, left(excerpt, 200), $4, $5 from found",
                [*self._where, now, self._run_id],
            )
        finally:
            self._connection.unregister("found")

    def _commit(self, now: datetime) -> None:
        if self._checkpoint is not None:
            self._connection.execute(
                "insert or replace into meta.cursors values (?, ?, ?, ?, ?)",
                [*self._where, json.dumps(dict(self._checkpoint.cursor)), now],
            )
        self._connection.execute("commit")
        self._began = self._checkpoint = None

    def _forget_files(self, files: set[str]) -> None:
        """What was found wrong in a file is found anew when the file is read again."""
        for file in files - self._files - {""}:
            for table in ("rejects", "duplicates"):
                self._connection.execute(
                    f"delete from meta.{table} where source = $1 and instance = $2 and stream = $3 "  # noqa: S608
                    f"and {_FILE.format('location')} = $4",
                    [*self._where, file],
                )
            self._files.add(file)

    def _insert(self, batch: pa.Table, now: datetime) -> int:
        con = self._connection
        con.register("batch", batch)
        try:
            places = pc.unique(pc.utf8_rtrim(batch["location"], "0123456789")).to_pylist()
            self._forget_files({_file(place) for place in places})
            if self._stream.versions:
                return self._insert_versions(now)
            return self._insert_first(now)
        finally:
            con.unregister("batch")

    def _insert_versions(self, now: datetime) -> int:
        """Append each item that differs from the newest version held of its key."""
        return self._count(
            f"""
            insert into raw.{self._table}
            with newest_of_batch as (
                select * from batch qualify row_number() over (partition by key order by position desc) = 1
            ),
            newest_held as (
                select key, arg_max(payload, fetched_at) as payload
                from raw.{self._table}
                where instance = $instance and key in (select key from newest_of_batch)
                group by key
            )
            select $instance, b.key, b.updated_at, b.payload, b.location, $now, $run_id
            from newest_of_batch as b
            left join newest_held as h on b.key = h.key
            where h.key is null or b.payload <> h.payload
            order by b.position
            """,  # noqa: S608 - the table's name is checked, everything else is a parameter
            {"instance": self._instance.id, "now": now, "run_id": self._run_id},
        )

    def _insert_first(self, now: datetime) -> int:
        """Append each key that is not held yet; what comes twice in one reading, or from two files, is a duplicate.

        A file that is read again because it changed may have shifted: the place of a key in it means nothing.
        """
        con, parameters = self._connection, {"instance": self._instance.id}
        if self._are_new():
            return self._count(
                f"insert into raw.{self._table} "  # noqa: S608
                "select $instance, key, updated_at, payload, location, $now, $run_id from batch",
                {**parameters, "now": now, "run_id": self._run_id},
            )
        con.execute(
            f"""
            create or replace temp table placed as
            with held as (
                select key, any_value(location) as location, max(fetched_at) >= $began as is_of_now
                from raw.{self._table}
                where instance = $instance and key in (select key from batch) group by key
            )
            select
                b.position, b.key, b.location,
                row_number() over first_of_key > 1 or h.is_of_now is true or s.key is not null as is_again,
                h.key is null and not is_again as is_new,
                not is_new and b.location <> ''
                    and (is_again or {_FILE.format("h.location")} <> {_FILE.format("b.location")}) as is_duplicate
            from batch as b
            left join held as h on b.key = h.key
            left join seen as s on b.key = s.key
            window first_of_key as (partition by b.key order by b.position)
            """,  # noqa: S608
            {**parameters, "began": self._reading_began},
        )
        con.execute(
            "insert or ignore into meta.duplicates "
            "select $source, $instance, $stream, location, key from placed where is_duplicate",
            {**parameters, "source": self._source, "stream": self._stream.name},
        )
        con.execute(
            "insert into seen select key from placed where location <> '' and not is_again and not is_new"
        )
        return self._count(
            f"insert into raw.{self._table} "  # noqa: S608
            "select $instance, key, updated_at, payload, location, $now, $run_id "
            "from batch semi join placed on batch.position = placed.position and placed.is_new",
            {**parameters, "now": now, "run_id": self._run_id},
        )

    def _are_new(self) -> bool:
        """Whether no key of the batch is held yet or comes twice in it; most often so, and cheap to see."""
        row = self._connection.execute(
            f"""
            select (select count(distinct key) = count(*) from batch)
                and not exists (from batch semi join (from raw.{self._table} where instance = $1) as held using (key))
            """,  # noqa: S608
            [self._instance.id],
        ).fetchone()
        return bool(row and row[0])

    def _count(self, sql: str, parameters: dict[str, Any]) -> int:
        row = self._connection.execute(sql, parameters).fetchone()
        return int(row[0]) if row else 0

    def _settle(self, claim: Claim | None) -> None:
        """Bring `meta.sources` and `meta.reconciliation` in line with what is held now."""
        now = datetime.now(UTC)
        self._connection.execute(
            f"""
            update meta.sources set
                rows_held = held.n, newest_item_at = held.newest, last_success_at = $now, detail = null,
                observed_until = coalesce($until, observed_until),
                duplicates = (select count(*) from meta.duplicates as d
                    where d.source = $source and d.instance = $instance and d.stream = $stream),
                rejects = (select count(*) from meta.rejects as r
                    where r.source = $source and r.instance = $instance and r.stream = $stream)
            from (
                select count({"distinct key" if self._stream.versions else "*"}) as n,
                    max(updated_at) filter (updated_at <= $now::timestamptz + interval 1 day) as newest
                from raw.{self._table} where instance = $instance
            ) as held
            where sources.source = $source and sources.instance = $instance and sources.stream = $stream
            """,  # noqa: S608
            {
                "now": now,
                "until": claim.observed_until if claim else None,
                "source": self._source,
                "instance": self._instance.id,
                "stream": self._stream.name,
            },
        )
        if claim is None or claim.count is None:
            return
        self._connection.execute(
            """
            insert or replace into meta.reconciliation
            select source, instance, stream, $claimed, $how, rows_held, duplicates, rejects,
                $claimed - rows_held - duplicates - rejects as gap,
                case
                    when $claimed = rows_held + duplicates + rejects then null
                    when $claimed > rows_held + duplicates + rejects
                        then 'the source counts more than we hold: look at the rejects, or read it again'
                    else 'we hold more than the source counts: something was deleted or rewritten there'
                end,
                $now
            from meta.sources where source = $source and instance = $instance and stream = $stream
            """,
            {
                "claimed": claim.count,
                "how": claim.how,
                "now": now,
                "source": self._source,
                "instance": self._instance.id,
                "stream": self._stream.name,
            },
        )


def _file(location: str) -> str:
    """The same as `_FILE`, in Python."""
    head, colon, place = location.rpartition(":")
    return head if colon and "/" not in place else ""


def _remember_instances(
    connection: duckdb.DuckDBPyConnection, source: Source, instances: list[Instance]
) -> None:
    """List in `meta.sources` what the settings ask for; what they no longer name stays, marked."""
    connection.execute("begin")
    connection.execute("update meta.sources set is_configured = false where source = ?", [source.NAME])
    for instance in instances:
        for stream in source.STREAMS:
            connection.execute(
                """
                insert into meta.sources (source, instance, stream, project_id) values (?, ?, ?, ?)
                on conflict do update set is_configured = true, project_id = excluded.project_id
                """,
                [source.NAME, instance.id, stream.name, instance.project_id],
            )
    connection.execute("commit")


def _fail(log: _Log, result: Collected, sentence: str) -> None:
    sentence = web.redact(sentence)
    log.fail(sentence)
    result.failures.append(sentence)


def _keep_traceback(workspace: Workspace, run_id: str) -> str:
    folder = workspace.private / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run_id}.log"
    with path.open("a", encoding="utf-8") as file:
        file.write(web.redact(traceback.format_exc()) + "\n")
    return str(path.relative_to(workspace.folder))
