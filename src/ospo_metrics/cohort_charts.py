"""A heat map: how many of those who came in a month were still there later, a row for each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from html import escape

from ospo_metrics import words
from ospo_metrics.catalog import Metric
from ospo_metrics.chart_style import (
    GAP,
    INK,
    LONGEST_LINE,
    MUTED,
    PAPER,
    SHADES,
    Figure,
    plain,
    rounded,
    wrapped,
)
from ospo_metrics.words import Number

_ENDS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Up to which share each of the shades goes."""

WIDE = 0.4
"""How wide the range of a share may be before its cell is low, because it rests on few people."""

LOW = f"A cell of half the height has a range wider than {100 * WIDE:.0f} percentage points."
"""What a reader of the chart has to be told of it."""

_LEGEND, _LABEL, _CELL, _LOW_CELL, _GAP, _BOTTOM = 58, 24, 34, 18, 10, 46
_DAY_MS = 86_400_000


def figure(metric: Metric, shown: Mapping[str, Sequence[Number]], as_of: date) -> Figure:
    """Draw a row of cells for each segment; `shown` are its numbers by period, in order."""
    names = {segment: wrapped(words.label(metric, segment), LONGEST_LINE) for segment in shown}
    label = _LABEL + 16 * max(name.count("<br>") for name in names.values())
    row_height = label + _CELL + _GAP
    inside = row_height * len(shown)
    total = _LEGEND + inside + _BOTTOM
    every = [number for row in shown.values() for number in row]
    layout: Figure = {
        "height": total,
        "margin": {"l": 8, "r": 8, "t": 0, "b": 0},
        "bargap": 0,
        "barmode": "overlay",
        "uniformtext": {"mode": "hide", "minsize": 9},
        "annotations": _legend(metric, total),
        "shapes": _legend_boxes(total),
        "xaxis": {
            "type": "date",
            "range": [
                min(number.period_start for number in every).isoformat(),
                max(number.period_end for number in every).isoformat(),
            ],
            "position": rounded(_BOTTOM / total),
            "tickformat": "%b\n%Y",
            "ticklabelmode": "period",
            "nticks": 9,
        },
        "yaxis": {
            "domain": [rounded(_BOTTOM / total), rounded((total - _LEGEND) / total)],
            "range": [0, inside],
            "showgrid": False,
            "zeroline": False,
            "showticklabels": False,
        },
        "meta": {"kind": "cohorts"},
    }
    data = []
    for index, (segment, row) in enumerate(shown.items()):
        top = inside - index * row_height
        layout["annotations"].append(
            {
                "xref": "paper",
                "x": 0,
                "xanchor": "left",
                "yref": "y",
                "y": top - label / 2,
                "showarrow": False,
                "align": "left",
                "text": f"<b>{names[segment]}</b>",
                "font": {"color": INK, "size": 13},
            }
        )
        data.append(_cells(metric, segment, row, top - label - _CELL, as_of))
    return {"data": data, "layout": layout}


def _cells(metric: Metric, segment: str, row: Sequence[Number], bottom: float, as_of: date) -> Figure:
    shades = [_shade(number) for number in row]
    heights = [_LOW_CELL if _is_wide(number) else _CELL for number in row]
    colours = [GAP if shade is None else SHADES[shade] for shade in shades]
    return {
        "type": "bar",
        "x": [(number.period_start + timedelta(days=number.days // 2)).isoformat() for number in row],
        "y": heights,
        "base": [bottom + (_CELL - height) / 2 for height in heights],
        "width": [(number.days - 1) * _DAY_MS for number in row],
        "marker": {
            "color": colours,
            "line": {"width": 0},
        },
        "text": [f"{100 * number.value:.0f}" if number.value is not None else "" for number in row],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "textfont": {"size": 11, "color": [INK if shade is None or shade < 4 else PAPER for shade in shades]},
        "hovertext": [_told(metric, segment, number, as_of) for number in row],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _shade(number: Number) -> int | None:
    if not number.is_ok or number.value is None:
        return None
    return next(index for index, end in enumerate(_ENDS) if number.value <= end or end == 1)


def _is_wide(number: Number) -> bool:
    return (
        number.has_value
        and number.lower is not None
        and number.upper is not None
        and number.upper - number.lower > WIDE
    )


def _told(metric: Metric, segment: str, number: Number, as_of: date) -> str:
    when = words.upper_first(
        words.in_period(number.period_start, number.period_end).removeprefix("in ").removeprefix("the ")
    )
    label = f"<b>{plain(words.label(metric, segment))}</b>"
    if not number.has_value:
        return f"{escape(when)}<br>{label}: {plain(words.short(metric, number))}<br>{wrapped(words.reason(number))}"
    running = "<br>still running" if number.period_end > as_of else ""
    parts = [
        words.short(metric, number),
        words.bounds(metric, number, named=True),
        words.basis(metric, number),
    ]
    return f"{escape(when)}<br>{label}: {'<br>'.join(plain(part) for part in parts if part)}{running}"


def _legend(metric: Metric, total: int) -> list[Figure]:
    starts = (0.0, *_ENDS[:-1])
    texts = [
        f"{100 * start:.0f}–{100 * end:.0f}{words.NBSP}%" for start, end in zip(starts, _ENDS, strict=True)
    ]
    at: Figure = {"xref": "paper", "yref": "paper", "showarrow": False, "xanchor": "left", "yanchor": "top"}
    small = {"color": MUTED, "size": 11}
    return [
        at
        | {"x": 0, "y": 1, "text": f"% of {plain(metric.of)}, by month", "font": {"color": INK, "size": 13}},
        *(
            at | {"x": rounded(index / 6), "y": rounded((total - 32) / total), "text": text, "font": small}
            for index, text in enumerate(texts)
        ),
    ]


def _legend_boxes(total: int) -> list[Figure]:
    return [
        {
            "type": "rect",
            "xref": "paper",
            "yref": "paper",
            "x0": rounded(index / 6),
            "x1": rounded((index + 0.96) / 6),
            "y0": rounded((total - 32) / total),
            "y1": rounded((total - 22) / total),
            "fillcolor": shade,
            "line": {"width": 0},
        }
        for index, shade in enumerate(SHADES)
    ]
