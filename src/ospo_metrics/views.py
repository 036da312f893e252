"""One metric of one scope, as its place on a page needs it: an answer, numbers in large type, charts, tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ospo_metrics import (
    behind,
    charts,
    cohort_charts,
    curve_charts,
    lift_charts,
    row_charts,
    week_charts,
    words,
)
from ospo_metrics.behind import Table
from ospo_metrics.catalog import Metric
from ospo_metrics.chart_style import Figure, meaning
from ospo_metrics.row_charts import Panel, Row
from ospo_metrics.site_data import Occasion, Published, Scope
from ospo_metrics.words import Number

MOST_FACTS = 6
"""Segments in large type; where there are more, a chart ranks them."""

MOST_OCCASIONS = 25
"""Events and campaigns a page lists, the newest; each has a page of its own, and one page has them all."""

_OF_CAMPAIGNS = ("campaign_lift", "attention_half_life")
"""What is asked of campaigns first, and of events as well."""

_MOST_UNKNOWN = 3
"""Lines without a number that a chart of segments names; where there are more, only the table does."""

_FEW_OCCASIONS = 5
"""How many of them stand open; the others unfold."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence, split around the number that is set in bold; `about` is the event or campaign it is about."""

    before: str
    amount: str
    after: str
    about: str = ""
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell of a table."""

    value: str
    range: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart with its name on the page, its text for who does not see it, and the words below it."""

    id: str
    figure: Figure
    alternative: str
    caption: str

    @property
    def has_lane(self) -> bool:
        return "lane" in self.figure["layout"]["meta"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a metric says of a scope in words: the number of each segment, the main one, and what it is about."""

    numbers: Sequence[Number]
    main: Number | None
    inside: str
    occasion: Occasion | None = None
    scope_kind: str = "program"


def headline(metric: Metric, numbers: Iterable[Number], today: date, segment: str = "") -> Number | None:
    """The number to speak of: the newest finished year that is known, else the newest month.

    What is withheld or refused for the newest year stays the answer, with its reason; what is too early or
    has no data yet gives way to the newest period that has a number.
    """
    wanted = segment or metric.headline_segment
    newest_first = sorted(
        (
            number
            for number in numbers
            if number.segment == wanted and not charts.is_incomplete(number, today)
        ),
        key=lambda number: (not number.is_month, number.period_end),
        reverse=True,
    )
    settled = (
        number
        for number in newest_first
        if number.status not in ("too_early", "no_data")
        and not (number.is_month and metric.kind == "proportion")  # a month's few people are no headline
    )
    nothing = (number for number in newest_first if number.status == "no_data")
    return next(settled, None) or next(nothing, None) or next(iter(newest_first), None)


def before(number: Number, numbers: Iterable[Number]) -> Number | None:
    """The period of the same length that ends where this one starts."""
    return next(
        (
            other
            for other in numbers
            if other.segment == number.segment
            and other.period_end == number.period_start
            and other.grain == number.grain
        ),
        None,
    )


def spoken(published: Published, metric: Metric, scope: Scope) -> Spoken:
    """The numbers to speak of: over time where there are any, else of the newest event or campaign that can be told."""
    numbers = published.of(metric.metric, scope)
    if numbers:
        by_segment = _by_segment(numbers)
        found = [
            number
            for segment in _segments(metric, by_segment)
            if (number := headline(metric, by_segment[segment], published.today, segment)) is not None
        ]
        return Spoken(found, _main(metric, found), scope.inside)
    occasions = published.occasions_of(metric.metric, scope)
    if not occasions:
        return Spoken((), None, scope.inside, scope_kind=scope.kind)
    if metric.metric in _OF_CAMPAIGNS:
        occasions.sort(key=lambda occasion: occasion.kind != "campaign")
    told = [(occasion, of_occasion(published, metric, occasion)) for occasion in occasions]
    settled = [pair for pair in told if (main := _main(metric, pair[1])) and not _is_open(main)]
    occasion, found = (settled or told)[0]
    return Spoken(found, _main(metric, found), occasion.name, occasion)


def of_occasion(published: Published, metric: Metric, occasion: Occasion) -> list[Number]:
    """The number of each segment for one event or campaign."""
    by_segment = _by_segment(published.of(metric.metric, occasion))
    return [by_segment[segment][-1] for segment in _segments(metric, by_segment)]


def answer(metric: Metric, said: Spoken, asked: str = "") -> Answer:
    """The sentence of the main number, or why there is none; `asked` is the question that stands above it already."""
    about = f"{said.occasion.name}, {said.occasion.month}" if said.occasion else ""
    if said.main is None:
        text, _ = words.unknown(metric, said.scope_kind)
    else:
        text = words.sentence(metric, said.main, said.inside)
    if said.main is None or not said.main.is_ok:
        told = text if metric.title == asked else words.about(metric.title, text)
        return Answer(told, "", "", about, is_known=False)
    amount = words.amount(metric, said.main)
    shown = amount if amount in text else words.upper_first(amount)
    if said.main.value is None or shown not in text:
        return Answer(text, "", "", about)
    start, end = text.split(shown, 1)
    return Answer(start, shown, end, about)


def state(metric: Metric, number: Number | None, scope_kind: str = "") -> dict[str, str]:
    """Why there is no number, and what would make one available."""
    status = number.status if number else "no_data"
    reason, remedy = words.unknown(metric, scope_kind)
    if number and number.is_ok:
        return {"status": "too_early", "title": "Not reached", "reason": "", "remedy": ""}
    if number and words.is_no_change(number):
        title, _, why = words.reason(number).partition(": ")
        return {"status": status, "title": title, "reason": words.upper_first(why), "remedy": ""}
    opening = words.WITHOUT_NUMBER.get(status, words.WITHOUT_NUMBER["no_data"])[0]
    return {
        "status": status if status in words.WITHOUT_NUMBER else "no_data",
        "title": opening,
        "reason": words.reason(number) if number else reason,
        "remedy": words.remedy(status, words.reason(number)) if number else remedy,
    }


def part(
    published: Published,
    metric: Metric,
    scope: Scope,
    others: Sequence[tuple[str, str, Sequence[Scope]]] = (),
    *,
    has_marks: bool = False,
) -> tuple[dict[str, Any], list[Drawing]]:
    """What the template of a metric's place shows for one scope, and its charts.

    `others` are scopes to compare with in a table each: its heading, what a row is called, and the scopes.
    """
    numbers = published.of(metric.metric, scope)
    said = spoken(published, metric, scope)
    shown = charts.series(metric, numbers)
    drawings = _over_time(published, metric, shown, has_marks=has_marks)
    drawings += _by_week(published, metric, scope, has_marks=has_marks)
    ranking = _ranking(published, metric, said)
    if ranking["rows"]:
        drawings += _ranked(metric, said, ranking)
    occasions = published.occasions_of(metric.metric, scope)
    drawings += _of_occasions(published, metric, occasions)
    featured = said.occasion or _featured(published, metric, occasions)
    drawings += _evidence(published, metric, scope, said, featured)
    own = [number for number in said.numbers if number.segment in metric.segments]
    facts = own if len(own) <= MOST_FACTS else _few(metric, said, shown)
    found: dict[str, Any] = {
        "scope": scope,
        "about": said.occasion,
        "is_told": any(number.is_ok for number in said.numbers),
        "facts": [fact(published, metric, number) for number in facts],
        "state": _one_state(metric, said),
        "differences": _differences(metric, said, numbers, published.today),
        "sentences": [words.sentence(metric, number, said.inside) for number in facts if number.is_ok],
        "drawings": drawings,
        "table": time_table(metric, shown),
        "ranking": ranking,
        "behind": _behind(published, metric, said),
        "curve": _curve_table(published, metric, scope, said, featured),
        "others": [_others(published, metric, *other) for other in others],
        "occasions": _occasion_rows(published, metric, occasions)
        | {"is_drawn": any(drawing.id == "occasions" for drawing in drawings)},
        "has_basis": bool(metric.of),
    }
    return found, drawings


def fact(published: Published, metric: Metric, number: Number) -> dict[str, Any]:
    """One segment's number as it stands in large type, with its range, its basis and its time below."""
    between = words.is_between(metric, number)
    told = words.amount(metric, number) if number.has_value else words.short(metric, number)
    value, _, unit = told.partition(words.NBSP)
    if not number.has_value or unit == "%":
        value, unit = told, ""
    details = [
        "" if between else words.bounds(metric, number, named=True),
        words.basis(metric, number),
        "" if number.scope_kind in ("event", "campaign") else _when(number),
    ]
    return {
        "label": label(published, metric, number.segment),
        "meaning": meaning(number.segment),
        "is_known": number.has_value or between,
        "status": "" if number.is_ok else state(metric, number)["status"],
        "value": value,
        "unit": unit,
        "details": [text for text in details if text] if number.is_ok else [words.reason(number)],
    }


def label(published: Published, metric: Metric, segment: str) -> str:
    """What readers call a segment; one that is no word of ours is the name of a community, or a label from outside."""
    if segment in metric.segments:
        return metric.segments[segment]
    return published.names.get(segment) or words.name(segment)


def entry(metric: Metric, number: Number | None) -> Entry:
    """A number as a cell of a table."""
    if number is None:
        return Entry("no data", "", is_known=False)
    bounds = words.bounds(metric, number) if number.value is not None else ""
    return Entry(words.short(metric, number), bounds, is_known=number.is_ok)


def time_table(metric: Metric, series: Mapping[str, Sequence[Number]]) -> dict[str, Any]:
    """The numbers over time, a row for each period, the newest first."""
    shown = dict(list(series.items())[: charts.MOST_PANELS])
    by_period: dict[tuple[date, date], dict[str, Number]] = defaultdict(dict)
    for segment, row in shown.items():
        for number in row:
            by_period[number.period_start, number.period_end][segment] = number
    first = next(iter(by_period), None)
    months = words.whole_months(*first) if first else 0
    return {
        "heading": "Month" if months == 1 else f"{months} months to" if months else "Period",
        "labels": [words.label(metric, segment) for segment in shown],
        "rows": [
            {
                "period": words.month(end - timedelta(days=1)) if months else _days(start, end),
                "end": (end - timedelta(days=1)).isoformat()[:7],
                "cells": [entry(metric, found.get(segment)) for segment in shown],
            }
            for (start, end), found in sorted(by_period.items(), reverse=True)
        ],
    }


def _by_segment(numbers: Iterable[Number]) -> dict[str, list[Number]]:
    found: dict[str, list[Number]] = defaultdict(list)
    for number in numbers:
        found[number.segment].append(number)
    return found


def _segments(metric: Metric, known: Mapping[str, object]) -> list[str]:
    """The segments there are, those of the metric's own words first."""
    own = [segment for segment in metric.segments if segment in known]
    return own + sorted(segment for segment in known if segment not in metric.segments)


def _main(metric: Metric, numbers: Iterable[Number]) -> Number | None:
    return next((number for number in numbers if number.segment == metric.headline_segment), None)


def _is_open(number: Number) -> bool:
    return number.status in ("too_early", "no_data")


def _few(metric: Metric, said: Spoken, shown: Mapping[str, Sequence[Number]]) -> list[Number]:
    """Where there are too many for large type: those told over time, else the main number and the pair compared."""
    steady = [number for number in said.numbers if number.segment in shown]
    if 0 < len(steady) <= MOST_FACTS:
        return steady
    wanted = {metric.headline_segment, *metric.compare}
    return [number for number in said.numbers if number.segment in wanted]


def _one_state(metric: Metric, said: Spoken) -> dict[str, str] | None:
    """Where no number is known and all for the same reason, that reason, to be told once."""
    if any(number.is_ok for number in said.numbers):
        return None
    reasons = {(number.status, number.reason) for number in said.numbers}
    if len(reasons) > 1:
        return None
    return state(metric, said.main or next(iter(said.numbers), None), said.scope_kind)


def _over_time(
    published: Published, metric: Metric, series: Mapping[str, Sequence[Number]], *, has_marks: bool
) -> list[Drawing]:
    figure = charts.draw(metric, series, published.today, has_marks=has_marks)
    if figure is None:
        return _few_periods(metric, series)
    low = cohort_charts.LOW if metric.chart == "cohort" else ""
    caption = " ".join(filter(None, [metric.how_to_read, low, charts.not_drawn(metric, series)]))
    return [Drawing("time", figure, charts.alternative(metric, series), caption)]


def _by_week(published: Published, metric: Metric, scope: Scope, *, has_marks: bool) -> list[Drawing]:
    weeks = published.weeks.get((metric.metric, scope.kind, scope.id), ())
    figure = week_charts.figure(metric, weeks, has_marks=has_marks)
    if figure is None:
        return []
    caption = (
        "Weeks from Monday to Sunday. The line is the mean of a week and the seven before it: a single week "
        "says little, and a change that stays moves the line."
    )
    return [Drawing("weeks", figure, week_charts.alternative(metric, weeks), caption)]


def _few_periods(metric: Metric, series: Mapping[str, Sequence[Number]]) -> list[Drawing]:
    """Two or three periods make no chart over time: a line for each, or for each segment where there is but one."""
    shown = dict(list(series.items())[: charts.MOST_PANELS])
    every = [number for row in shown.values() for number in row]
    if not every or charts.periods(shown) >= charts.FEWEST_PERIODS:
        return []
    if charts.periods(shown) == 1:
        rows = [Row(words.label(metric, segment), "", None, row[-1]) for segment, row in shown.items()]
        panels = [Panel(_when(every[0]), metric.headline_segment, rows)]
    else:
        panels = [
            Panel(
                words.label(metric, segment),
                segment,
                [Row(_when(number), "", None, number) for number in reversed(row)],
            )
            for segment, row in shown.items()
        ]
    figure = row_charts.figure(metric, panels)
    if figure is None:
        return []
    return [Drawing("periods", figure, row_charts.alternative(metric, panels), metric.how_to_read)]


def _ranking(published: Published, metric: Metric, said: Spoken) -> dict[str, Any]:
    """Where there are many segments, or some that are no words of ours: all of one period, the largest first."""
    others = [number for number in said.numbers if number.segment not in metric.segments]
    if not others and len(said.numbers) > MOST_FACTS:
        others = [number for number in said.numbers if number.segment != metric.headline_segment]
    if not others or said.main is None:
        return {"rows": []}
    period = (said.main.period_start, said.main.period_end)
    same = [number for number in others if (number.period_start, number.period_end) == period]
    same.sort(key=lambda number: (not number.has_value, -(number.value or 0.0)))
    if not any(number.has_value for number in same):
        return {"rows": []}
    named = [(label(published, metric, number.segment), number) for number in same]
    drawn = [pair for pair in named if charts.is_drawn(metric, pair[1])]
    left_out = len(named) - len(drawn)
    return {
        "when": _when(said.main),
        "rows": [
            {
                "name": name,
                "entry": entry(metric, number),
                "basis": words.basis(metric, number),
                "reason": "" if number.is_ok else words.reason(number),
            }
            for name, number in _told_once(named)
        ],
        "panels": _grouped(drawn if left_out > _MOST_UNKNOWN else named),
        "left_out": left_out if left_out > _MOST_UNKNOWN else 0,
    }


def _told_once(named: Sequence[tuple[str, Number]]) -> list[tuple[str, Number]]:
    """Lines that lack a number for the same reason are one, where their names begin alike."""
    found: dict[tuple[str | None, ...], list[tuple[str, Number]]] = defaultdict(list)
    for name, number in named:
        title, _, rest = name.partition(", ")
        alike = (number.segment,) if number.is_ok else (title if rest else "", number.status, number.reason)
        found[alike].append((name, number))
    return [(_names([name for name, _ in same]), same[0][1]) for same in found.values()]


def _names(names: Sequence[str]) -> str:
    """Several names that begin alike, with their beginning once: `First touch: print; a chat`."""
    title, _, rest = names[0].partition(", ")
    if len(names) == 1 or not rest:
        return "; ".join(names)
    return f"{title}: {'; '.join(name.partition(', ')[2] for name in names)}"


def _grouped(named: Sequence[tuple[str, Number]]) -> list[Panel]:
    """A panel for each beginning that three labels or more have in common before a comma: `First touch, an event`."""
    groups: dict[str, list[tuple[str, Number]]] = defaultdict(list)
    for name, number in named:
        title, _, rest = name.partition(", ")
        groups[title if rest else ""].append((words.upper_first(rest) or name, number))
    shared = {title: rows for title, rows in groups.items() if title and len(rows) >= 3}
    apart = [(name, number) for name, number in named if name.partition(", ")[0] not in shared]
    if len(shared) + bool(apart) < 2 and apart:
        shared, apart = {}, list(named)
    panels = {"": apart} | shared if apart else shared
    return [
        Panel(title, _common(rows), [Row(name, "", None, number) for name, number in rows])
        for title, rows in panels.items()
    ]


def _common(rows: Sequence[tuple[str, Number]]) -> str:
    """The segment whose colour a panel has; where its lines mean different people, that of everybody."""
    found = {meaning(number.segment) for _, number in rows}
    return rows[0][1].segment if len(found) == 1 else ""


def _ranked(metric: Metric, said: Spoken, ranking: Mapping[str, Any]) -> list[Drawing]:
    figure = row_charts.figure(metric, ranking["panels"])
    if figure is None or said.main is None:
        return []
    caption = f"{_when(said.main)}, the largest first." if said.occasion is None else "The largest first."
    if ranking["left_out"]:
        caption += f" {ranking['left_out']} more have no number; the table says why."
    return [Drawing("ranked", figure, row_charts.alternative(metric, ranking["panels"]), caption)]


def _of_occasions(published: Published, metric: Metric, occasions: Sequence[Occasion]) -> list[Drawing]:
    rows = [
        (occasion, {number.segment: number for number in of_occasion(published, metric, occasion)})
        for occasion in occasions[:MOST_OCCASIONS]
    ]
    segments = [
        segment
        for segment in metric.segments
        if any(segment in found and charts.is_drawn(metric, found[segment]) for _, found in rows)
    ]
    if len(segments) > 4:
        segments = [metric.headline_segment]
    panels = [
        Panel(
            words.label(metric, segment),
            segment,
            [
                Row(occasion.name, occasion.month, occasion.starts_on, found.get(segment))
                for occasion, found in rows
            ],
        )
        for segment in segments
    ]
    figure = row_charts.figure(metric, panels)
    if figure is None:
        return []
    has_ranges = any(
        number.lower is not None for _, found in rows for number in found.values() if number.is_ok
    )
    caption = f"The newest first{'; a line is the range' if has_ranges else ''}."
    return [Drawing("occasions", figure, row_charts.alternative(metric, panels), caption)]


def _featured(published: Published, metric: Metric, occasions: Sequence[Occasion]) -> Occasion | None:
    """The newest event or campaign that can be told."""
    for occasion in occasions:
        main = _main(metric, of_occasion(published, metric, occasion))
        if main and not _is_open(main):
            return occasion
    return None


def _evidence(
    published: Published,
    metric: Metric,
    scope: Scope,
    said: Spoken,
    featured: Occasion | None,
) -> list[Drawing]:
    """What stands behind the number: its curve, or the days of a campaign and the ordinary dates."""
    found: list[Drawing] = []
    if said.main is not None and said.occasion is None:
        found += curve(published, metric, scope, said.main)
    if featured:
        found += evidence_of(published, metric, featured)
    return found


def evidence_of(published: Published, metric: Metric, occasion: Occasion) -> list[Drawing]:
    """The curve of one event or campaign, or its days and the ordinary dates."""
    main = _main(metric, of_occasion(published, metric, occasion))
    found = curve(published, metric, occasion, main) if main else []
    for segment in metric.segments:
        lift = published.lifts.get((metric.metric, occasion.kind, occasion.id, segment))
        number = next(
            (one for one in of_occasion(published, metric, occasion) if one.segment == segment), None
        )
        if lift is None or not (segment == metric.headline_segment or (number and number.is_ok)):
            continue
        text = lift_charts.alternative(lift)
        verdict = "" if number is None else words.sentence(metric, number, occasion.name)
        days, dates = lift_charts.days(lift), lift_charts.ordinary_dates(lift)
        caption = f"{occasion.name}, {occasion.when}. {verdict}"
        if days:
            found.append(Drawing(f"days-{segment}", days, text, caption))
        if dates:
            found.append(
                Drawing(
                    f"dates-{segment}",
                    dates,
                    text,
                    "A mark within the columns is what happens anyway; one far beyond them is more than chance.",
                )
            )
    return found


def _behind(published: Published, metric: Metric, said: Spoken) -> list[Table]:
    """The tables behind the main number, of its own period where they have it."""
    if said.main is None:
        return []
    key = (metric.metric, said.main.scope_kind, said.main.scope_id)
    period = (said.main.period_start, said.main.period_end)
    found = (behind.table(one, metric, period, published.called) for one in published.behind.get(key, ()))
    return [table for table in found if table is not None]


def _curve_table(
    published: Published, metric: Metric, scope: Scope, said: Spoken, featured: Occasion | None
) -> dict[str, Any]:
    """The drawn curve at a few days, for who wants its numbers."""
    about: Scope | Occasion = scope
    main = said.main if said.occasion is None else None
    if main is None and featured is not None:
        about, main = featured, _main(metric, of_occasion(published, metric, featured))
    if main is None:
        return {"labels": [], "rows": []}
    curves = published.curves.get(
        (metric.metric, about.kind, about.id, main.period_start, main.period_end), {}
    )
    return {"labels": curve_charts.labels(metric, curves), "rows": curve_charts.table(metric, curves)}


def curve(published: Published, metric: Metric, scope: Scope | Occasion, main: Number) -> list[Drawing]:
    """The survival curve behind a number, where there is one."""
    curves = published.curves.get(
        (metric.metric, scope.kind, scope.id, main.period_start, main.period_end), {}
    )
    figure = curve_charts.figure(metric, curves)
    if figure is None:
        return []
    caption = "The band is the 95 % range. A curve ends where nobody could be followed any longer."
    return [Drawing("curve", figure, curve_charts.alternative(metric, curves), caption)]


def _differences(metric: Metric, said: Spoken, numbers: Sequence[Number], today: date) -> list[str]:
    main, texts = said.main, []
    if main and said.occasion is None and (change := words.change(metric, main, before(main, numbers))):
        texts.append(f"{words.label(metric, metric.headline_segment)}: {words.lower_first(change)}")
    by_segment = {number.segment: number for number in said.numbers}
    pair = [by_segment[segment] for segment in metric.compare if segment in by_segment]
    if len(pair) == 2 and pair[0].period_end == pair[1].period_end:
        texts += [text] if (text := words.compare(metric, *pair)) else []
    if main and said.occasion is None and (later := _later(main, numbers, today)):
        texts.append(words.pending(later))
    return texts


def _later(main: Number, numbers: Sequence[Number], today: date) -> Number | None:
    """The newest finished period of the same length, where it had to give way to an older one."""
    newest = max(
        (
            number
            for number in numbers
            if number.segment == main.segment
            and number.is_month == main.is_month
            and not charts.is_incomplete(number, today)
        ),
        key=lambda number: number.period_end,
        default=main,
    )
    return newest if newest.period_end > main.period_end else None


def _others(
    published: Published, metric: Metric, heading: str, what: str, scopes: Sequence[Scope]
) -> dict[str, Any]:
    """The main number of each of several scopes, in the order in which they come."""
    rows = [_other_row(published, metric, scope) for scope in scopes if published.of(metric.metric, scope)]
    return {"heading": heading, "what": what, "rows": rows}


def _other_row(published: Published, metric: Metric, scope: Scope) -> dict[str, Any]:
    number = headline(metric, published.of(metric.metric, scope), published.today)
    row: dict[str, Any] = {
        "scope": scope,
        "entry": entry(metric, number),
        "when": "",
        "basis": "",
        "reason": "",
    }
    if number is None:
        return row | {"reason": "Nothing is known yet."}
    if not number.is_ok:
        return row | {"reason": words.sentence(metric, number, scope.inside)}
    return row | {"when": _when(number), "basis": words.basis(metric, number)}


def _occasion_rows(published: Published, metric: Metric, occasions: Sequence[Occasion]) -> dict[str, Any]:
    """A row for each event or campaign: its number with range and basis, in a sentence, or why there is none."""
    rows = []
    for occasion in occasions[:MOST_OCCASIONS]:
        main = _main(metric, of_occasion(published, metric, occasion))
        text = words.sentence(metric, main, occasion.name) if main else "Nothing is known yet."
        if main is not None and not main.is_ok:
            text = words.reason(main)
        rows.append(
            {
                "occasion": occasion,
                "entry": entry(metric, main),
                "basis": words.basis(metric, main) if main else "",
                "text": text,
            }
        )
    return {
        "rows": rows,
        "open": _FEW_OCCASIONS,
        "more": max(0, len(occasions) - MOST_OCCASIONS),
        "what": _what(occasions),
    }


def _what(occasions: Sequence[Occasion]) -> str:
    kinds = {occasion.kind for occasion in occasions}
    return "Event or campaign" if len(kinds) > 1 else "Campaign" if kinds == {"campaign"} else "Event"


def _when(number: Number) -> str:
    when = words.in_period(number.period_start, number.period_end)
    return words.upper_first(when.removeprefix("in ").removeprefix("from ").removeprefix("the "))


def _days(start: date, end: date) -> str:
    return f"{words.day(start)} to {words.day(end - timedelta(days=1))}"
