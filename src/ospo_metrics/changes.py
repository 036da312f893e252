"""Which numbers differ from the period before, of all that can be compared and looked at together.

Of all comparisons of a newest period with the one before it, only those count as a change that hold when all are looked
at together (Benjamini and Hochberg 1995, one in ten); what got worse comes before what got better, the program before
its communities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from ospo_metrics import readings, words
from ospo_metrics.catalog import Metric
from ospo_metrics.lift import false_discovery
from ospo_metrics.readings import PROGRAM, About, Numbers
from ospo_metrics.words import Number

MOST_FALSE = 0.1
"""What share of the changes told may be chance."""

OLDEST_CHANGE_DAYS = 400


@dataclass(frozen=True, slots=True)
class Change:
    """One period against the one before it; `q` is the share of changes up to this one that may be chance."""

    metric: Metric
    about: About
    now: Number
    before: Number
    q: float

    @property
    def is_better(self) -> bool:
        return ((self.now.value or 0) > (self.before.value or 0)) == (self.metric.direction == "up")


@dataclass(frozen=True, slots=True)
class Changes:
    """How many numbers were compared, those that differ for sure, and of these the ones to tell, in order."""

    compared: int
    sure: Sequence[Change]
    told: Sequence[Change]


def read(connection: duckdb.DuckDBPyConnection) -> Changes:
    """Compare what a published file holds of the program and its communities."""
    abouts = [PROGRAM, *readings.communities(connection)]
    numbers = readings.numbers(connection, ["program", "community"], only_headlines=True)
    compared = list(
        _compared(readings.metrics(connection), numbers, abouts, readings.build(connection).today)
    )
    sure = [change for change in compared if change.q <= MOST_FALSE]
    return Changes(len(compared), sure, _in_order(sure, abouts))


def how_sure(found: Changes) -> str:
    """How many numbers were compared, how many of them differ for sure, and what is still left to chance."""
    if not found.compared:
        return "No number with a range can be compared with a period before it yet."
    compared, sure = words.count(found.compared), words.count(len(found.sure))
    told = (
        f"{sure} {'differs' if len(found.sure) == 1 else 'differ'} by more than chance explains, with all "
        f"{compared} looked at together: of such findings about one in ten may be chance. For all others "
        "chance is explanation enough."
        if found.sure
        else "None differs by more than chance explains."
    )
    were = "number was" if found.compared == 1 else "numbers were"
    return f"{compared} {were} compared with the period before. {told}"


def _compared(
    metrics: Mapping[str, Metric], numbers: Numbers, abouts: Sequence[About], today: date
) -> Iterator[Change]:
    """Of what has a better and a worse, the newest 12 months against those before, and where that cannot be told the
    newest month; of the program both.

    The fewer pairs are looked at, the smaller a change may be that shows.
    """
    pairs = []
    for metric in metrics.values():
        if metric.direction == "context":
            continue
        for about in abouts:
            mine = numbers.get((metric.metric, about.kind, about.id), ())
            found = [
                (metric, about, *pair)
                for is_month in (False, True)
                if (pair := _newest_pair(mine, is_month, today)) and words.chance(metric, *pair) is not None
            ]
            pairs += found if about == PROGRAM else found[:1]
    chances = [(each, p) for each in pairs if (p := words.chance(each[0], *each[2:])) is not None]
    for (each, _), q in zip(chances, false_discovery([p for _, p in chances]), strict=True):
        yield Change(*each, q)


def _newest_pair(numbers: Sequence[Number], is_month: bool, today: date) -> tuple[Number, Number] | None:
    """The newest period of this length of which it is not too early to speak, and the one before it."""
    steps = [
        number
        for number in numbers
        if number.is_month == is_month and number.period_end <= today and number.status != "too_early"
    ]
    if not steps or steps[-1].period_end < today - timedelta(days=OLDEST_CHANGE_DAYS):
        return None
    now = steps[-1]
    before = next(
        (one for one in steps if one.period_end == now.period_start and one.grain == now.grain), None
    )
    return (now, before) if before else None


def _in_order(changes: Sequence[Change], abouts: Sequence[About]) -> list[Change]:
    """Worse before better, the program first, months before years; of each metric one that is worse, and one better."""
    place = {about: number for number, about in enumerate(abouts)}
    ordered = sorted(
        changes,
        key=lambda c: (c.is_better, place[c.about], not c.now.is_month, round(c.q, 9), c.metric.metric),
    )
    first: dict[tuple[str, bool], Change] = {}
    for change in ordered:
        first.setdefault((change.metric.metric, change.is_better), change)
    return list(first.values())
