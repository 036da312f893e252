"""Rows of a metric into a Plotly figure: a panel for each segment, uncertainty drawn, gaps explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from itertools import groupby
from typing import Any

from ospo_metrics import words
from ospo_metrics.catalog import Metric
from ospo_metrics.words import Number

Figure = dict[str, Any]

TRACE_TYPES = frozenset({"bar", "scatter"})
"""What our charts are made of; the vendored Plotly bundle must be able to draw it."""

CONFIG = {
    "displayModeBar": False,
    "displaylogo": False,
    "modeBarButtonsToRemove": ["sendChartToCloud"],
    "responsive": True,
    "scrollZoom": False,
    "doubleClick": False,
}
"""Plotly's settings for every chart: nothing is sent anywhere, and the page scrolls as pages do.

The buttons are off, and the one that uploads a chart stays off for whoever turns them on.
"""

LONGEST_SERIES = 60
"""Months a chart shows at most; older ones are in the published file."""

COLOURS = {
    "everyone": "#3b3a36",
    "outside": "#0b69a8",
    "own": "#9c6a00",
    "bots": "#77756f",
    "agents": "#7a5aa6",
    "newcomers": "#c04b0c",
    "regulars": "#00785c",
}
"""One meaning, one colour, on every page; told apart with any kind of colour vision."""

INK, MUTED, GRID, GAP, PAPER = "#22211e", "#66635c", "#e4e1da", "#f0ede6", "#ffffff"

DARK = {
    COLOURS["everyone"]: "#d9d6cf",
    COLOURS["outside"]: "#63b3ed",
    COLOURS["own"]: "#e0b04c",
    COLOURS["bots"]: "#a29f98",
    COLOURS["agents"]: "#b79ae0",
    COLOURS["newcomers"]: "#ff935c",
    COLOURS["regulars"]: "#4cc9a4",
    INK: "#efece6",
    MUTED: "#aaa69d",
    GRID: "#3a3935",
    GAP: "#2a2926",
    PAPER: "#1b1a18",
}
"""What each colour becomes on a dark page; the page's script swaps them."""

_DAY_MS = 86_400_000
_TITLE, _TWO_LINE_TITLE, _BOTTOM = 40, 56, 46
_HEIGHTS = {"bars": 210, "line": 170, "dots": 150}
_SMALLEST_PANEL = 46
_PALE = 0.4
_LONGEST_LINE = 42
"""Letters of a heading that fit one line on a phone."""
_SHARES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class _Panel:
    segment: str
    label: str
    heading: str
    colour: str
    numbers: Sequence[Number]
    top: float
    height: float
    axis: str
    is_flat: bool
    """Whether there is nothing but zeros and gaps, so that a low strip says it all."""


def figure(metric: Metric, numbers: Sequence[Number], as_of: date) -> Figure | None:
    """Draw one metric of one scope over time; None where no period has a number to draw.

    `numbers` are the rows of that metric and scope, in any order; `as_of` is the day up to which they tell.
    """
    shown = series(metric, numbers)
    if not any(number.has_value for row in shown.values() for number in row):
        return None
    divisor, unit = _unit(metric, shown)
    panels = _panels(metric, shown, divisor, f"{unit} {_step(shown)}")
    title = _TWO_LINE_TITLE if "<br>" in panels[0].heading else _TITLE
    total = sum(panel.height + title for panel in panels) + _BOTTOM
    every = [number for panel in panels for number in panel.numbers]
    first = _first_of_month(min(map(_middle, every)))
    last = max(number.period_end for number in every)
    layout: Figure = {
        "height": round(total),
        "margin": {"l": 44, "r": 66 if metric.chart == "line" else 12, "t": 0, "b": 0},
        "showlegend": False,
        "hovermode": "closest",
        "hoverdistance": 30,
        "dragmode": False,
        "bargap": 0.15,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 13},
        "hoverlabel": {"align": "left", "bgcolor": PAPER, "font": {"color": INK}, "bordercolor": MUTED},
        "annotations": [],
        "shapes": [],
        "xaxis": {
            "type": "date",
            "range": [first.isoformat(), last.isoformat()],
            "anchor": "free",
            "position": _BOTTOM / total,
            "tickformat": "%b\n%Y",
            "ticklabelmode": "period",
            "nticks": 9,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "tickfont": {"color": MUTED},
            "ticks": "outside",
            "tickcolor": GRID,
            "linecolor": MUTED,
        },
    }
    data: list[Figure] = []
    reached = total
    for panel in panels:
        reached -= title
        layout[f"yaxis{panel.axis[1:]}"] = _y_axis(metric, panel, reached, total)
        layout["annotations"] += _labels(metric, panel, divisor, as_of)
        layout["shapes"] += _gap_shapes(panel)
        data += _traces(metric, panel, divisor, as_of)
        reached -= panel.height
    if first < as_of < last:
        layout["shapes"].append(_as_of_line(as_of, (total - title) / total, _BOTTOM / total))
        layout["annotations"].append(_as_of_text(as_of, (total - title) / total))
    return {"data": data, "layout": layout}


