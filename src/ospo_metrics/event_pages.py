"""A page for each event: registered, came, did something, still here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import duckdb
import jinja2

from ospo_metrics import words
from ospo_metrics.catalog import Metric
from ospo_metrics.warehouse import records
from ospo_metrics.words import Number

METRIC = "event_outcomes"
MATCHES = "identity_match_rate"

_EVENTS = """
select e.event_id, e.name, e.city, e.venue, e.starts_on, e.ends_on, e.role
from core.dim_events as e
where e.event_id in (select scope_id from metrics.event_outcomes)
order by e.starts_on desc, e.event_id
"""

_NUMBERS = """
select
    metric, scope_kind, scope_id, period_start, period_end, segment, value, lower, upper,
    numerator, denominator, sample_size, status, reason
from metrics.metric_values
where scope_kind = 'event' and metric in ($outcomes, $matches)
"""

_COSTS = """
select
    object_id,
    sum(program_amount) as amount,
    any_value(program_currency) as currency,
    sum(staff_hours) as staff_hours,
    list(printf('%,.0f %s', amount, currency) order by amount) filter (amount > 0 and program_amount is null) as unrated
from core.fct_costs
where object_kind = 'event'
group by object_id
"""

_ROLES = {
    "hosted": "We hosted it.",
    "sponsored": "We sponsored it.",
    "spoke": "We spoke there.",
    "attended": "We were there.",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event with its numbers by step; the cost is a sentence."""

    id: str
    name: str
    place: str
    starts_on: date
    ends_on: date
    role: str
    cost: str
    numbers: dict[str, Number]
    matches: dict[str, Number]

    @property
    def page(self) -> str:
        return f"event-{self.id}"

    @property
    def when(self) -> str:
        first, last = words.day(self.starts_on), words.day(self.ends_on)
        return first if self.starts_on == self.ends_on else f"{first} to {last}"


def read(connection: duckdb.DuckDBPyConnection) -> list[Event]:
    """The events that have an outcome or a reason for none, the newest first."""
    tables = {
        f"{schema}.{name}"
        for schema, name in connection.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
    }
    if not {"core.dim_events", "core.fct_costs", "metrics.event_outcomes", "metrics.metric_values"} <= tables:
        return []
    numbers: dict[str, dict[str, Number]] = defaultdict(dict)
    matches: dict[str, dict[str, Number]] = defaultdict(dict)
    for row in records(connection, _NUMBERS, {"outcomes": METRIC, "matches": MATCHES}):
        of_metric = numbers if row["metric"] == METRIC else matches
        of_metric[row["scope_id"]][row["segment"]] = Number(**row)
    costs = {row["object_id"]: _cost(row) for row in records(connection, _COSTS)}
    return [
        Event(
            id=row["event_id"],
            name=words.name(row["name"]),
            place=words.name(row["city"] or row["venue"] or ""),
            starts_on=row["starts_on"],
            ends_on=row["ends_on"],
            role=_ROLES.get(row["role"] or "", ""),
            cost=costs.get(row["event_id"], ""),
            numbers=numbers[row["event_id"]],
            matches=matches[row["event_id"]],
        )
        for row in records(connection, _EVENTS)
        if row["starts_on"] is not None and numbers[row["event_id"]]
    ]


def render(
    environment: jinja2.Environment, site: dict[str, Any], metric: Metric, events: Sequence[Event]
) -> dict[str, str]:
    """The list of events, and each event's own page."""
    came, *afterwards = metric.segments
    labels = [words.label(metric, came), "Found", *(words.label(metric, each) for each in afterwards)]
    shown = [
        (
            event,
            [
                _cell(metric, event.numbers.get(came)),
                _cell(metric, event.matches.get("matched")),
                *(_cell(metric, event.numbers.get(each)) for each in afterwards),
            ],
        )
        for event in events
    ]
    pages = {
        "events.html": environment.get_template("events.html.j2").render(
            site=site, page="events", metric=metric, heads=_heads(labels), events=shown
        )
    }
    template = environment.get_template("event.html.j2")
    for event in events:
        steps = [_step(metric, segment, event.numbers.get(segment)) for segment in metric.segments]
        pages[f"{event.page}.html"] = template.render(
            site=site,
            page="events",
            metric=metric,
            event=event,
            steps=steps,
            found=_found(event),
            bounds=_bounds(event),
        )
    return pages


