"""A metric of one scope over time: a panel for each segment, uncertainty drawn, gaps explained."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby, pairwise

from ospo_metrics import cohort_charts, locales, words
from ospo_metrics.catalog import Metric
from ospo_metrics.chart_style import (
    BELOW_INK,
    COLOURS,
    GAP,
    INK,
    LONGEST_LINE,
    MUTED,
    PALE,
    Figure,
    axis_name,
    head,
    heading,
    meaning,
    plain,
    rounded,
    title_height,
    wrapped,
)
from ospo_metrics.scales import Scale, scale
from ospo_metrics.words import Number

LONGEST_SERIES = 60
"""Months a chart shows at most; older ones are in the published file."""

FEWEST_PERIODS = 4
"""Periods that make a chart over time; fewer are lines with their numbers beside them."""

MOST_PANELS = 6
"""Segments a chart over time shows at most, the first of the metric's own order; its table shows them all."""

FEWEST_SHARE = 0.25
"""How many periods with a number a segment needs for its own panel, of those that the best known segment has."""

LANE = 20
"""Pixels above the first panel for the marks of events, campaigns and releases."""

_FEWEST_KNOWN = 2
"""Periods with a number that make a chart over time: the only one there is stands above it in large type."""

_DAY_MS = 86_400_000
_BOTTOM = 46
_HEIGHTS = {"bars": 210, "line": 170}
_HEIGHT = 150
_SMALLEST_PANEL = 46
_MUCH_LONGER = 3  # times as long
_LETTERS_ACROSS = 60  # of a label, from one end of the time to the other
_AS_OF_LETTERS = 14
"""Letters that the day up to which the data tell takes of the first line of a heading."""
_ORDER = ("month", "quarter", "year", "span")