def series(metric: Metric, numbers: Sequence[Number]) -> dict[str, list[Number]]:
    """The rows of each segment that make a line over time: months, or else the steps of a moving year.

    Time before the first number and long after the last one is left out.
    """
    steps = [number for number in numbers if number.is_month] or [
        number for number in numbers if not number.is_month
    ]
    known = sorted({number.period_end for number in steps if number.status != "no_data"})
    if not known:
        return {}
    ends = sorted({number.period_end for number in steps})
    ends = [end for end in ends if known[0] <= end <= known[-1] + timedelta(days=380)][-LONGEST_SERIES:]
    kept = set(ends)
    found: dict[str, list[Number]] = {}
    for segment in metric.segments:
        row = [number for number in steps if number.segment == segment and number.period_end in kept]
        if row:
            found[segment] = sorted(row, key=lambda number: number.period_end)
    return found


def alternative(metric: Metric, numbers: Sequence[Number]) -> str:
    """What the chart shows, for somebody who does not see it."""
    parts = [f"Chart: {metric.title}, {_unit_words(metric, numbers)}."]
    for segment, row in series(metric, numbers).items():
        known = [number for number in row if number.has_value]
        label = words.label(metric, segment)
        if not known:
            parts.append(f"{label}: no period has a number.")
            continue
        low = min(known, key=lambda number: number.value or 0.0)
        high = max(known, key=lambda number: number.value or 0.0)
        parts.append(
            f"{label}: lowest {words.short(metric, low)} ({_when(low)}), highest {words.short(metric, high)} "
            f"({_when(high)}), latest {words.short(metric, known[-1])} ({_when(known[-1])})."
        )
        if missing := len(row) - len(known):
            parts.append(f"{missing} of {len(row)} periods have no number.")
    return " ".join(parts)


def meaning(segment: str) -> str:
    """Whose colour a segment wears everywhere; how long newcomers stay is told in the newcomers' colour."""
    if segment in COLOURS:
        return segment
    return "newcomers" if segment.startswith("day_") else "everyone"


def is_incomplete(number: Number, as_of: date) -> bool:
    """Whether the period was still running when the data were gathered."""
    return number.period_end > as_of


def _panels(metric: Metric, shown: Mapping[str, list[Number]], divisor: float, unit: str) -> list[_Panel]:
    tops = {segment: _top(metric, row, divisor) for segment, row in shown.items()}
    highest = max(*tops.values(), 5.0 if metric.chart == "bars" else 0.0)
    tallest = _HEIGHTS[metric.chart]
    headings = {
        segment: (words.label(metric, segment), unit + _cut(metric, row, highest * divisor))
        for segment, row in shown.items()
    }
    gap = "  " if all(len("".join(heading)) < _LONGEST_LINE for heading in headings.values()) else "<br>"
    panels = []
    for index, (segment, row) in enumerate(shown.items(), 1):
        share = tops[segment] / highest if metric.chart == "bars" else 1.0
        is_flat = not any(number.value for number in row if number.has_value)
        height = _SMALLEST_PANEL if is_flat else max(tallest * share, _SMALLEST_PANEL)
        label, counted = headings[segment]
        panels.append(
            _Panel(
                segment=segment,
                label=label,
                heading=f"<b>{escape(label)}</b>{gap}{escape(counted)}",
                colour=COLOURS[meaning(segment)],
                numbers=row,
                top=highest * height / tallest,
                height=height,
                axis="y" if index == 1 else f"y{index}",
                is_flat=is_flat,
            )
        )
    return panels


