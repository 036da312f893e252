"""The last three months that are known in five sentences at most, each with the page that shows it.

Nothing is chosen by taste: what came of the goals, the first number that got worse by more than chance explains and the
first that got better, the newest event and the newest campaign of which something can be told; and where that is fewer
than five, what the pages say first, in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ospo_metrics import goals_page, views, words
from ospo_metrics.catalog import Metric
from ospo_metrics.changes import OLDEST_CHANGE_DAYS, Change
from ospo_metrics.site_data import Published, Scope
from ospo_metrics.views import Answer
from ospo_metrics.words import Number

MOST = 5
_EVENT, _CAMPAIGN = "event_follow_through_30d", "campaign_lift"
_NUMBERS = ("no", "one", "two", "three", "four", "five")


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence: what it is about in a few words, what stands small below it, and the page that shows more."""

    lead: str
    answer: Answer
    more: str
    href: str
    page: str


def period(published: Published) -> tuple[date, date]:
    """The three months that end with the newest one that is over and known; the end is exclusive."""
    known = [
        number.period_end
        for row in _months(published)
        for number in row
        if number.status not in ("too_early", "no_data") and number.period_end <= published.today
    ]
    end = max(known, default=published.today).replace(day=1)
    months = end.year * 12 + end.month - 1
    return date((months - 3) // 12, (months - 3) % 12 + 1, 1), end


def held_back(published: Published) -> str:
    """Why there is nothing newer to tell, although a later month is over: which source is behind."""
    _, end = period(published)
    waiting = (
        number
        for row in _months(published)
        for number in row
        if number.period_start == end
        and number.period_end <= published.today
        and number.status == "too_early"
    )
    return next((words.reason(number) for number in waiting), "")


def _months(published: Published) -> list[list[Number]]:
    """Of what each page tells first of the program, the months."""
    program = published.scopes[0]
    return [
        [number for number in published.of(page.metrics[0], program) if number.is_month]
        for page in published.pages
        if page.metrics and page.about == "communities"
    ]


def heading(published: Published, count: int) -> str:
    """What the sentences are called: "August to October 2026 in five sentences"."""
    start, end = period(published)
    told = f"{_NUMBERS[count]} {'sentence' if count == 1 else 'sentences'}"
    return f"{words.months(start, end - timedelta(days=1))} in {told}"


def sentences(published: Published) -> list[Said]:
    """What the quarter comes to."""
    told = _told(published)
    found = [*_goals(published), *_changes(published, told), *_newest(published)]
    known = {change.metric.metric for change in told}
    found += [said for metric, said in _usual(published) if metric not in known]
    return found[:MOST]


def _goals(published: Published) -> Iterator[Said]:
    if published.goals:
        verdicts = goals_page.verdicts(published.goals)
        yield Said("Goals", goals_page.summary(published.goals), verdicts, "goals.html", "Goals")


def _told(published: Published) -> list[Change]:
    """Of the changes that end within the quarter, the first that is worse and the first that is better."""
    start, end = period(published)
    recent = [change for change in published.changes.told if start < change.now.period_end <= end]
    worse = [change for change in recent if not change.is_better][:1]
    return worse + [change for change in recent if change.is_better][:1]


def _changes(published: Published, told: Sequence[Change]) -> Iterator[Said]:
    for change in told:
        metric, now = change.metric, change.now
        scope = Scope(change.about.kind, change.about.id, change.about.name, change.about.name)
        answer = views.answer(metric, views.Spoken([now], now, change.about.name))
        page, title = _home(published, metric.metric)
        href = f"{page}.html#{metric.metric if scope.kind == 'program' else scope.key}" if page else ""
        lead = f"{'Better' if change.is_better else 'Worse'}, by more than chance"
        yield Said(lead, answer, words.change(metric, now, change.before), href, title)
    _, end = period(published)
    is_compared = published.changes.compared and published.today - end <= timedelta(days=OLDEST_CHANGE_DAYS)
    if is_compared and not published.changes.told:
        count = f"{words.count(published.changes.compared)} numbers"
        rest = " that can be compared with the period before differs by more than chance explains."
        yield Said("Changes", Answer("None of ", count, rest), "", "", "")


def _newest(published: Published) -> Iterator[Said]:
    """The newest event, and the newest campaign, of which something can be told."""
    for kind, name in (("event", _EVENT), ("campaign", _CAMPAIGN)):
        metric = published.metrics.get(name)
        if metric is None:
            continue
        for occasion in published.told.get(name, ()):
            numbers = views.of_occasion(published, metric, occasion)
            main = next((one for one in numbers if one.segment == metric.headline_segment), None)
            if occasion.kind != kind or main is None or main.status in ("too_early", "no_data"):
                continue
            answer, more = views.answer(metric, views.Spoken(numbers, main, occasion.name)), ""
            if not main.is_ok:
                answer, more = _in_two(words.reason(main))
            lead = f"The newest {kind} that can be told: {occasion.name}, {occasion.month}"
            yield Said(lead, answer, more, f"{occasion.page}.html", occasion.name)
            break


def _in_two(reason: str) -> tuple[Answer, str]:
    """Why there is no number: its first sentence, and the rest."""
    first, *rest = re.split(r"(?<=[.!?]) (?=[A-Z])", reason, maxsplit=1)
    return Answer(first, "", "", is_known=False), " ".join(rest)


def _usual(published: Published) -> Iterator[tuple[str, Said]]:
    """What each page says first of the program, where it is of the quarter."""
    program, (start, _) = published.scopes[0], period(published)
    for page in published.pages:
        for name in page.metrics[:1] if page.about == "communities" else ():
            metric = published.metrics[name]
            if metric.direction == "context":
                continue
            said = views.spoken(published, metric, program)
            if said.main is None or not said.main.has_value or said.main.period_end <= start or said.occasion:
                continue
            change = _change(published, metric, said.main)
            yield (
                name,
                Said(
                    page.question, views.answer(metric, said), change, f"{page.page}.html#{name}", page.title
                ),
            )


def _change(published: Published, metric: Metric, now: Number) -> str:
    """How a number of the program compares with the period before, unless that may be chance among so many."""
    before = views.before(now, published.of(metric.metric, published.scopes[0]))
    p = words.chance(metric, now, before) if before else None
    is_sure = any(change.metric == metric and change.now == now for change in published.changes.sure)
    return words.change(metric, now, before) if is_sure or p is None or p >= 0.05 else ""


def _home(published: Published, metric: str) -> tuple[str, str]:
    """The first page about communities that shows a metric, and what it is called."""
    return next(
        (
            (page.page, page.title)
            for page in published.pages
            if page.about == "communities" and metric in page.metrics
        ),
        ("", ""),
    )
