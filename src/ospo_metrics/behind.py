"""What stands behind some numbers: rows of a table of its own shape, shown under the chart of the metric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from ospo_metrics import words
from ospo_metrics.catalog import Metric, Shown, shown_from_row
from ospo_metrics.warehouse import identifier, records

MOST_ROWS = 40

_CALLED = {
    "core.dim_organizations": "organization_id",
    "core.dim_events": "event_id",
    "core.dim_communities": "community_id",
}


@dataclass(frozen=True, slots=True)
class Behind:
    """A table behind a metric's number of one scope: what it shows, and its rows by period."""

    shown: Shown
    rows: Mapping[tuple[date, date], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Table:
    """One period of it, in words: `is_name` says of each column whether it is a name and not a number."""

    id: str
    heading: str
    when: str
    note: str
    whole: Sequence[str]
    labels: Sequence[str]
    is_name: Sequence[bool]
    rows: Sequence[Sequence[str]]
    more: int


def read(
    connection: duckdb.DuckDBPyConnection, tables: Collection[str]
) -> dict[tuple[str, str, str], list[Behind]]:
    """All such tables of a published file by metric, kind and id of the scope; none of single projects.

    `tables` are those that the file has, such as `meta.evidence`.
    """
    found: dict[tuple[str, str, str], list[Behind]] = defaultdict(list)
    if "meta.evidence" not in tables:
        return found
    for shown in map(shown_from_row, records(connection, "select * from meta.evidence order by table_name")):
        if f"metrics.{shown.table}" not in tables:
            continue
        rows: dict[tuple[str, str, str], dict[tuple[date, date], list[Mapping[str, Any]]]] = {}
        for row in records(
            connection,
            f"select * from metrics.{identifier(shown.table)} where scope_kind <> 'project'",  # noqa: S608
        ):
            of_scope = rows.setdefault((row["metric"], row["scope_kind"], row["scope_id"]), defaultdict(list))
            of_scope[row["period_start"], row["period_end"]].append(row)
        for key, periods in rows.items():
            found[key].append(Behind(shown, periods))
    return found


def names(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> dict[str, str]:
    """What organizations, events and communities are called, as far as the file tells."""
    return {
        key: words.name(name)
        for table, column in _CALLED.items()
        if table in tables
        for key, name in connection.execute(f"select {column}, name from {table}").fetchall()  # noqa: S608
        if name
    }


def table(
    behind: Behind, metric: Metric, period: tuple[date, date], called: Mapping[str, str]
) -> Table | None:
    """The rows of the number's own period, or else of the newest one before it; None where there are none."""
    of = max(
        (one for one in behind.rows if one[1] <= period[1]),
        key=lambda one: (one == period, one[::-1]),
        default=None,
    )
    if of is None:
        return None
    shown = behind.shown
    rows = behind.rows[of]
    if shown.largest_first:
        rows = sorted(rows, key=lambda row: (row["segment"], -row[shown.largest_first]))
    return Table(
        id=shown.table,
        heading=shown.heading,
        when=words.upper_first(words.in_period(*of)),
        note=shown.note,
        whole=[
            f"{label}: {_cell(kind, rows[0][name], metric, called)}." for name, label, kind in shown.whole
        ],
        labels=[label for _, label, _ in shown.columns],
        is_name=[kind not in _NUMBERS for _, _, kind in shown.columns],
        rows=[
            [_cell(kind, row[name], metric, called) for name, _, kind in shown.columns]
            for row in rows[:MOST_ROWS]
        ],
        more=max(0, len(rows) - MOST_ROWS),
    )


def _cell(kind: str, value: Any, metric: Metric, called: Mapping[str, str]) -> str:
    if kind in _NUMBERS:
        return "–" if value is None else _NUMBERS[kind](float(value))
    if kind == "segment" and value in metric.segments:
        return metric.segments[value]
    if kind == "name" and value in called:
        return called[value]
    return words.upper_first(words.name(str(value).replace("_", " ")))


def _share(value: float) -> str:
    return f"{words.percent(value)}{words.NBSP}%"


_NUMBERS: Mapping[str, Callable[[float], str]] = {
    "share": _share,
    "decimal": words.decimal,
    "count": words.count,
}
