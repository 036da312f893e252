"""How we measured: what each number counts, where the data end, and what replaces which vanity number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import jinja2

from ospo_metrics import words
from ospo_metrics.catalog import Metric
from ospo_metrics.warehouse import records

_STATUSES = """
select metric, status, count(*) as rows
from metrics.metric_values
where scope_kind in ('program', 'community', 'event', 'campaign')
group by metric, status
"""

_WITHOUT = ("too_early", "suppressed", "refused", "no_data")


@dataclass(frozen=True, slots=True)
class Translation:
    """What marketing asks for, the metrics that are reported instead, and why."""

    asked_for: str
    instead: Sequence[str]
    in_words: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Methods:
    """What the page on methods is made of: translations, and how many rows of each metric have which status."""

    translations: Sequence[Translation]
    statuses: Mapping[str, Mapping[str, int]]


def read(connection: duckdb.DuckDBPyConnection) -> Methods:
    """Read the translation table and what has a number, where the published file has them."""
    tables = {
        f"{schema}.{name}"
        for schema, name in connection.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
    }
    told = (
        records(connection, "select * from metrics.translation order by position")
        if "metrics.translation" in tables
        else []
    )
    statuses: dict[str, dict[str, int]] = {}
    for row in records(connection, _STATUSES):
        statuses.setdefault(row["metric"], {})[row["status"]] = row["rows"]
    return Methods(
        [
            Translation(
                row["asked_for"],
                row["report_instead"].split(),
                row["in_words"],
                row["why"],
                row["source"] or "",
            )
            for row in told
        ],
        statuses,
    )


@dataclass(frozen=True, slots=True)
class Around:
    """What the other pages know: for a metric the page on which it is shown, rows on sources, and what went wrong."""

    homes: Mapping[str, str]
    sources: Sequence[Mapping[str, str]]
    problems: Sequence[str]


def render(
    environment: jinja2.Environment,
    site: dict[str, Any],
    metrics: Mapping[str, Metric],
    methods: Methods,
    around: Around,
) -> str:
    """The page on methods; metrics that still lack their input come last."""
    ordered = sorted(
        metrics.values(), key=lambda metric: (metric.status == "no_data", metric.title.casefold())
    )
    homes = around.homes
    return environment.get_template("methods.html.j2").render(
        site=site,
        page="methods",
        translations=[
            {
                "told": one,
                "links": [(metrics[name], homes.get(name, "")) for name in one.instead if name in metrics],
            }
            for one in methods.translations
        ],
        metrics=[
            {
                "metric": metric,
                "home": homes.get(metric.metric, ""),
                "held": _held(methods.statuses.get(metric.metric, {})),
            }
            for metric in ordered
        ],
        sources=around.sources,
        problems=around.problems,
    )


def _held(statuses: Mapping[str, int]) -> str:
    """How many of a metric's rows have a number, and why the others have none."""
    total = sum(statuses.values())
    if not total:
        return "Nothing was owed yet."
    without = [
        f"{words.count(statuses[status])} {words.WITHOUT_NUMBER[status][1]}"
        for status in _WITHOUT
        if statuses.get(status)
    ]
    return f"{words.count(statuses.get('ok', 0))} of {words.count(total)} rows have a number" + (
        f"; {words.listed(without)}." if without else "."
    )