def _cut(metric: Metric, row: Sequence[Number], top: float) -> str:
    """Words for a band that reaches above the panel, so that nobody takes its end for the top of the range."""
    if metric.chart != "line" or not any(number.has_value and number.lower is not None for number in row):
        return ""
    is_cut = any(number.has_value and (number.upper is None or number.upper > top) for number in row)
    return ", ranges cut off at the top" if is_cut else ""


def _top(metric: Metric, row: Sequence[Number], divisor: float) -> float:
    values = [(number.value or 0.0) / divisor for number in row if number.has_value]
    uppers = [(number.upper or 0.0) / divisor for number in row if number.is_ok]
    highest = max(values, default=0.0)
    if metric.kind == "proportion":
        return next(top for top in _SHARES if top >= max([*values, *uppers], default=0.0) or top == 1)
    if metric.kind == "duration":
        uppers = [min(upper, highest * 1.6) for upper in uppers]
    return max(highest * 1.12, max(uppers, default=0.0) * 1.05, 1.0)


def _unit(metric: Metric, shown: Mapping[str, Sequence[Number]]) -> tuple[float, str]:
    if metric.kind == "duration":
        highest = max(
            (number.value or 0.0 for row in shown.values() for number in row if number.has_value), default=0.0
        )
        return (24.0, "days") if highest > 96 else (1.0, "hours")
    return 1.0, f"% of {metric.of}" if metric.kind == "proportion" else metric.unit


def _unit_words(metric: Metric, numbers: Sequence[Number]) -> str:
    shown = series(metric, numbers)
    _, unit = _unit(metric, shown)
    return f"{unit} {_step(shown)}"


def _step(shown: Mapping[str, Sequence[Number]]) -> str:
    is_monthly = all(number.is_month for row in shown.values() for number in row)
    return "by month" if is_monthly else "over 12 months"


def _y_axis(metric: Metric, panel: _Panel, top: float, total: float) -> Figure:
    axis: Figure = {
        "anchor": "x",
        "domain": [max(0.0, (top - panel.height) / total), min(1.0, top / total)],
        "range": [0, panel.top],
        "fixedrange": True,
        "zeroline": True,
        "zerolinecolor": MUTED,
        "gridcolor": GRID,
        "tickfont": {"color": MUTED},
        "nticks": max(2, round(panel.height / 42)),
        "tickformat": ",",
        "rangemode": "tozero",
    }
    if panel.is_flat:
        axis |= {"tickvals": [0], "showgrid": False}
    elif metric.kind == "proportion":
        ticks = [0, panel.top / 2, panel.top]
        axis |= {"tickvals": ticks, "ticktext": [f"{100 * tick:.0f} %" for tick in ticks]}
        axis |= {"range": [0, panel.top * 1.04]}
    elif metric.kind in ("count", "factor") and panel.top <= 6:
        axis |= {"dtick": 1 if panel.top <= 3 else 2, "tick0": 0}
    return axis


def _traces(metric: Metric, panel: _Panel, divisor: float, as_of: date) -> list[Figure]:
    known = [number for number in panel.numbers if number.has_value]
    traces: list[Figure] = []
    if known and metric.chart == "bars":
        traces += _bars(metric, panel, known, as_of)
    elif known and metric.chart == "line":
        if any(number.lower is not None for number in known):
            traces.append(_band(panel, divisor, as_of))
        traces += _line(metric, panel, divisor, as_of)
    elif known:
        traces += _dots(metric, panel, known, divisor, as_of)
    unknown = [number for number in panel.numbers if not number.has_value]
    if unknown:
        traces += _missing(panel, unknown)
    return traces


def _bars(metric: Metric, panel: _Panel, known: Sequence[Number], as_of: date) -> Iterator[Figure]:
    for numbers, opacity in _finished_and_running(known, as_of):
        trace = _points(metric, panel, numbers, 1.0) | {
            "type": "bar",
            "width": 24 * _DAY_MS,
            "marker": {"color": panel.colour},
            "opacity": opacity,
        }
        if not panel.is_flat and any(number.lower is not None for number in numbers):
            trace["error_y"] = _whiskers(numbers, 1.0, INK)
        yield trace