@dataclass(frozen=True, slots=True)
class _Panel:
    segment: str
    label: str
    heading: str
    colour: str
    numbers: Sequence[Number]
    scale: Scale
    height: float
    axis: str
    width: int
    """How many days a number has along the axis: its period, or the step where periods overlap."""
    is_flat: bool
    """Whether there is nothing but zeros and gaps, so that a low strip says it all."""

    def x(self, number: Number) -> str:
        """Where the point of a period stands: in its middle, or in that of its last month where periods overlap."""
        if number.grain == "month" or self.width < 0.9 * number.days:
            last = number.period_end - timedelta(days=1)
            return last.replace(day=min(16, last.day)).isoformat()
        return (number.period_start + timedelta(days=number.days // 2)).isoformat()


def figure(
    metric: Metric, numbers: Sequence[Number], as_of: date, *, has_marks: bool = False
) -> Figure | None:
    """Draw one metric of one scope over time; None where no period, or a single one, has a number to draw.

    `numbers` are the rows of that metric and scope, in any order; `as_of` is the day up to which they tell. With marks
    there is a lane above the panels for what `marks` draws; the page's script puts it there.
    """
    return draw(metric, series(metric, numbers), as_of, has_marks=has_marks)


def draw(
    metric: Metric, shown: Mapping[str, Sequence[Number]], as_of: date, *, has_marks: bool = False
) -> Figure | None:
    """Draw what `series` found."""
    known = {number.period_end for row in shown.values() for number in row if is_drawn(metric, number)}
    if len(known) < _FEWEST_KNOWN or periods(shown) < FEWEST_PERIODS:
        return None
    shown = panelled(metric, shown)
    if metric.chart == "cohort":
        return cohort_charts.figure(metric, shown, as_of)
    panels = _panels(metric, shown)
    titles = [title_height(panel.heading.count("<br>") + 1) for panel in panels]
    lane = LANE if has_marks else 0
    total = lane + sum(titles) + sum(panel.height for panel in panels) + _BOTTOM
    first = min(_beginning(number, panel.width) for panel in panels for number in panel.numbers)
    last = max(number.period_end for panel in panels for number in panel.numbers)
    layout: Figure = {
        "height": round(total),
        "margin": {"l": 44, "r": _right_margin(metric, panels, as_of), "t": 0, "b": 0},
        "annotations": [],
        "shapes": [],
        "xaxis": {
            "type": "date",
            "range": [first.isoformat(), last.isoformat()],
            "position": rounded(_BOTTOM / total),
            "tickformat": "%b\n%Y",
            "ticklabelmode": "period",
            "nticks": 9,
        },
        "meta": {"kind": "time"},
    }
    data: list[Figure] = []
    reached = total - lane
    for panel, title in zip(panels, titles, strict=True):
        reached -= title
        layout[f"yaxis{panel.axis[1:]}"] = _y_axis(metric, panel, reached, total)
        layout["annotations"] += _labels(metric, panel, as_of)
        layout["shapes"] += _gap_shapes(metric, panel)
        data += _traces(metric, panel, as_of)
        reached -= panel.height
    if lane:
        axis = axis_name(len(panels) + 1)
        layout["meta"]["lane"] = axis
        layout[f"yaxis{axis[1:]}"] = {
            "domain": [rounded((total - lane) / total), 1],
            "range": [0, 1],
            "visible": False,
        }
    top = rounded((total - lane - titles[0]) / total)
    if first < as_of < last:
        layout["shapes"].append(_as_of_line(as_of, top, _BOTTOM / total))
        layout["annotations"].append(_as_of_text(as_of, top, panels[0].heading.split("<br>")))
    return {"data": data, "layout": layout}


def series(metric: Metric, numbers: Sequence[Number]) -> dict[str, list[Number]]:
    """The rows of each segment that make a line over time, of the shortest periods there are.

    Time before the first number and long after the last one is left out.
    """
    grains = {number.grain for number in numbers}
    finest = next((grain for grain in _ORDER if grain in grains), "")
    steps = [number for number in numbers if number.grain == finest]
    known = {number.period_end for number in steps if number.status != "no_data"}
    if not known:
        return {}
    first, last = min(known), max(known) + timedelta(days=380)
    ends = sorted({number.period_end for number in steps if first <= number.period_end <= last})
    kept = set(ends[-LONGEST_SERIES:])
    found: dict[str, list[Number]] = {segment: [] for segment in metric.segments}
    for number in steps:
        if number.period_end in kept and number.segment in found:
            found[number.segment].append(number)
    return {
        segment: sorted(row, key=lambda number: number.period_end) for segment, row in found.items() if row
    }


def panelled(metric: Metric, series: Mapping[str, Sequence[Number]]) -> dict[str, Sequence[Number]]:
    """The segments that have a panel: a strip of nothing but gaps says less than a word below the chart."""
    known = {
        segment: sum(is_drawn(metric, number) for number in row) for segment, row in _first(metric, series)
    }
    fewest = FEWEST_SHARE * max(known.values(), default=0) if metric.chart != "cohort" else 0
    return {
        segment: row
        for segment, row in _first(metric, series)
        if known[segment] and (known[segment] >= fewest or segment == metric.headline_segment)
    }


def not_drawn(metric: Metric, series: Mapping[str, Sequence[Number]]) -> str:
    """Which segments have no panel; nothing where all have one."""
    shown = panelled(metric, series)
    names = [
        f"‘{words.label(metric, segment)}’" for segment, _ in _first(metric, series) if segment not in shown
    ]
    return f"Not drawn, for few periods or none have a number: {words.listed(names)}." if names else ""


def _first(metric: Metric, series: Mapping[str, Sequence[Number]]) -> list[tuple[str, Sequence[Number]]]:
    return list(series.items())[: None if metric.chart == "cohort" else MOST_PANELS]


def periods(shown: Mapping[str, Sequence[Number]]) -> int:
    """How many different periods these numbers have."""
    return len({number.period_end for row in shown.values() for number in row})


def alternative(metric: Metric, series: Mapping[str, Sequence[Number]]) -> str:
    """What the chart of a series shows, for somebody who does not see it."""
    shown = panelled(metric, series)
    unit = scale(metric, (number for row in shown.values() for number in row)).unit
    parts = [f"Chart: {metric.title}, {unit} {step(shown)}."]
    for segment, row in shown.items():
        known = [number for number in row if number.has_value]
        label = words.label(metric, segment)
        if not known:
            parts.append(f"{label}: no period has a best guess.")
            continue
        low = min(known, key=lambda number: number.value or 0.0)
        high = max(known, key=lambda number: number.value or 0.0)
        parts.append(
            f"{label}: lowest {words.short(metric, low)} ({when(low)}), highest {words.short(metric, high)} "
            f"({when(high)}), latest {words.short(metric, known[-1])} ({when(known[-1])})."
        )
        if missing := len(row) - len(known):
            parts.append(f"{missing} of {len(row)} periods have no number.")
    return " ".join(filter(None, [*parts, not_drawn(metric, series)]))


def is_incomplete(number: Number, as_of: date) -> bool:
    """Whether the period was still running when the data were gathered."""
    return number.period_end > as_of


def step(shown: Mapping[str, Sequence[Number]]) -> str:
    """Over which time each number of these is: "by month", "over 12 months"."""
    number = next((number for row in shown.values() for number in row), None)
    if number is None:
        return ""
    months = words.whole_months(number.period_start, number.period_end)
    if number.grain == "month":
        return "by month" if months == 1 else f"in {number.days} days"
    if number.grain == "quarter":
        return "by quarter"
    return f"over {months} months" if months else f"over {number.days} days"


def when(number: Number) -> str:
    """A period as it stands in a label."""
    return words.in_period(number.period_start, number.period_end).removeprefix("in ").removeprefix("the ")


def _panels(metric: Metric, shown: Mapping[str, Sequence[Number]]) -> list[_Panel]:
    every = [number for row in shown.values() for number in row]
    scales, width = _scales(metric, shown), _width(every)
    tallest = _HEIGHTS.get(metric.chart, _HEIGHT)
    texts = {
        segment: (
            words.label(metric, segment),
            f"{scales[segment].unit} {step(shown)}{_cut(metric, row, scales[segment])}",
        )
        for segment, row in shown.items()
    }
    room = LONGEST_LINE - _AS_OF_LETTERS
    longest = LONGEST_LINE if all(len(label) + len(told) < room for label, told in texts.values()) else 0
    panels = []
    for index, (segment, row) in enumerate(shown.items(), 1):
        common = scales[segment]
        is_flat = not common.is_log and not any(
            number.value or (number.upper and metric.chart != "bars")
            for number in row
            if is_drawn(metric, number)
        )
        own, height = _own_height(metric, row, common, tallest)
        if is_flat:
            own, height = (
                replace(common, low=0.0, top=common.top * _SMALLEST_PANEL / tallest),
                _SMALLEST_PANEL,
            )
        panels.append(
            _Panel(
                segment=segment,
                label=texts[segment][0],
                heading=head(*texts[segment], longest)[0],
                colour=COLOURS[meaning(segment)],
                numbers=row,
                scale=own,
                height=height,
                axis=axis_name(index),
                width=width,
                is_flat=is_flat,
            )
        )
    return panels


def _scales(metric: Metric, shown: Mapping[str, Sequence[Number]]) -> dict[str, Scale]:
    """One scale for all segments; waits many times as long as the main one have another, or nothing else would show."""
    every = [number for row in shown.values() for number in row]
    common = scale(metric, every)
    if metric.chart == "bars" and common.low == 0:
        common = replace(common, top=max(common.top, 5.0 if metric.kind != "proportion" else 0.0))
    highest = {
        segment: max(
            (number.value for number in row if number.is_ok and number.value is not None), default=0.0
        )
        for segment, row in shown.items()
    }
    main = highest.get(metric.headline_segment, 0.0)
    long = {segment for segment, value in highest.items() if value > _MUCH_LONGER * main}
    if metric.kind != "duration" or not main or not long:
        return dict.fromkeys(shown, common)
    groups = [long, set(shown) - long]
    return {
        segment: scale(metric, [number for other in group for number in shown[other]])
        for group in groups
        for segment in group
    }


def _own_height(metric: Metric, row: Sequence[Number], common: Scale, tallest: float) -> tuple[Scale, float]:
    """The part of the common scale that a segment's bars need, and how many pixels that is: all are equally tall."""
    if metric.chart != "bars" or common.is_log or metric.kind == "proportion":
        return common, tallest
    whole = common.top - common.low
    if common.low < 0:
        values = [
            end for number in row for end in (number.value, number.lower) if number.is_ok and end is not None
        ]
        own = replace(common, low=0.0) if min(values, default=0.0) >= 0 else common
    else:
        own = replace(common, top=scale(metric, row).top)
    height = max(tallest * (own.top - own.low) / whole, _SMALLEST_PANEL)
    return replace(own, top=own.low + whole * height / tallest), height


def _cut(metric: Metric, row: Sequence[Number], common: Scale) -> str:
    """Words for a range that reaches beyond the panel, so that nobody takes its end for the end of the range."""
    ranges = [number for number in row if is_drawn(metric, number) and number.lower is not None]
    if metric.kind == "proportion" or not ranges:
        return ""
    is_open = any(number.upper is None for number in ranges)
    is_cut = any(number.upper is not None and common.place(number.upper) > common.top for number in ranges)
    return ", ranges cut off at the top" if is_cut or is_open else ""


def _y_axis(metric: Metric, panel: _Panel, top: float, total: float) -> Figure:
    axis: Figure = {
        "domain": [rounded(max(0.0, (top - panel.height) / total)), rounded(min(1.0, top / total))],
        "nticks": max(2, round(panel.height / 42)),
        **panel.scale.axis(),
    }
    if panel.is_flat:
        axis |= {"tickvals": [0], "ticktext": ["0"], "showgrid": False}
    elif metric.kind in ("count", "factor") and not panel.scale.ticks and panel.scale.top <= 6:
        axis |= {"dtick": 1 if panel.scale.top <= 3 else 2, "tick0": 0}
    if panel.scale.is_log:
        axis |= {"zeroline": metric.kind == "ratio"}
    return axis


def _traces(metric: Metric, panel: _Panel, as_of: date) -> list[Figure]:
    known = [number for number in panel.numbers if number.has_value]
    traces: list[Figure] = []
    if known and metric.chart == "bars":
        traces += _bars(metric, panel, known, as_of)
    elif known and metric.chart == "line":
        if any(number.lower is not None for number in known):
            traces.append(_band(metric, panel, as_of))
        traces += _line(metric, panel, as_of)
    elif known:
        traces += _dots(metric, panel, known, as_of)
    if between := [number for number in panel.numbers if words.is_between(metric, number)]:
        traces.append(_between(metric, panel, between))
    unknown = [number for number in panel.numbers if not is_drawn(metric, number)]
    if unknown:
        traces += _missing(panel, unknown)
    return traces


def _bars(metric: Metric, panel: _Panel, known: Sequence[Number], as_of: date) -> Iterator[Figure]:
    for numbers, opacity in _finished_and_running(known, as_of):
        trace = _points(metric, panel, numbers) | {
            "type": "bar",
            "width": round(panel.width * 0.8) * _DAY_MS,
            "marker": {"color": panel.colour},
            "opacity": opacity,
        }
        if not panel.is_flat and any(number.lower is not None for number in numbers):
            trace["error_y"] = _whiskers(panel, numbers, INK)
            if panel.colour == COLOURS["everyone"]:
                trace["marker"] |= {"opacity": BELOW_INK}
        yield trace


def _dots(metric: Metric, panel: _Panel, known: Sequence[Number], as_of: date) -> Iterator[Figure]:
    """Points with their ranges; `whiskers` has a thin line from one to the next as well."""
    for numbers, opacity in _finished_and_running(known, as_of):
        trace = _points(metric, panel, numbers) | {
            "type": "scatter",
            "mode": "markers",
            "marker": {"color": panel.colour, "size": 8},
            "opacity": opacity,
            "cliponaxis": False,
            "error_y": _whiskers(panel, numbers, panel.colour),
        }
        if metric.chart == "whiskers":
            trace |= {"mode": "lines+markers", "line": {"color": panel.colour, "width": 1}}
        yield trace


def _between(metric: Metric, panel: _Panel, numbers: Sequence[Number]) -> Figure:
    """What is known to lie between two ends, without a best guess: a bar from one to the other."""
    lowers = [panel.scale.within(number.lower, panel.scale.low) for number in numbers]
    uppers = [panel.scale.within(number.upper, panel.scale.top) for number in numbers]
    middles = [rounded((lower + upper) / 2) for lower, upper in zip(lowers, uppers, strict=True)]
    reach = [rounded((upper - lower) / 2) for lower, upper in zip(lowers, uppers, strict=True)]
    return _points(metric, panel, numbers) | {
        "y": middles,
        "type": "scatter",
        "mode": "markers",
        "marker": {"color": panel.colour, "size": 1},
        "error_y": {"type": "data", "array": reach, "color": panel.colour, "thickness": 5, "width": 0},
    }


def _line(metric: Metric, panel: _Panel, as_of: date) -> Iterator[Figure]:
    """The line over the finished periods, and its pale end where the last one is still running."""
    finished = [number for number in panel.numbers if not is_incomplete(number, as_of)]
    style: Figure = {
        "type": "scatter",
        "mode": "lines+markers",
        "marker": {"color": panel.colour, "size": 5},
        "connectgaps": False,
        "cliponaxis": False,
    }
    line = {"color": panel.colour, "width": 2.5, "shape": "hv" if metric.kind == "factor" else "linear"}
    if finished:
        yield _points(metric, panel, finished) | style | {"line": line}
    running = panel.numbers[max(len(finished) - 1, 0) :]
    if len(finished) < len(panel.numbers) and running[-1].has_value:
        yield _points(metric, panel, running) | style | {"line": line | {"dash": "dot"}, "opacity": PALE}


def _band(metric: Metric, panel: _Panel, as_of: date) -> Figure:
    x: list[str | None] = []
    y: list[float | None] = []
    for run in _runs(metric, panel, known=True):
        along = [number for number in run if number.lower is not None and not is_incomplete(number, as_of)]
        if not along:
            continue
        days = [date.fromisoformat(panel.x(number)) for number in along]
        if len(along) == 1:
            along, days = along * 2, [days[0] - timedelta(days=9), days[0] + timedelta(days=9)]
        lowers = [panel.scale.within(number.lower, panel.scale.low) for number in along]
        uppers = [panel.scale.within(number.upper, panel.scale.top) for number in along]
        if x:
            x.append(None)
            y.append(None)
        x += [day.isoformat() for day in (*days, *reversed(days))]
        y += [*lowers, *reversed(uppers)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "yaxis": panel.axis,
        "fill": "toself",
        "fillcolor": panel.colour,
        "line": {"width": 0},
        "opacity": 0.18,
        "hoverinfo": "skip",
    }


def _missing(panel: _Panel, unknown: Sequence[Number]) -> Iterator[Figure]:
    """A small cross for each period without a number, which tells the reason when it is pointed at."""
    low, top = panel.scale.low, panel.scale.top
    height = rounded(low + (top - low) * 7 / panel.height)
    by_text: dict[str, list[Number]] = {}
    for number in unknown:
        text = status_words(number) + (f"<br>{wrapped(words.reason(number))}" if not number.is_ok else "")
        by_text.setdefault(text, []).append(number)
    for text, numbers in by_text.items():
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": [panel.x(number) for number in numbers],
            "y": [height] * len(numbers),
            "yaxis": panel.axis,
            "marker": {"symbol": "x-thin", "size": 6, "line": {"color": MUTED, "width": 1}},
            "meta": "missing",
            **_hover(panel, numbers, [text] * len(numbers)),
        }


def _points(metric: Metric, panel: _Panel, numbers: Sequence[Number]) -> Figure:
    return {
        "x": [panel.x(number) for number in numbers],
        "y": [panel.scale.place(number.value) if number.value is not None else None for number in numbers],
        "yaxis": panel.axis,
        **_hover(panel, numbers, [details(metric, number) for number in numbers]),
    }


def _hover(panel: _Panel, numbers: Sequence[Number], texts: Sequence[str]) -> Figure:
    """What a point tells when it is pointed at; where its place tells the month, Plotly writes that itself."""
    number = numbers[0]
    months = words.whole_months(number.period_start, number.period_end)
    if number.grain != "month" and panel.width >= 0.9 * number.days:
        texts = [
            f"{plain(words.upper_first(when(number)))}<br><b>{plain(panel.label)}</b>: {text}"
            for number, text in zip(numbers, texts, strict=True)
        ]
        return {"hovertext": texts, "hovertemplate": "%{hovertext}<extra></extra>"}
    month = locales.date("", "%B", "%Y")
    span = "" if months == 1 else f"{months} months to " if months else f"{number.days} days to the end of "
    same = texts[0] if len(set(texts)) == 1 else "%{hovertext}"
    found = {"hovertemplate": f"{span}%{{x|{month}}}<br><b>{plain(panel.label)}</b>: {same}<extra></extra>"}
    return found if len(set(texts)) == 1 else found | {"hovertext": texts}


def details(metric: Metric, number: Number) -> str:
    """A number with its range and on how many it rests, for the label of its point."""
    parts = [
        words.short(metric, number),
        words.bounds(metric, number, named=True) if number.has_value else "",
        words.basis(metric, number),
    ]
    return "<br>".join(plain(part) for part in parts if part)


def _whiskers(panel: _Panel, known: Sequence[Number], colour: str) -> Figure:
    scale, values = panel.scale, [panel.scale.place(number.value or 0.0) for number in known]
    return {
        "type": "data",
        "symmetric": False,
        "array": [
            0
            if number.lower is None and number.upper is None
            else rounded(max(0.0, _upper_end(scale, number) - value))
            for number, value in zip(known, values, strict=True)
        ],
        "arrayminus": [
            0 if number.lower is None else rounded(max(0.0, value - scale.place(number.lower)))
            for number, value in zip(known, values, strict=True)
        ],
        "color": colour,
        "thickness": 1.2,
        "width": 0,
    }


def _upper_end(scale: Scale, number: Number) -> float:
    """Where a whisker ends: one without an upper bound at the top of the panel."""
    return scale.top if number.upper is None else scale.place(number.upper)


def _labels(metric: Metric, panel: _Panel, as_of: date) -> list[Figure]:
    labels = [heading(panel.axis, panel.heading, panel.colour)]
    finished = [number for number in panel.numbers if not is_incomplete(number, as_of)]
    if finished and finished[-1].has_value and metric.chart in ("bars", "line"):
        labels.append(_newest_label(metric, panel, finished[-1]))
    return [*labels, *_gap_texts(metric, panel)]


def _right_margin(metric: Metric, panels: Sequence[_Panel], as_of: date) -> int:
    """Room for the newest number at the end of each line."""
    if metric.chart != "line":
        return 12
    newest = [
        words.short(metric, known[-1])
        for panel in panels
        if (known := [number for number in panel.numbers if not is_incomplete(number, as_of)])
        and known[-1].has_value
    ]
    return max([46, *(14 + 8 * len(text) for text in newest)])


def _newest_label(metric: Metric, panel: _Panel, newest: Number) -> Figure:
    """The newest finished number, written on top of its bar or at the end of its line."""
    value = newest.value or 0.0
    place: Figure = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 4}
    if metric.chart == "bars":
        place = {"x": panel.x(newest), "yshift": 10 if value >= 0 else -10}
        if not panel.is_flat:
            value = (newest.upper if value >= 0 else newest.lower) or value
    return place | {
        "y": max(panel.scale.low, min(panel.scale.place(value), panel.scale.top)),
        "yref": panel.axis,
        "showarrow": False,
        "text": f"<b>{plain(words.short(metric, newest))}</b>",
        "font": {"color": panel.colour, "size": 13},
    }


