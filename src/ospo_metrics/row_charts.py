"""A line for each event, campaign, channel or theme: its name, its number and its range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from textwrap import wrap

from ospo_metrics import words
from ospo_metrics.catalog import Metric
from ospo_metrics.chart_style import (
    COLOURS,
    GRID,
    INK,
    MUTED,
    PAPER,
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
from ospo_metrics.charts import details, is_drawn, status_words
from ospo_metrics.scales import Scale, scale
from ospo_metrics.words import Number

MOST_LINES = 24
"""Lines a chart has at most, over all its panels; the table below it has all."""

_FEWEST_OF_A_PANEL = 6
_MOST_PANELS = 6
_ROW, _EMPTY_ROW, _BOTTOM = 40, 24, 40
_DOT = 29
"""How far below the upper edge of a line its dot stands, under its name."""

_LONGEST_ROW = 41
"""Letters that fit one line on a phone; a longer name, with what is noted beside it, takes more lines than one."""
_LINE = 17


@dataclass(frozen=True, slots=True)
class Row:
    """One line: whose it is, a word about when, the day by which it can be left out, and its number."""

    name: str
    note: str
    on: date | None
    number: Number | None


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines of one segment, under its heading; `unit` where it says more than the metric's own."""

    title: str
    segment: str
    rows: Sequence[Row]
    unit: str = ""


def figure(metric: Metric, panels: Sequence[Panel]) -> Figure | None:
    """Draw panels of lines one below the other, on one scale; None where no line has a number."""
    panels = [panel for panel in panels if any(_is_drawn(metric, row) for row in panel.rows)]
    if not panels:
        return None
    panels = panels[:_MOST_PANELS]
    most = max(_FEWEST_OF_A_PANEL, MOST_LINES // len(panels))
    panels = [replace(panel, rows=panel.rows[:most]) for panel in panels]
    common = scale(metric, (row.number for panel in panels for row in panel.rows if row.number))
    heads = [head(panel.title, panel.unit or common.unit) for panel in panels]
    titles = [title_height(lines) for _, lines in heads]
    total = sum(titles) + sum(_height(metric, panel) for panel in panels) + _BOTTOM
    data: list[Figure] = []
    layout: Figure = {
        "height": total,
        "margin": {"l": 8, "r": 8, "t": 0, "b": 0},
        "annotations": [],
        "shapes": [],
        "xaxis": {
            "position": rounded(_BOTTOM / total),
            "showgrid": True,
            "gridcolor": GRID,
            "zeroline": common.low < 0 or common.is_log,
            "zerolinecolor": MUTED,
            "nticks": 6,
            **_whole_steps(metric, common),
            **common.axis(),
        },
        "meta": {
            "kind": "rows",
            "titles": titles,
            "bottom": _BOTTOM,
            "panels": [
                [[row.on.isoformat()[:7] if row.on else "", _row_height(metric, row)] for row in panel.rows]
                for panel in panels
            ],
        },
    }
    reached = total
    for index, panel in enumerate(panels, 1):
        axis, height = axis_name(index), _height(metric, panel)
        reached -= titles[index - 1]
        layout[f"yaxis{axis[1:]}"] = {
            "domain": [rounded((reached - height) / total), rounded(reached / total)],
            "range": [height, 0],
            "showgrid": False,
            "zeroline": False,
            "showticklabels": False,
        }
        colour = COLOURS[meaning(panel.segment)]
        layout["annotations"].append(heading(axis, heads[index - 1][0], colour, indent=0))
        layout["annotations"] += _labels(metric, panel, axis, colour)
        data += _traces(metric, panel, axis, colour, common)
        reached -= height
    return {"data": data, "layout": layout}


def alternative(metric: Metric, panels: Sequence[Panel]) -> str:
    """What the chart shows, for somebody who does not see it."""
    told = [
        f"{row.name}: {words.short(metric, row.number) if row.number else 'no data'}"
        for panel in panels[:1]
        for row in panel.rows[:12]
    ]
    more = len(panels[0].rows) - len(told) if panels else 0
    rest = f" And {more} more in the table." if more > 0 else ""
    return f"Chart: {metric.title} {'; '.join(told)}.{rest}"


def _whole_steps(metric: Metric, common: Scale) -> Figure:
    """Nobody is counted in halves, so a short axis of counts has its ticks at whole numbers."""
    is_count = metric.kind in ("count", "factor") and not common.ticks
    return {"dtick": 1, "tick0": 0} if is_count and common.top <= 6 else {}


def _labels(metric: Metric, panel: Panel, axis: str, colour: str) -> list[Figure]:
    found: list[Figure] = []
    for top, row in _placed(metric, panel):
        is_known = _is_drawn(metric, row)
        at = {"yref": axis, "showarrow": False, "xref": "paper", "bgcolor": PAPER, "borderpad": 1}
        value, lines = _value(metric, row), _lines(metric, row)
        found += [
            at
            | {
                "x": 0,
                "xanchor": "left",
                "y": top + 12 + (len(lines) - 1) * _LINE / 2,
                "align": "left",
                "text": "<br>".join(lines),
                "font": {"color": INK if is_known else MUTED, "size": 13},
            },
            at
            | {
                "x": 1,
                "xanchor": "right",
                "y": top + 12,
                "text": f"<b>{plain(value)}</b>" if is_known else plain(value),
                "font": {"color": colour if is_known else MUTED, "size": 13 if is_known else 12},
            },
        ]
    return found


def _value(metric: Metric, row: Row) -> str:
    return words.short(metric, row.number) if row.number and _is_drawn(metric, row) else _why_not(row)


def _lines(metric: Metric, row: Row) -> list[str]:
    """The whole name and the note behind it, the first line short enough to stand beside the number."""
    beside = " " * len(_value(metric, row))
    names = wrap(row.name, _LONGEST_ROW, initial_indent=beside) or [beside]
    *above, last = [plain(line.strip()) for line in names]
    note = f"<i>{plain(row.note)}</i>" if row.note else ""
    if note and len(names[-1]) + len(row.note) > _LONGEST_ROW:
        return [*above, last, note]
    return [*above, f"{last}  {note}" if note else last]


def _why_not(row: Row) -> str:
    return status_words(row.number) if row.number else "no data"


def _traces(metric: Metric, panel: Panel, axis: str, colour: str, common: Scale) -> list[Figure]:
    rows = [
        (top + _row_height(metric, row) - _ROW + _DOT, row, row.number)
        for top, row in _placed(metric, panel)
        if row.number
    ]
    known = [(y, row, number) for y, row, number in rows if number.has_value]
    between = [(y, row, number) for y, row, number in rows if words.is_between(metric, number)]
    traces: list[Figure] = []
    if known:
        traces.append(_known(metric, known, axis, colour, common))
    if between:
        lowers = [common.within(number.lower, common.low) for *_, number in between]
        uppers = [common.within(number.upper, common.top) for *_, number in between]
        pairs = list(zip(lowers, uppers, strict=True))
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [rounded((lower + upper) / 2) for lower, upper in pairs],
                "y": [y for y, *_ in between],
                "yaxis": axis,
                "marker": {"color": colour, "size": 1},
                "error_x": {
                    "type": "data",
                    "array": [rounded((upper - lower) / 2) for lower, upper in pairs],
                    "color": colour,
                    "thickness": 5,
                    "width": 0,
                },
                **_told(metric, between),
            }
        )
    unknown = [(top, row) for top, row in _placed(metric, panel) if row.number and not _is_drawn(metric, row)]
    if unknown:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [common.top] * len(unknown),
                "y": [top + _row_height(metric, row) / 2 for top, row in unknown],
                "yaxis": axis,
                "marker": {"size": 20, "color": MUTED, "opacity": 0},
                "hovertext": [
                    f"{plain(row.name)}<br>{_why_not(row)}"
                    + (
                        f"<br>{wrapped(words.reason(row.number))}"
                        if row.number and not row.number.is_ok
                        else ""
                    )
                    for _, row in unknown
                ],
                "hovertemplate": "%{hovertext}<extra></extra>",
                "meta": "missing",
            }
        )
    return traces


