"""The append-only raw log: one table a stream, written a batch and its cursor at a time."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ospo_metrics.items import (
    Batch,
    Checkpoint,
    Claim,
    Handed,
    Instance,
    Item,
    Reject,
    Spent,
    Stream,
    Sweep,
)
from ospo_metrics.tombstones import Scrub, place_of
from ospo_metrics.warehouse import identifier

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


def raw_table(source: str, stream: str) -> str:
    """The name of a stream's raw table, without its schema."""
    return f"{source}__{stream}"


class Buffer:
    """What waits for the next transaction: full after so many rows, so many bytes, or so many seconds."""

    def __init__(self) -> None:
        self.items: dict[str, list[Item]] = defaultdict(list)
        self.tables: list[pa.Table] = []
        self.rejects: dict[str, list[Reject]] = defaultdict(list)
        self.checkpoint: Checkpoint | None = None
        self.claims: dict[str, Claim] = {}
        self.sweeps: list[Sweep] = []
        self.spent: list[Spent] = []
        self.rows = 0
        self._set_aside = 0
        self._bytes = 0
        self._began = time.monotonic()

    def add(self, thing: Handed) -> None:
        """Take one thing; what names no stream is of the one that is read, whose name here is ''."""
        match thing:
            case Item():
                self.items[thing.stream].append(thing)
                self.rows += 1
                self._bytes += len(thing.payload)
            case Batch():
                self.tables.append(thing.table)
                self.rows += len(thing.table)
                self._bytes += thing.table.nbytes
            case Reject():
                self.rejects[thing.stream].append(thing)
                self._set_aside += 1
            case Checkpoint():
                self.checkpoint = thing
            case Claim():
                self.claims[thing.stream] = thing
            case Sweep():
                self.sweeps.append(thing)
            case Spent():
                self.spent.append(thing)

    def table(self, stream: str) -> pa.Table:
        """Everything that waits for a stream, in one table; what came as tables is not copied."""
        parts = [] if stream else [table.select(_ENVELOPE.names) for table in self.tables]
        if items := self.items.get(stream):
            columns = {name: [getattr(item, name) for item in items] for name in _ENVELOPE.names}
            parts.append(pa.table(columns, schema=_ENVELOPE))
        whole = pa.concat_tables(parts)
        return whole.append_column("position", pa.array(range(len(whole)), pa.int64()))

    def streams(self) -> list[str]:
        """The streams that have something waiting."""
        return list(dict.fromkeys([*([""] if self.tables else []), *self.items, *self.rejects]))

    def is_full(self) -> bool:
        return (
            sum(map(len, self.items.values())) + self._set_aside >= ROWS_A_BATCH
            or self._bytes >= BYTES_A_BATCH
            or time.monotonic() - self._began >= SECONDS_A_BATCH
        )


