"""Where a number comes from: what it means, how it is computed, and the rows behind it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from ospo_metrics import transform
from ospo_metrics.catalog import Metric, metric_from_row
from ospo_metrics.periods import is_week
from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import identifier, open_published, open_warehouse, records

_THINGS = frozenset({
    "on_day",
    "person_id", "conversation_id", "activity_id", "attendance_id", "attendee_key", "registration", "touch_id",
    "talk_id", "content_id", "cost_id", "introduction_id", "answer_id",
})  # fmt: skip
"""A model with one of these columns has a row for each thing that is counted, or for each day on which it is."""

_DATES = (
    "first_on", "occurred_on", "opened_on", "on_day", "day", "published_on", "answered_on", "paid_on", "made_on",
    "touched_at", "attended_at", "given_at", "occurred_at", "opened_at", "starts_at",
)  # fmt: skip
"""Which column places a row in time, the first that there is."""

_FRAMES = re.compile(r"^(int_scope|int_observed|int_followed_periods|int_people_|dim_)")
"""Models that say for which scopes and periods something is owed, and nothing of what is counted."""


class UnknownMetricError(Exception):
    """There is no such metric, scope or period; the sentence names those that there are."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Rows of one model that a number counts: how many there are, and the first ones."""

    model: str
    description: str
    total: int
    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Explained:
    """A metric's words and SQL, its numbers for one scope and period, a row a segment, and what is behind them."""

    metric: Metric
    numbers: Sequence[dict[str, Any]]
    behind: Sequence[Behind]


def metric(
    workspace: Workspace, name: str, scope: str | None = None, period: str | None = None, most: int = 10
) -> Explained:
    """Explain a metric of the last build.

    `scope` is the id of a community, project, event or campaign, the program where it is left out; `period` a month
    (2026-06), a week (2026-W26), the last day of a longer period (2026-06-30), or left out for the newest with a number
    that is not one of a week.
    """
    with open_published(workspace.database) as connection:
        words = _words(connection, name)
        numbers = _numbers(connection, name, scope, period)
    key = numbers[0]
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        behind = [_behind(connection, model, key, most) for model in _models(workspace, name)]
    return Explained(words, numbers, [one for one in behind if one is not None])


def _words(connection: duckdb.DuckDBPyConnection, name: str) -> Metric:
    known = records(connection, "select * from metrics.metric_catalog order by metric")
    found = next((row for row in known if row["metric"] == name), None)
    if found is None:
        raise UnknownMetricError(
            f"there is no metric {name!r}. There are {', '.join(str(row['metric']) for row in known)}."
        )
    return metric_from_row(found)


def _numbers(
    connection: duckdb.DuckDBPyConnection, name: str, scope: str | None, period: str | None
) -> list[dict[str, Any]]:
    rows = records(connection, f"select * from metrics.{identifier(name)} order by all")  # noqa: S608
    scopes = list(dict.fromkeys(str(row["scope_id"]) for row in rows))
    wanted = scope or ("program" if "program" in scopes else _newest(rows)["scope_id"] if rows else None)
    here = [row for row in rows if row["scope_id"] == wanted]
    if not here:
        raise UnknownMetricError(f"{name} has nothing of {wanted!r}. It has {_some(scopes)}.")
    if period is None:
        chosen = _newest(here)
        periods = [(chosen["period_start"], chosen["period_end"])]
    else:
        periods = [(row["period_start"], row["period_end"]) for row in here if _is_meant(row, period)]
    if not periods:
        ends = sorted({f"{row['period_end'] - timedelta(days=1):%Y-%m}" for row in here if not _is_week(row)})
        raise UnknownMetricError(
            f"{name} of {wanted!r} has no period {period!r}. Its periods end in {_some(ends)}."
        )
    start, end = max(periods, key=lambda each: (each[1], each[0]))
    return [row for row in here if (row["period_start"], row["period_end"]) == (start, end)]