def _dots(
    metric: Metric, panel: _Panel, known: Sequence[Number], divisor: float, as_of: date
) -> Iterator[Figure]:
    for numbers, opacity in _finished_and_running(known, as_of):
        yield _points(metric, panel, numbers, divisor) | {
            "type": "scatter",
            "mode": "markers",
            "marker": {"color": panel.colour, "size": 8},
            "opacity": opacity,
            "cliponaxis": False,
            "error_y": _whiskers(numbers, divisor, panel.colour),
        }


def _line(metric: Metric, panel: _Panel, divisor: float, as_of: date) -> Iterator[Figure]:
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
        yield _points(metric, panel, finished, divisor) | style | {"line": line}
    running = panel.numbers[max(len(finished) - 1, 0) :]
    if len(finished) < len(panel.numbers) and running[-1].has_value:
        yield (
            _points(metric, panel, running, divisor)
            | style
            | {
                "line": line | {"dash": "dot"},
                "opacity": _PALE,
            }
        )


def _band(panel: _Panel, divisor: float, as_of: date) -> Figure:
    x: list[str | None] = []
    y: list[float | None] = []
    for run in _runs(panel.numbers, known=True):
        along = [number for number in run if number.lower is not None and not is_incomplete(number, as_of)]
        if not along:
            continue
        days = [_middle(number) for number in along]
        if len(along) == 1:
            along, days = along * 2, [days[0] - timedelta(days=9), days[0] + timedelta(days=9)]
        lowers = [_scaled(number.lower, divisor) for number in along]
        uppers = [
            panel.top if number.upper is None else min(_scaled(number.upper, divisor), panel.top)
            for number in along
        ]
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
    height = round(panel.top * 7 / panel.height, 3)
    by_text: dict[str, list[Number]] = {}
    for number in unknown:
        text = _status_words(number) + (f"<br>{_wrapped(words.reason(number))}" if not number.is_ok else "")
        by_text.setdefault(text, []).append(number)
    for text, numbers in by_text.items():
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": [_middle(number).isoformat() for number in numbers],
            "y": [height] * len(numbers),
            "yaxis": panel.axis,
            "marker": {"symbol": "x-thin", "size": 6, "line": {"color": MUTED, "width": 1}},
            "hovertemplate": _hover(panel, numbers, text.replace("%{", "% {")),
        }


def _points(metric: Metric, panel: _Panel, numbers: Sequence[Number], divisor: float) -> Figure:
    return {
        "x": [_middle(number).isoformat() for number in numbers],
        "y": [_scaled(number.value, divisor) if number.has_value else None for number in numbers],
        "yaxis": panel.axis,
        "hovertext": [_details(metric, number) for number in numbers],
        "hovertemplate": _hover(panel, numbers, "%{hovertext}"),
    }


def _hover(panel: _Panel, numbers: Sequence[Number], text: str) -> str:
    when = "%{x|%B %Y}" if numbers[0].is_month else "12 months to %{x|%B %Y}"
    return f"{when}<br><b>{escape(panel.label)}</b>: {text}<extra></extra>"


def _details(metric: Metric, number: Number) -> str:
    parts = [
        words.short(metric, number),
        words.bounds(metric, number, named=True),
        words.basis(metric, number),
    ]
    return "<br>".join(escape(part) for part in parts if part)


def _wrapped(text: str, width: int = 46) -> str:
    lines, line = [], ""
    for word in text[:400].split():
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = ""
        line = f"{line} {word[:width]}".strip()
    return "<br>".join(escape(part) for part in [*lines, line])


def _whiskers(known: Sequence[Number], divisor: float, colour: str) -> Figure:
    values = [_scaled(number.value, divisor) for number in known]
    return {
        "type": "data",
        "symmetric": False,
        "array": [
            0 if number.upper is None else _rounded(max(0.0, number.upper / divisor - value))
            for number, value in zip(known, values, strict=True)
        ],
        "arrayminus": [
            0 if number.lower is None else _rounded(max(0.0, value - number.lower / divisor))
            for number, value in zip(known, values, strict=True)
        ],
        "color": colour,
        "thickness": 1.2,
        "width": 0,
    }