class RawLog:
    """What one reading appends: the stream that is read, and the streams whose items come within it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: str,
        instance: Instance,
        streams: tuple[Stream, ...],
        run_id: str,
        *,
        scrub: Scrub | None = None,
    ) -> None:
        self._connection = connection
        self._source = source
        self._scrub = scrub
        self._instance = instance
        self._streams = {stream.name: stream for stream in streams}
        self._read = streams[0]
        self._run_id = run_id
        self._began: float | None = None
        self._checkpoint: Checkpoint | None = None
        self.claims: dict[str, Claim] = {}
        self._files: set[str] = set()
        self._reading_began = datetime.now(UTC)
        if not self._read.versions:
            connection.execute("create or replace temp table seen (key varchar)")

    def append(self, buffer: Buffer, *, is_last: bool, is_shared: bool = False) -> int:
        """Append a batch and its cursor in one transaction; the number of new rows.

        Many rows at once, as tables bring them, need no detour by DuckDB's journal: their transaction stays
        open to the end of the reading, unless the connection is shared with other readings.
        """
        self.claims |= buffer.claims
        self._checkpoint = buffer.checkpoint or self._checkpoint
        if not (buffer.streams() or buffer.sweeps or buffer.spent or self._checkpoint or self._began):
            return 0
        con, now = self._connection, datetime.now(UTC)
        if self._began is None:
            con.execute("begin")
            self._began = time.monotonic()
        try:
            self._sweep(buffer.sweeps, now, is_over=False)
            added = sum(self._add(buffer, stream, now) for stream in buffer.streams())
            self._sweep(buffer.sweeps, now, is_over=True)
            self._note_spent(buffer.spent)
            is_late = time.monotonic() - self._began >= SECONDS_A_BATCH
            if is_last or is_late or is_shared or not buffer.tables:
                self._commit(now)
        except BaseException:
            with suppress(duckdb.Error):  # a commit that failed has ended the transaction itself
                con.execute("rollback")
            self._began = self._checkpoint = None
            raise
        return added

    def _where(self, stream: str) -> list[str]:
        return [self._source, self._instance.id, stream or self._read.name]

    def _table(self, stream: str) -> str:
        return identifier(raw_table(self._source, stream or self._read.name))

    def _add(self, buffer: Buffer, stream: str, now: datetime) -> int:
        rejects = buffer.rejects.get(stream, [])
        self._forget_files(stream, {_file(reject.location) for reject in rejects})
        added = 0
        if (stream == "" and buffer.tables) or buffer.items.get(stream):
            table = buffer.table(stream)
            if self._scrub:
                place = place_of(self._source, self._instance.id, self._instance.project_id)
                table = self._scrub.table(self._source, stream or self._read.name, place, table)
            added = self._insert(stream, table, now)
        if rejects:
            self._set_aside(stream, rejects, now)
        if added or rejects or not self._streams[stream or self._read.name].versions:
            self._mark_uncounted(stream)
        return added

    def _mark_uncounted(self, stream: str) -> None:
        """Whoever settles next has to count again, be it after a crash."""
        self._connection.execute(
            "update meta.sources set is_counted = false where source = $1 and instance = $2 and stream = $3",
            self._where(stream),
        )

    def _set_aside(self, stream: str, rejects: list[Reject], now: datetime) -> None:
        if self._scrub:
            rejects = [self._scrub.reject(reject) for reject in rejects]
        schema = pa.schema([(name, pa.string()) for name in ("location", "reason", "excerpt")])
        rows = {name: [getattr(reject, name) for reject in rejects] for name in schema.names}
        self._connection.register("found", pa.table(rows, schema=schema))
        try:
            self._connection.execute(
                "insert into meta.rejects select distinct on (location, reason) "
                "$1, $2, $3, location, reason, left(excerpt, 200), $4, $5 from found "
                "on conflict do update set run_id = excluded.run_id",
                [*self._where(stream), now, self._run_id],
            )
        finally:
            self._connection.unregister("found")

    def _note_spent(self, spent: list[Spent]) -> None:
        for cost in spent:
            self._connection.execute(
                "insert into meta.spending values ($1, $2, $3, $4, $5, $6) on conflict do update set "
                "requests = spending.requests + excluded.requests, points = spending.points + excluded.points",
                [self._run_id, self._source, self._instance.id, cost.what, cost.requests, cost.points],
            )

    def _commit(self, now: datetime) -> None:
        if self._checkpoint is not None:
            self._connection.execute(
                "insert or replace into meta.cursors values (?, ?, ?, ?, ?)",
                [*self._where(""), json.dumps(dict(self._checkpoint.cursor)), now],
            )
        self._connection.execute("commit")
        self._began = self._checkpoint = None

    # What is gone at the source

    def _sweep(self, sweeps: list[Sweep], now: datetime, *, is_over: bool) -> None:
        """Begin to note what comes by in a full listing, or mark what did not."""
        for stream in (name for sweep in sweeps if sweep.is_over is is_over for name in sweep.streams):
            place = self._where(stream)
            condition = "source = $1 and instance = $2 and stream = $3"
            if is_over:
                self._connection.execute(
                    f"""
                    insert or ignore into meta.deletions
                    select $1, $2, $3, key, $4 from (
                        select distinct key from raw.{self._table(stream)} where instance = $2
                    ) as held
                    where exists (select 1 from meta.sweeps where {condition})
                        and key not in (select key from meta.swept where {condition})
                    """,  # noqa: S608 - the table's name is checked, everything else is a parameter
                    [*place, now],
                )
                self._mark_uncounted(stream)
            for table in ("sweeps", "swept"):
                self._connection.execute(f"delete from meta.{table} where {condition}", place)  # noqa: S608
            if not is_over:
                self._connection.execute("insert into meta.sweeps values ($1, $2, $3, $4)", [*place, now])

    def _came_by(self, stream: str) -> None:
        """What is handed over is there, whatever an earlier sweep said."""
        condition = "source = $1 and instance = $2 and stream = $3"
        self._connection.execute(
            f"delete from meta.deletions where {condition} and key in (select key from batch)",  # noqa: S608
            self._where(stream),
        )
        self._connection.execute(
            "insert into meta.swept select distinct $1, $2, $3, key from batch "  # noqa: S608
            f"where exists (select 1 from meta.sweeps where {condition})",
            self._where(stream),
        )

    # Rows

    def _forget_files(self, stream: str, files: set[str]) -> None:
        """What was found wrong in a file is found anew when the file is read again."""
        if new := files - self._files - {""}:
            forgotten = sum(
                self._number(
                    f"delete from meta.{table} where source = $source and instance = $instance "  # noqa: S608
                    f"and stream = $stream and {_FILE.format('location')} in (select unnest($files::varchar[]))",
                    dict(zip(("source", "instance", "stream"), self._where(stream), strict=True))
                    | {"files": list(new)},
                )
                for table in ("rejects", "duplicates")
            )
            if forgotten:
                self._mark_uncounted(stream)
            self._files |= new

    def _insert(self, stream: str, batch: pa.Table, now: datetime) -> int:
        con = self._connection
        con.register("batch", batch)
        try:
            places = pc.unique(pc.utf8_rtrim(batch["location"], "0123456789")).to_pylist()
            self._forget_files(stream, {_file(place) for place in places})
            if not self._streams[stream or self._read.name].versions:
                return self._insert_first(now)
            self._came_by(stream)
            return self._insert_versions(stream, now)
        finally:
            con.unregister("batch")

    def _insert_versions(self, stream: str, now: datetime) -> int:
        """Append each item that differs from the newest version held of its key."""
        table = self._table(stream)
        return self._number(
            f"""
            insert into raw.{table}
            with newest_of_batch as (
                select * from batch qualify row_number() over (partition by key order by position desc) = 1
            ),
            newest_held as (
                select key, arg_max(payload, fetched_at) as payload
                from raw.{table}
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
            return self._number(
                f"insert into raw.{self._table('')} "  # noqa: S608
                "select $instance, key, updated_at, payload, location, $now, $run_id from batch",
                {**parameters, "now": now, "run_id": self._run_id},
            )
        con.execute(
            f"""
            create or replace temp table placed as
            with held as (
                select key, any_value(location) as location, max(fetched_at) >= $began as is_of_now
                from raw.{self._table("")}
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
            {**parameters, "source": self._source, "stream": self._read.name},
        )
        con.execute(
            "insert into seen select key from placed where location <> '' and not is_again and not is_new"
        )
        return self._number(
            f"insert into raw.{self._table('')} "  # noqa: S608
            "select $instance, key, updated_at, payload, location, $now, $run_id "
            "from batch semi join placed on batch.position = placed.position and placed.is_new",
            {**parameters, "now": now, "run_id": self._run_id},
        )

    def _are_new(self) -> bool:
        """Whether no key of the batch is held yet or comes twice in it; most often so, and cheap to see."""
        row = self._connection.execute(
            f"""
            select (select count(distinct key) = count(*) from batch)
                and not exists (
                    from batch semi join (from raw.{self._table("")} where instance = $1) as held using (key)
                )
            """,  # noqa: S608
            [self._instance.id],
        ).fetchone()
        return bool(row and row[0])

    def _number(self, sql: str, parameters: dict[str, Any]) -> int:
        row = self._connection.execute(sql, parameters).fetchone()
        return int(row[0]) if row else 0


def _file(location: str) -> str:
    """The same as `_FILE`, in Python."""
    head, colon, place = location.rpartition(":")
    return head if colon and "/" not in place else ""
