"""Numbers as the published file tells them, by metric and by what they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import duckdb

from ospo_metrics import locales, words
from ospo_metrics.catalog import Metric, Page, metric_from_row, page_from_row
from ospo_metrics.periods import NO_WEEK
from ospo_metrics.warehouse import records
from ospo_metrics.words import Number


@dataclass(frozen=True, slots=True)
class About:
    """What a number is about; `name` is fit to stand inside a sentence."""

    kind: str
    id: str
    name: str


PROGRAM = About("program", "program", "our communities")

Numbers = Mapping[tuple[str, str, str], Sequence[Number]]
"""The rows of each metric, kind of scope and scope, the oldest first."""


@dataclass(frozen=True, slots=True)
class Build:
    """What `meta.build` says of the whole file."""

    as_of: datetime
    ospo_name: str
    is_simulated: bool
    audience: str
    timezone: str
    locale: str = locales.DEFAULT

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def today(self) -> date:
        """The day up to which the data tell, on the OSPO's own calendar."""
        return self.as_of.astimezone(self.zone).date()


def build(connection: duckdb.DuckDBPyConnection) -> Build:
    """Read as of when the file is, whose it is, and for whom."""
    row = records(connection, "select * from meta.build")[0]
    return Build(
        as_of=row["as_of"] or row["built_at"],
        ospo_name=words.name(row["ospo_name"]),
        is_simulated=row["is_simulated"],
        audience=row["audience"],
        timezone=row["timezone"],
        locale=row.get("locale") or locales.DEFAULT,
    )


def metrics(connection: duckdb.DuckDBPyConnection) -> dict[str, Metric]:
    """Every metric with its words."""
    rows = records(connection, "select * from metrics.metric_catalog order by metric")
    return {row["metric"]: metric_from_row(row) for row in rows}


def pages(connection: duckdb.DuckDBPyConnection) -> list[Page]:
    """The pages in the order in which they are read."""
    return [
        page_from_row(row) for row in records(connection, "select * from meta.pages order by position, page")
    ]


def communities(connection: duckdb.DuckDBPyConnection) -> list[About]:
    """The communities in their order."""
    rows = records(connection, "select community_id, name from core.dim_communities order by position")
    return [About("community", row["community_id"], words.name(row["name"])) for row in rows]


def numbers(
    connection: duckdb.DuckDBPyConnection, kinds: Collection[str], *, only_headlines: bool = False
) -> Numbers:
    """The rows about these kinds of scope, such as `program`; of every segment or of the one that is spoken of.

    Weeks are left out: what is spoken of is a month or longer.
    """
    found: dict[tuple[str, str, str], list[Number]] = defaultdict(list)
    for row in records(
        connection,
        f"""
        select
            v.metric, scope_kind, scope_id, period_start, period_end, segment, value, lower, upper,
            numerator, denominator, sample_size, v.status, reason
        from metrics.metric_values as v
        join metrics.metric_catalog as c using (metric)
        where list_contains($kinds, scope_kind) and (segment = headline_segment or not $only_headlines)
            and {NO_WEEK}
        order by period_end, period_start, segment
        """,  # noqa: S608 - a fixed text of ours
        {"kinds": list(kinds), "only_headlines": only_headlines},
    ):
        number = Number(**row)
        found[number.metric, number.scope_kind, number.scope_id].append(number)
    return found


def has(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    """Whether the file has this table; an edition for others may be without it."""
    row = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = $1 and table_name = $2", [schema, table]
    ).fetchone()
    return bool(row and row[0])