def _labels(metric: Metric, panel: _Panel, divisor: float, as_of: date) -> list[Figure]:
    labels: list[Figure] = [
        {
            "xref": "paper",
            "x": 0,
            "xanchor": "left",
            "xshift": -45,
            "yref": f"{panel.axis} domain",
            "y": 1,
            "yanchor": "bottom",
            "yshift": 7,
            "showarrow": False,
            "align": "left",
            "text": panel.heading,
            "font": {"color": panel.colour, "size": 13},
        }
    ]
    finished = [number for number in panel.numbers if not is_incomplete(number, as_of)]
    if finished and finished[-1].has_value and metric.chart != "dots":
        labels.append(_newest_label(metric, panel, finished[-1], divisor))
    return [*labels, *_gap_texts(panel)]


def _newest_label(metric: Metric, panel: _Panel, newest: Number, divisor: float) -> Figure:
    """The newest finished number, written on top of its bar or at the end of its line."""
    place: Figure = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 4, "y": newest.value}
    if metric.chart == "bars":
        top = newest.value if panel.is_flat else newest.upper or newest.value
        place = {"x": _middle(newest).isoformat(), "yshift": 10, "y": top}
    return place | {
        "y": min(_scaled(place["y"], divisor), panel.top),
        "yref": panel.axis,
        "showarrow": False,
        "text": f"<b>{escape(words.short(metric, newest))}</b>",
        "font": {"color": panel.colour, "size": 13},
    }


def _gap_shapes(panel: _Panel) -> list[Figure]:
    return [
        {
            "type": "rect",
            "xref": "x",
            "x0": _first_of_month(_middle(run[0])).isoformat(),
            "x1": run[-1].period_end.isoformat(),
            "yref": f"{panel.axis} domain",
            "y0": 0,
            "y1": 1,
            "fillcolor": GAP,
            "line": {"width": 0},
            "layer": "below",
        }
        for run in _runs(panel.numbers, known=False)
    ]


def _gap_texts(panel: _Panel) -> Iterator[Figure]:
    months = len(panel.numbers)
    for run in _runs(panel.numbers, known=False):
        texts = {_status_words(number) for number in run}
        if len(run) / months < 0.1 or len(texts) != 1:
            continue
        starts = _first_of_month(_middle(run[0]))
        yield {
            "x": (starts + (run[-1].period_end - starts) / 2).isoformat(),
            "yref": f"{panel.axis} domain",
            "y": 0.5,
            "showarrow": False,
            "text": escape(texts.pop()),
            "font": {"color": MUTED, "size": 12},
        }


def _status_words(number: Number) -> str:
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


def _as_of_text(as_of: date, top: float) -> Figure:
    return {
        "x": as_of.isoformat(),
        "xanchor": "right",
        "yref": "paper",
        "y": top,
        "yanchor": "bottom",
        "yshift": 8,
        "showarrow": False,
        "text": f"until {as_of.day} {words.MONTHS[as_of.month - 1][:3]}",
        "font": {"color": MUTED, "size": 12},
    }


def _finished_and_running(numbers: Sequence[Number], as_of: date) -> Iterator[tuple[list[Number], float]]:
    """The numbers of finished periods, and those that are still growing, with how strongly to draw them."""
    for running, opacity in ((False, 1.0), (True, _PALE)):
        part = [number for number in numbers if is_incomplete(number, as_of) == running]
        if part:
            yield part, opacity


def _runs(numbers: Sequence[Number], *, known: bool) -> Iterator[list[Number]]:
    for has_value, run in groupby(numbers, key=lambda number: number.has_value):
        if has_value == known:
            yield list(run)


def _middle(number: Number) -> date:
    """The middle of the last month of a period: where its point stands."""
    last = number.period_end - timedelta(days=1)
    return last.replace(day=min(16, last.day))


def _first_of_month(on: date) -> date:
    return on.replace(day=1)


def _when(number: Number) -> str:
    if number.is_month:
        return words.month(number.period_start)
    return words.in_period(number.period_start, number.period_end).removeprefix("in ")


def _scaled(value: float | None, divisor: float) -> float:
    return 0.0 if value is None else _rounded(value / divisor)


def _rounded(value: float) -> float:
    return round(value, 3)