def _gap_shapes(metric: Metric, panel: _Panel) -> list[Figure]:
    return [
        {
            "type": "rect",
            "xref": "x",
            "x0": _beginning(run[0], panel.width).isoformat(),
            "x1": run[-1].period_end.isoformat(),
            "yref": f"{panel.axis} domain",
            "y0": 0,
            "y1": 1,
            "fillcolor": GAP,
            "line": {"width": 0},
            "layer": "below",
        }
        for run in _runs(metric, panel, known=False)
    ]


def _gap_texts(metric: Metric, panel: _Panel) -> Iterator[Figure]:
    periods = len(panel.numbers)
    for run in _runs(metric, panel, known=False):
        texts = {status_words(number) for number in run}
        is_one = len(texts) == 1
        text = texts.pop() if is_one else "no number"
        if len(run) / periods < (len(text) / _LETTERS_ACROSS if is_one else 0.25):
            continue
        starts = _beginning(run[0], panel.width)
        yield {
            "x": (starts + (run[-1].period_end - starts) / 2).isoformat(),
            "yref": f"{panel.axis} domain",
            "y": 0.8 if panel.scale.low < 0 and not panel.scale.is_log else 0.5,
            "showarrow": False,
            "text": plain(text),
            "font": {"color": MUTED, "size": 12},
        }