def _known(
    metric: Metric, known: Sequence[tuple[float, Row, Number]], axis: str, colour: str, common: Scale
) -> Figure:
    """Dots with their ranges; counts are bars, for their length is what they say."""
    values = [common.place(number.value or 0.0) for *_, number in known]
    trace: Figure = {
        "x": values,
        "y": [y for y, *_ in known],
        "yaxis": axis,
        "marker": {"color": colour},
        **_told(metric, known),
    }
    if metric.kind == "count":
        trace |= {"type": "bar", "orientation": "h", "width": 12}
    else:
        trace |= {"type": "scatter", "mode": "markers", "cliponaxis": False}
        trace["marker"] = {"color": colour, "size": 9}
    if any(number.lower is not None for *_, number in known):
        pairs = [(number, value) for (*_, number), value in zip(known, values, strict=True)]
        trace["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": [
                0
                if number.lower is None
                else rounded(max(0.0, common.within(number.upper, common.top) - value))
                for number, value in pairs
            ],
            "arrayminus": [
                0
                if number.lower is None
                else rounded(max(0.0, value - common.within(number.lower, common.low)))
                for number, value in pairs
            ],
            "color": INK if metric.kind == "count" else colour,
            "thickness": 1.6,
            "width": 0,
        }
    return trace


def _told(metric: Metric, rows: Sequence[tuple[float, Row, Number]]) -> Figure:
    return {
        "hovertext": [f"{plain(row.name)}<br>{details(metric, number)}" for _, row, number in rows],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _placed(metric: Metric, panel: Panel) -> Iterator[tuple[int, Row]]:
    """Each line with the distance of its upper edge from the top of the panel, in pixels."""
    top = 0
    for row in panel.rows:
        yield top, row
        top += _row_height(metric, row)


def _height(metric: Metric, panel: Panel) -> int:
    return sum(_row_height(metric, row) for row in panel.rows)


def _row_height(metric: Metric, row: Row) -> int:
    one_line = _ROW if _is_drawn(metric, row) else _EMPTY_ROW
    return one_line + (len(_lines(metric, row)) - 1) * _LINE


def _is_drawn(metric: Metric, row: Row) -> bool:
    return row.number is not None and is_drawn(metric, row.number)