def _newest(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The newest row that has a number, weeks set aside; where none has, the newest."""
    longer = [row for row in rows if not _is_week(row)] or list(rows)
    told = [row for row in longer if row["status"] == "ok"] or longer
    return max(told, key=lambda row: (row["period_end"], row["period_start"]))


def _is_meant(row: dict[str, Any], period: str) -> bool:
    start: date = row["period_start"]
    end: date = row["period_end"]
    if re.fullmatch(r"\d{4}-W\d{2}", period):
        return f"{start:%G-W%V}" == period and _is_week(row)
    if _is_week(row):
        return False
    if re.fullmatch(r"\d{4}-\d{2}", period):
        return f"{start:%Y-%m}" == period and (end - start).days <= 31
    return f"{end - timedelta(days=1)}" == period


def _is_week(row: dict[str, Any]) -> bool:
    return is_week(row["scope_kind"], row["period_start"], row["period_end"])


def _some(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[-most:] if more else names) + more


def _models(workspace: Workspace, name: str) -> list[str]:
    """The nearest models behind a metric that have a row for each thing counted, in its own order.

    Each with its description, after a bar.
    """
    manifest = json.loads(transform.manifest(workspace).read_text(encoding="utf-8"))
    nodes = manifest["nodes"]
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        things = {
            (schema, table)
            for schema, table, columns in connection.execute(
                "select schema_name, table_name, list(column_name) from duckdb_columns() group by all"
            ).fetchall()
            if _THINGS & set(columns)
        }
    found: list[str] = []
    reached, seen = [f"model.{manifest['metadata']['project_name']}.{name}"], set[str]()
    while reached:
        above = [one for each in reached for one in nodes[each]["depends_on"]["nodes"] if one in nodes]
        reached = []
        for one in dict.fromkeys(above):
            node = nodes[one]
            if one in seen or node["resource_type"] != "model" or node["schema"] == "staging":
                continue
            seen.add(one)
            if _FRAMES.match(node["name"]):
                continue
            if (node["schema"], node["name"]) in things:
                found.append(
                    f"{node['schema']}.{node['name']}|{' '.join((node['description'] or '').split())}"
                )
            else:
                reached.append(one)
    return found


def _behind(
    connection: duckdb.DuckDBPyConnection, told: str, key: dict[str, Any], most: int
) -> Behind | None:
    """The rows of a model that fall into a number's scope and period; None where it has no place for either."""
    model, description = told.split("|", 1)
    schema, table = model.split(".")
    columns = [
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ? order by column_index",
            [schema, table],
        ).fetchall()
    ]
    clauses, values = _scope_clause(columns, key)
    if "period_start" in columns:
        clauses.append("period_start = ? and period_end = ?")
        values += [key["period_start"], key["period_end"]]
    elif key["scope_kind"] != "event" or "event_id" not in columns:
        placed = next((name for name in _DATES if name in columns), None)
        if placed is not None:
            clauses.append(f"{identifier(placed)} >= ? and {identifier(placed)} < ?")
            values += [key["period_start"], key["period_end"]]
    if not clauses:
        return None
    where = " and ".join(clauses)
    source = f"from {identifier(schema)}.{identifier(table)} where {where}"
    row = connection.execute(f"select count(*) {source}", values).fetchone()
    rows = connection.execute(f"select * {source} order by all limit {most:d}", values).fetchall()
    return Behind(model, description, int(row[0]) if row else 0, tuple(columns), rows)


def _scope_clause(columns: Sequence[str], key: dict[str, Any]) -> tuple[list[str], list[Any]]:
    if "scope_kind" in columns and "scope_id" in columns:
        return ["scope_kind = ? and scope_id = ?"], [key["scope_kind"], key["scope_id"]]
    if f"{key['scope_kind']}_id" in columns and key["scope_kind"] in ("event", "campaign"):
        return [f"{key['scope_kind']}_id = ?"], [key["scope_id"]]
    if "project_id" in columns and key["scope_kind"] in ("program", "community", "project"):
        inside = "select project_id from intermediate.int_scopes where scope_kind = ? and scope_id = ?"
        return [f"project_id in ({inside})"], [key["scope_kind"], key["scope_id"]]
    return [], []