def status_words(number: Number) -> str:
    """In two words why there is no number."""
    return "not reached" if number.is_ok else words.WITHOUT_NUMBER.get(number.status, ("", "no data", ""))[1]


def _as_of_line(as_of: date, top: float, bottom: float) -> Figure:
    return {
        "type": "line",
        "xref": "x",
        "x0": as_of.isoformat(),
        "x1": as_of.isoformat(),
        "yref": "paper",
        "y0": bottom,
        "y1": top,
        "line": {"color": MUTED, "width": 1, "dash": "dot"},
    }


def _as_of_text(as_of: date, top: float, heading: Sequence[str]) -> Figure:
    """Beside the shortest line of the first heading, for a long one fills a phone."""
    lengths = [len(re.sub(r"<[^>]*>", "", line)) for line in heading]
    return {
        "x": as_of.isoformat(),
        "xanchor": "right",
        "yref": "paper",
        "y": top,
        "yanchor": "bottom",
        "yshift": 8 + 17 * lengths[::-1].index(min(lengths)),
        "showarrow": False,
        "text": f"until {words.short_day(as_of)}",
        "font": {"color": MUTED, "size": 12},
    }


def _finished_and_running(numbers: Sequence[Number], as_of: date) -> Iterator[tuple[list[Number], float]]:
    """The numbers of finished periods, and those that are still growing, with how strongly to draw them."""
    for running, opacity in ((False, 1.0), (True, PALE)):
        part = [number for number in numbers if is_incomplete(number, as_of) == running]
        if part:
            yield part, opacity


def _runs(metric: Metric, panel: _Panel, *, known: bool) -> Iterator[list[Number]]:
    for found, run in groupby(panel.numbers, key=lambda number: is_drawn(metric, number)):
        if found == known:
            yield list(run)


def is_drawn(metric: Metric, number: Number) -> bool:
    """Whether there is something to draw: a value, or two ends between which it lies."""
    return number.has_value or words.is_between(metric, number)


def _width(numbers: Sequence[Number]) -> int:
    ends = sorted({number.period_end for number in numbers})
    return min([numbers[0].days, *((later - earlier).days for earlier, later in pairwise(ends))])


def _beginning(number: Number, width: int) -> date:
    """Where the place of a number along the axis begins; what overlaps has its last month."""
    if width >= 0.9 * number.days:
        return number.period_start
    return (number.period_end - timedelta(days=1)).replace(day=1)
