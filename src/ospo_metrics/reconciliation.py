"""What we hold of each source against what it says it has, kept in `meta.sources` and `meta.reconciliation`."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from ospo_metrics.items import Claim, Stream
from ospo_metrics.raw_log import raw_table
from ospo_metrics.warehouse import identifier

AT_ONCE = 2_000
"""Readings are settled together: hundreds of repositories in which nothing happened cost a handful of statements."""

_ENDED = pa.schema(
    [
        ("instance", pa.string()),
        ("stream", pa.string()),
        ("observed_until", pa.timestamp("us", tz="UTC")),
        ("claimed", pa.int64()),
        ("how", pa.string()),
    ]
)


class Reconciliation:
    """The readings of one source that came to their end, or failed, and are not yet noted."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: str,
        streams: tuple[Stream, ...],
        run_id: str,
    ) -> None:
        self._connection, self._source, self._run_id = connection, source, run_id
        self._streams = {stream.name: stream for stream in streams}
        self._ended: list[dict[str, Any]] = []

    def ended(self, instance: str, streams: tuple[Stream, ...], claims: dict[str, Claim]) -> None:
        """The first of these streams was read to its end, and with it those that come within it."""
        for place, stream in enumerate(streams):
            claim = claims.get("" if place == 0 else stream.name)
            observed = claim or claims.get("")
            self._ended.append(
                {
                    "instance": instance,
                    "stream": stream.name,
                    "observed_until": observed.observed_until if observed else None,
                    "claimed": claim.count if claim else None,
                    "how": claim.how if claim else "",
                }
            )
        if len(self._ended) >= AT_ONCE:
            self.settle()

    def failed(self, instance: str, stream: str, sentence: str) -> None:
        """Say why this instance is behind; what is held of it stays."""
        self._connection.execute(
            "update meta.sources set detail = $4 where source = $1 and instance = $2 and stream = $3",
            [self._source, instance, stream, sentence],
        )

    def settle(self) -> None:
        """Count again what changed, and note what ended: all of it or, when something comes between, nothing."""
        self._connection.register("ended", pa.Table.from_pylist(self._ended, schema=_ENDED))
        self._connection.execute("begin")
        try:
            changed = self._changed()
            for name in {stream for _, stream in changed}:
                self._count(name)
            self._observe()
            self._reconcile("select instance, stream, claimed, how from ended where claimed is not null", [])
            for stream in self._streams.values():
                if stream.counted_in and (touched := self._touched(stream, changed)):
                    self._sum_up(stream, touched)
            self._connection.execute("commit")
        except BaseException:
            with suppress(duckdb.Error):
                self._connection.execute("rollback")
            raise
        finally:
            self._connection.unregister("ended")
        self._ended.clear()

    def _changed(self) -> set[tuple[str, str]]:
        rows = self._connection.execute(
            "select instance, stream from meta.sources where source = ? and not is_counted", [self._source]
        ).fetchall()
        return {(instance, stream) for instance, stream in rows if stream in self._streams}

    def _touched(self, stream: Stream, changed: set[tuple[str, str]]) -> list[str]:
        """The instances in which a stream or what counts it changed, and whose reading ended without a claim of it."""
        assert stream.counted_in is not None  # noqa: S101 - asked by the caller
        names = {stream.name, stream.counted_in[0]}
        untold = {
            row["instance"] for row in self._ended if row["stream"] == stream.name and row["claimed"] is None
        }
        return sorted({instance for instance, name in changed if name in names} & untold)

    def _count(self, stream: str) -> None:
        """Rows held, gone at the source, twice and set aside, of every instance that changed."""
        versions = self._streams[stream].versions
        self._connection.execute(
            f"""
            update meta.sources set
                rows_held = counted.n, deleted = counted.deleted, newest_item_at = counted.newest,
                duplicates = counted.duplicates, rejects = counted.rejects, is_counted = true
            from (
                with changed as (
                    from meta.sources where source = $1 and stream = $2 and not is_counted
                ),
                gone as (from meta.deletions where source = $1 and stream = $2),
                held as (
                    select
                        raw.instance,
                        count({"distinct raw.key" if versions else "*"}) filter (gone.key is null) as n,
                        count(distinct raw.key) filter (gone.key is not null) as deleted,
                        max(raw.updated_at) filter (raw.updated_at <= $3::timestamptz + interval 1 day) as newest
                    from raw.{self._table(stream)} as raw
                    left join gone on raw.instance = gone.instance and raw.key = gone.key
                    where raw.instance in (select instance from changed)
                    group by raw.instance
                ),
                twice as (
                    select instance, count(*) as n from meta.duplicates
                    where source = $1 and stream = $2 group by instance
                ),
                aside as (
                    select instance, count(*) as n from meta.rejects
                    where source = $1 and stream = $2 group by instance
                )
                select
                    changed.instance, coalesce(held.n, 0) as n, coalesce(held.deleted, 0) as deleted, held.newest,
                    coalesce(twice.n, 0) as duplicates, coalesce(aside.n, 0) as rejects
                from changed
                left join held using (instance)
                left join twice using (instance)
                left join aside using (instance)
            ) as counted
            where sources.source = $1 and sources.stream = $2 and sources.instance = counted.instance
            """,  # noqa: S608 - the table's name is checked, everything else is a parameter
            [self._source, stream, datetime.now(UTC)],
        )

    def _observe(self) -> None:
        self._connection.execute(
            """
            update meta.sources set
                last_success_at = $2, detail = null,
                observed_until = coalesce(ended.observed_until, sources.observed_until)
            from (
                select instance, stream, max(observed_until) as observed_until from ended group by instance, stream
            ) as ended
            where sources.source = $1 and sources.instance = ended.instance and sources.stream = ended.stream
            """,
            [self._source, datetime.now(UTC)],
        )

    def _sum_up(self, stream: Stream, instances: list[str]) -> None:
        """The source's count of a stream, as the newest payloads of another tell it."""
        assert stream.counted_in is not None  # noqa: S101 - asked by the caller
        parent, path = stream.counted_in
        how = f"the sum of what each of its {parent.replace('_', ' ')} says it has"
        self._reconcile(
            f"""
            select wanted.instance, $5 as stream, coalesce(sum(try_cast(payload ->> $6 as bigint)), 0) as claimed,
                $7 as how
            from (select unnest($8::varchar[]) as instance) as wanted
            left join (
                select instance, key, arg_max(payload, (updated_at, fetched_at)) as payload
                from raw.{self._table(parent)} where instance in (select unnest($8::varchar[]))
                group by instance, key
            ) as newest
                on wanted.instance = newest.instance and not exists (
                    select 1 from meta.deletions as gone where gone.source = $1 and gone.stream = $9
                        and gone.instance = newest.instance and gone.key = newest.key
                )
            group by wanted.instance
            """,  # noqa: S608
            [stream.name, path, how, instances, parent],
        )

    def _reconcile(self, claims: str, parameters: list[Any]) -> None:
        """Hold claims against rows; a reject on the web counts in its own run, for the next may have healed it."""
        versioned = [stream.name for stream in self._streams.values() if stream.versions]
        self._connection.execute(
            f"""
            insert or replace into meta.reconciliation
            with aside as (
                select instance, stream, count(*) as n
                from meta.rejects
                where source = $1 and (
                    run_id = $3 or not contains(location, '://') or not list_contains($4::varchar[], stream)
                )
                group by instance, stream
            )
            select source, sources.instance, sources.stream, claimed, claims.how, rows_held, duplicates,
                coalesce(aside.n, 0) as set_aside,
                claimed - rows_held - duplicates - set_aside as gap,
                case
                    when gap = 0 then null
                    when gap > 0 then 'the source counts more than we hold: look at the rejects, or read it again'
                    else 'we hold more than the source counts: something was deleted or rewritten there'
                end,
                $2
            from meta.sources as sources
            join ({claims}) as claims on sources.instance = claims.instance and sources.stream = claims.stream
            left join aside on sources.instance = aside.instance and sources.stream = aside.stream
            where source = $1
            """,  # noqa: S608
            [self._source, datetime.now(UTC), self._run_id, versioned, *parameters],
        )

    def _table(self, stream: str) -> str:
        return identifier(raw_table(self._source, stream))