def _heads(labels: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The heads of the columns; those that differ only in what is within have one head in common."""
    groups = groupby(labels, key=lambda label: label.partition(" within ")[0])
    return [
        (f"{title} within", [label.partition(" within ")[2] for label in same])
        if len(same) > 1
        else (same[0], [])
        for title, same in ((title, list(found)) for title, found in groups)
    ]


def _step(metric: Metric, segment: str, number: Number | None) -> dict[str, Any]:
    """One step in large type: the share with its range and its people, or why there is none."""
    label = words.label(metric, segment)
    if number is None or not number.is_ok:
        return {
            "label": label,
            "value": words.short(metric, number) if number else "no data",
            "is_known": False,
            "details": [words.reason(number)] if number else [],
        }
    details = [f"{number.numerator:,} of {number.denominator:,}", words.bounds(metric, number, named=True)]
    return {
        "label": label,
        "value": words.amount(metric, number),
        "is_known": True,
        "details": [text for text in details if text],
    }


def _cell(metric: Metric, number: Number | None) -> dict[str, Any]:
    if number is None or not number.is_ok:
        return {"value": words.short(metric, number) if number else "no data", "range": "", "is_known": False}
    return {
        "value": f"{number.numerator:,} of {number.denominator:,}",
        "range": words.bounds(metric, number),
        "is_known": True,
    }


_FOUND = {
    "matched": "agreed to be measured and {were} found in our communities",
    "not_found": "agreed and {were} not found",
    "not_agreed": "did not agree",
    "not_asked": "{were} not asked",
    "no_address": "stand in the list without an address",
    "let_go": "{were} let go of, because it is too long ago",
}


def _found(event: Event) -> str:
    """Whom of those who came we can find, and why not the others."""
    matched = event.matches.get("matched")
    if matched is None or not matched.is_ok:
        return ""
    parts = [
        f"{number.numerator:,} {text.format(were='was' if number.numerator == 1 else 'were')}"
        for segment, text in _FOUND.items()
        if (number := event.matches.get(segment)) and (number.numerator or segment == "matched")
    ]
    return f"Of the {matched.denominator:,} who came, {words.listed(parts)}."


def _bounds(event: Event) -> str:
    """What the share can be at least and at most if those who were not looked for all stayed away, or all joined in."""
    came, did = event.numbers.get("came"), event.numbers.get("day_90")
    if not (came and did and came.is_ok and did.is_ok) or not came.numerator:
        return ""
    unknown = came.numerator - (did.denominator or 0)
    if unknown <= 0:
        return ""
    least, most = (did.numerator or 0) / came.numerator, ((did.numerator or 0) + unknown) / came.numerator
    return (
        f"Of the {came.numerator:,} who came, {unknown:,} did not agree to be measured or cannot be looked for. "
        f"Whatever they did, of all who came between {100 * least:.0f} and {100 * most:.0f}{words.NBSP}% did "
        "something within 90 days."
    )


def _cost(row: dict[str, Any]) -> str:
    parts = [f"{row['amount']:,.0f} {row['currency']}"] if row["amount"] else []
    parts += row["unrated"] or []
    hours = f"{row['staff_hours']:,.0f} hours of our people" if row["staff_hours"] else ""
    sentence = " and ".join([*parts, *([hours] if hours else [])])
    note = f" No rate is known for {', '.join(row['unrated'])}, so it is not added." if row["unrated"] else ""
    return f"It cost {sentence}.{note}" if sentence else ""
