"""What came of each goal: hit, missed, too early, or nobody can tell; and how sure that is.

A target is for one month, the last whole one up to the day by which it was to be reached, so that the answer stays
what it is when more data come. Where that month cannot be told, because few people are behind it, the 12 months that
end with it decide, unless the target is a count. Whether the number has to be at least the target or at most says the
metric's direction.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import duckdb

from ospo_metrics import readings, words
from ospo_metrics.catalog import Metric
from ospo_metrics.readings import PROGRAM, About, Numbers
from ospo_metrics.warehouse import records
from ospo_metrics.words import Number

Verdict = Literal["hit", "missed", "too early", "cannot be told"]


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of the team's sheet of goals; names and texts are fit to be shown."""

    id: str
    goal: str
    audience: str
    message: str
    channels: tuple[str, ...]
    metric: str
    target: float | None
    due_on: date | None
    communities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a goal for one community, or for all of them together.

    `is_sure` says whether the range leaves the target out; None where there is no verdict or no range. `number` is the
    one that decides or, while it is too early, the newest; `target` is told with its unit. `is_fresh` holds while no
    later month is known than the one that decides.
    """

    goal: Goal
    about: About
    verdict: Verdict
    is_sure: bool | None
    number: Number | None
    target: str
    sentence: str
    is_fresh: bool = False


def answers(connection: duckdb.DuckDBPyConnection) -> list[Answer]:
    """The answer to every goal of a published file, the first due first; one for each community that a goal names.

    What the sheet itself lacks is said once, however many communities it is for.
    """
    if not readings.has(connection, "core", "dim_goals"):
        return []
    goals = [_goal(row) for row in records(connection, "select * from core.dim_goals")]
    metrics = readings.metrics(connection)
    numbers = readings.numbers(connection, ["program", "community"], only_headlines=True)
    communities = {about.id: about for about in readings.communities(connection)}
    today = readings.build(connection).today
    return [
        answer(goal, about, metrics, numbers, today)
        for goal in sorted(goals, key=lambda goal: (goal.due_on or date.max, goal.id))
        for about in (not _lacks(goal, metrics) and _named(goal, communities)) or [PROGRAM]
    ]


def _named(goal: Goal, communities: Mapping[str, About]) -> list[About]:
    return [communities[name] for name in goal.communities if name in communities]


def answer(goal: Goal, about: About, metrics: Mapping[str, Metric], numbers: Numbers, today: date) -> Answer:
    """What came of one goal; `today` is the day up to which the data tell."""
    metric = metrics.get(goal.metric)
    lacks = _lacks(goal, metrics)
    if lacks or metric is None or goal.target is None or goal.due_on is None:
        return Answer(goal, about, "cannot be told", None, None, "", lacks)
    steps = _steps(metric, numbers.get((metric.metric, about.kind, about.id), ()))
    end = (goal.due_on + timedelta(days=1)).replace(day=1)
    at_end = [number for number in steps if number.period_end == end]
    deciding = next((number for number in at_end if number.is_ok), at_end[0] if at_end else None)
    known = [number for number in steps if number.has_value and number.period_end <= min(end, today)]
    newest = max(known, key=lambda number: (number.period_end, number.is_month), default=None)
    target = _target(metric, goal.target, deciding or newest)

    def told(verdict: Verdict, number: Number | None, why: str, is_sure: bool | None = None) -> Answer:
        is_fresh = number is deciding and not any(n.is_ok and n.period_end > end for n in steps)
        return Answer(goal, about, verdict, is_sure, number, target, why, is_fresh)

    aimed = f"The target is {target} by {words.day(goal.due_on)}."
    so_far = f" So far: {words.lower_first(words.sentence(metric, newest, about.name))}" if newest else ""
    if today <= goal.due_on or end > today:
        return told("too early", newest, f"Too early: it is judged by {_month_before(end)}. {aimed}{so_far}")
    if deciding is not None and deciding.status == "too_early":
        return told("too early", newest, f"{words.sentence(metric, deciding, about.name)} {aimed}{so_far}")
    if deciding is None or not deciding.is_ok:
        why = words.reason(deciding) if deciding else f"There is no number for {_month_before(end)}."
        return told("cannot be told", None, f"Cannot be told: {words.lower_first(why)} {aimed}")
    is_hit, is_sure = _judge(metric, deciding, goal.target)
    verdict: Verdict = "hit" if is_hit else "missed"
    sure = {True: ", and the range leaves no doubt", False: ", but the range holds the target too", None: ""}
    return told(
        verdict,
        deciding,
        f"{words.upper_first(verdict)}{sure[is_sure]}. {words.sentence(metric, deciding, about.name)} "
        f"The target was {target} by {words.day(goal.due_on)}.",
        is_sure,
    )


def _goal(row: Mapping[str, object]) -> Goal:
    def text(name: str) -> str:
        return words.name(str(row[name]), 120) if row[name] else ""

    return Goal(
        id=str(row["goal_id"]),
        goal=words.name(str(row["goal"] or row["goal_id"]), 120),
        audience=text("audience"),
        message=text("message"),
        channels=tuple(words.name(str(each)) for each in _list(row["channels"])),
        metric=text("metric"),
        target=_number(row["target"]),
        due_on=row["due_on"] if isinstance(row["due_on"], date) else None,
        communities=tuple(str(each) for each in _list(row.get("community_ids"))),
    )


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _lacks(goal: Goal, metrics: Mapping[str, Metric]) -> str:
    """What the sheet has to say before the goal can be judged; nothing where it says enough."""
    metric = metrics.get(goal.metric)
    where = f"the goal ‘{goal.id}’ in the sheet of goals"
    if not goal.metric:
        return f"Cannot be told: {where} names no metric. Write the name of one, such as new_contributors."
    if metric is None:
        near = difflib.get_close_matches(goal.metric, sorted(metrics), n=1)
        return f"Cannot be told: {where} names {words.name(goal.metric)}, which is no metric. " + (
            f"Did you mean {near[0]}?" if near else "Write one that stands in metrics.metric_catalog."
        )
    if metric.direction == "context":
        return (
            f"Cannot be told: of ‘{metric.title}’ neither more nor less is better, so {where} cannot be hit or missed. "
            "Name another metric."
        )
    if goal.target is None or goal.due_on is None:
        return f"Cannot be told: {where} lacks {'a target' if goal.target is None else 'the day it is due'}. Write it."
    return ""


def _steps(metric: Metric, numbers: Sequence[Number]) -> list[Number]:
    """The rows that may decide, of each end the month first; of a metric without months, whatever it is told for."""
    mine = [number for number in numbers if number.segment == metric.headline_segment]
    months = [number for number in mine if number.is_month]
    longer = [number for number in mine if not number.is_month]
    return [*months, *longer] if metric.kind != "count" else months or longer


def _month_before(end: date) -> str:
    return words.month(end - timedelta(days=1))


def _judge(metric: Metric, number: Number, target: float) -> tuple[bool, bool | None]:
    """Whether the target is reached, and whether the range leaves the contrary out."""
    is_up = metric.direction == "up"
    if number.value is None:  # a median that was not reached is longer than all that was seen
        return False, number.lower is not None and number.lower > target
    value, near = number.value, 1e-9 * max(1.0, abs(target))
    is_hit = value >= target - near if is_up else value <= target + near
    if number.lower is None:
        return is_hit, None
    lower, upper = number.lower, math.inf if number.upper is None else number.upper
    if is_hit:
        return True, lower >= target - near if is_up else upper <= target + near
    return False, upper < target if is_up else lower > target


def _target(metric: Metric, target: float, like: Number | None) -> str:
    """The target with its unit: "at least 10 people", "at most 24 hours"."""
    nothing = (None,) * 6
    model = like or Number(metric.metric, "", "", date.min, date.min, "", *nothing, "ok", None)
    in_whole_percents = math.isclose(target * 100, round(target * 100))
    told = words.amount(
        metric, replace(model, value=target, sample_size=None if in_whole_percents else 1000, status="ok")
    )
    return f"{'at least' if metric.direction == 'up' else 'at most'} {told}"
