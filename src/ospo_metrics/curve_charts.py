"""Survival curves with their bands: by which day how many have done something, or are still there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ospo_metrics import words
from ospo_metrics.catalog import Metric
from ospo_metrics.chart_style import COLOURS, MUTED, Figure, heading, meaning, plain, rounded
from ospo_metrics.words import NBSP

MOST_CURVES = 2
_TITLE, _HEIGHT, _BOTTOM = 40, 220, 46
_PLACES = (7, 30, 90, 180, 365, 730)
"""The days at which the table beside a curve is read."""


@dataclass(frozen=True, slots=True)
class Step:
    """From this day on, this share to whom it has not happened yet, with its band; of so many who were watched."""

    day: int
    share: float
    lower: float | None
    upper: float | None
    at_risk: int


Curves = Mapping[str, Sequence[Step]]


def figure(metric: Metric, curves: Curves) -> Figure | None:
    """Draw the headline segment and the one it is compared with.

    Where less time is better the curve rises with those who have; where more is better it falls with those who
    are left.
    """
    shown = {segment: curves[segment] for segment in _segments(metric, curves)}
    if not shown:
        return None
    rises = metric.direction == "down"
    last = max(step.day for steps in shown.values() for step in steps)
    title = _TITLE + 18 * (len(shown) - 1) + 18
    total = title + _HEIGHT + _BOTTOM
    bottom = rounded(_BOTTOM / total)
    colours = _colours(shown)
    texts = [
        f'<span style="color:{colours[segment]}"><b>{plain(words.label(metric, segment))}</b></span>'
        for segment in shown
    ]
    unit = f"% of {plain(metric.of)} {'who have' if rises else 'who are left'}"
    layout: Figure = {
        "height": total,
        "margin": {"l": 44, "r": 12, "t": 0, "b": 0},
        "annotations": [heading("y", "<br>".join([*texts, unit]), MUTED)],
        "shapes": [],
        "xaxis": {
            "position": bottom,
            "range": [0, max(last, 1)],
            "title": {"text": "days", "font": {"color": MUTED, "size": 12}, "standoff": 4},
        },
        "yaxis": {
            "domain": [bottom, rounded((total - title) / total)],
            "range": [0, 1.02],
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "ticktext": [f"{share}{NBSP}%" for share in (0, 25, 50, 75, 100)],
        },
        "meta": {"kind": "curves"},
    }
    data: list[Figure] = []
    for segment, steps in shown.items():
        data += _curve(words.label(metric, segment), steps, colours[segment], rises=rises)
    return {"data": data, "layout": layout}


def table(metric: Metric, curves: Curves) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """For a few days: the share of each shown segment, its range, and how many were still watched."""
    shown = {segment: curves[segment] for segment in _segments(metric, curves)}
    rises = metric.direction == "down"
    last = max((steps[-1].day for steps in shown.values() if steps), default=0)
    found = []
    for day in (place for place in _PLACES if place <= last):
        cells = []
        for steps in shown.values():
            step = next((step for step in reversed(steps) if step.day <= day), None)
            cells.append(
                ("100 %" if not rises else "0 %", "", "") if step is None else _cell(step, rises=rises)
            )
        found.append((f"{day} days", cells))
    return found


def labels(metric: Metric, curves: Curves) -> list[str]:
    """What the columns of the table are called."""
    return [words.label(metric, segment) for segment in _segments(metric, curves)]


def alternative(metric: Metric, curves: Curves) -> str:
    """What the chart shows, for somebody who does not see it."""
    names = labels(metric, curves)
    told = [
        f"after {when} {' and '.join(f'{name.lower()} {cell[0]}' for name, cell in zip(names, cells, strict=True))}"
        for when, cells in table(metric, curves)
    ]
    verb = "the share who have" if metric.direction == "down" else "the share who are left"
    return f"Chart: {metric.title} Curve of {verb}: {'; '.join(told)}."


def _segments(metric: Metric, curves: Curves) -> list[str]:
    wanted = metric.compare or (metric.headline_segment,)
    return [segment for segment in wanted if curves.get(segment)][:MOST_CURVES]


def _colours(shown: Curves) -> dict[str, str]:
    """Each curve in its meaning's colour, and no two in the same."""
    found: dict[str, str] = {}
    for segment in shown:
        colour = COLOURS[meaning(segment)]
        found[segment] = colour if colour not in found.values() else COLOURS["event"]
    return found


def _cell(step: Step, *, rises: bool) -> tuple[str, str, str]:
    def percent(share: float) -> str:
        return f"{100 * (1 - share if rises else share):.0f}"

    low, high = (step.upper, step.lower) if rises else (step.lower, step.upper)
    between = "" if low is None or high is None else f"{percent(low)} to {percent(high)}{NBSP}%"
    return f"{percent(step.share)}{NBSP}%", between, f"{words.count(step.at_risk)} watched"


def _curve(label: str, steps: Sequence[Step], colour: str, *, rises: bool) -> list[Figure]:
    def told(share: float) -> float:
        return rounded(1 - share if rises else share)

    days = [0, *(step.day for step in steps)]
    x = [days[0], *(day for day in days[1:] for _ in (0, 1))]
    upper = _stairs([1.0, *(step.share if step.upper is None else step.upper for step in steps)])
    lower = _stairs([1.0, *(step.share if step.lower is None else step.lower for step in steps)])
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [*x, *reversed(x)],
            "y": [told(share) for share in (*upper, *reversed(lower))],
            "fill": "toself",
            "fillcolor": colour,
            "line": {"width": 0},
            "opacity": 0.18,
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": days,
            "y": [told(1.0), *(told(step.share) for step in steps)],
            "line": {"color": colour, "width": 2.5, "shape": "hv"},
            "hovertext": ["", *(" · ".join(filter(None, _cell(step, rises=rises))) for step in steps)],
            "hovertemplate": f"%{{x}} days<br><b>{plain(label)}</b>: %{{hovertext}}<extra></extra>",
        },
    ]


def _stairs(values: Sequence[float]) -> list[float]:
    """The heights of a line of stairs: at each step first the old height, then the new one."""
    found = [values[0]]
    for before, after in pairwise(values):
        found += [before, after]
    return found
