"""Week by week: a bar for each, and over them the mean of eight weeks, which does not jump as single weeks do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from ospo_metrics import words
from ospo_metrics.catalog import Metric
from ospo_metrics.chart_style import COLOURS, INK, PALE, Figure, head, heading, meaning, plain, rounded
from ospo_metrics.charts import LANE, details, when
from ospo_metrics.scales import Scale, scale
from ospo_metrics.words import Number

MEAN_OF = 8
FEWEST_WEEKS = 2 * MEAN_OF
LONGEST_WEEKS = 156
_HEIGHT, _TITLE, _BOTTOM = 170, 58, 46
_BAR_MS = round(0.8 * 7 * 86_400_000)


def figure(metric: Metric, weeks: Sequence[Number], *, has_marks: bool = False) -> Figure | None:
    """Draw the weeks of one segment, in any order; None where fewer than sixteen have a number.

    With marks there is a lane above for what `marks` draws; the page's script puts it there.
    """
    known = _known(weeks)
    if len(known) < FEWEST_WEEKS:
        return None
    shown = scale(metric, known)
    colour = COLOURS[meaning(known[0].segment)]
    label = words.label(metric, known[0].segment)
    lane = LANE if has_marks else 0
    total = lane + _TITLE + _HEIGHT + _BOTTOM
    title, _ = head(label, f"{shown.unit} by week, and the mean of eight")
    layout: Figure = {
        "height": total,
        "margin": {"l": 44, "r": 12, "t": 0, "b": 0},
        "annotations": [heading("y", title, colour)],
        "shapes": [],
        "xaxis": {
            "type": "date",
            "range": [known[0].period_start.isoformat(), known[-1].period_end.isoformat()],
            "position": rounded(_BOTTOM / total),
            "tickformat": "%b\n%Y",
            "nticks": 9,
        },
        "yaxis": {
            "domain": [rounded(_BOTTOM / total), rounded((_BOTTOM + _HEIGHT) / total)],
            "range": [0, max(shown.top, 5.0)],
            "nticks": 4,
        },
        "meta": {"kind": "time"},
    }
    if lane:
        layout["meta"]["lane"] = "y2"
        layout["yaxis2"] = {
            "domain": [rounded((total - lane) / total), 1],
            "range": [0, 1],
            "visible": False,
        }
    return {"data": [_bars(metric, known, shown, colour), _line(known, shown)], "layout": layout}


def means(weeks: Sequence[Number]) -> list[tuple[Number, float]]:
    """Each week behind which are seven more without a gap, with the mean of all eight."""
    known, found = _known(weeks), []
    run: list[Number] = known[:1]
    for before, number in pairwise(known):
        run = [*run, number] if before.period_end == number.period_start else [number]
        if len(run) >= MEAN_OF:
            found.append((number, sum(one.value or 0.0 for one in run[-MEAN_OF:]) / MEAN_OF))
    return found


def alternative(metric: Metric, weeks: Sequence[Number]) -> str:
    """What the chart shows, for somebody who does not see it."""
    along = means(weeks)
    low, high = min(along, key=lambda one: one[1]), max(along, key=lambda one: one[1])
    told = [
        f"{name} {words.decimal(mean)} (eight weeks to {_day(number)})"
        for name, (number, mean) in (("lowest", low), ("highest", high), ("latest", along[-1]))
    ]
    return f"Chart: {metric.title}, week by week. Mean of a week: {', '.join(told)}."


def _known(weeks: Sequence[Number]) -> list[Number]:
    found = [number for number in weeks if number.is_ok and number.value is not None]
    return sorted(found, key=lambda number: number.period_end)[-LONGEST_WEEKS:]


def _bars(metric: Metric, known: Sequence[Number], shown: Scale, colour: str) -> Figure:
    texts = [f"{plain(words.upper_first(when(number)))}<br>{details(metric, number)}" for number in known]
    return {
        "type": "bar",
        "x": [(number.period_start + timedelta(days=3)).isoformat() for number in known],
        "y": [shown.place(number.value or 0.0) for number in known],
        "yaxis": "y",
        "width": _BAR_MS,
        "marker": {"color": colour},
        "opacity": PALE,
        "hovertext": texts,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _line(known: Sequence[Number], shown: Scale) -> Figure:
    x: list[str | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    last: date | None = None
    for number, mean in means(known):
        if last not in (None, number.period_start):
            x, y, texts = [*x, None], [*y, None], [*texts, ""]
        x.append((number.period_start + timedelta(days=3)).isoformat())
        y.append(shown.place(mean))
        texts.append(f"Mean of the eight weeks to {plain(_day(number))}: {words.decimal(mean)}")
        last = number.period_end
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "yaxis": "y",
        "connectgaps": False,
        "line": {"color": INK, "width": 2},
        "hovertext": texts,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _day(number: Number) -> str:
    return words.day(number.period_end - timedelta(days=1))
