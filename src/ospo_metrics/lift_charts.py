"""What was counted after a campaign began against what was to be expected, and how ordinary dates fare."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ospo_metrics import words
from ospo_metrics.chart_style import COLOURS, INK, MUTED, Figure, heading, plain, rounded

_TITLE, _BOTTOM = 74, 46
_DAYS_HEIGHT, _DATES_HEIGHT = 210, 130
_BINS_OF_TWICE = 6
"""How many columns of the histogram make up twice as many."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day: how long after the beginning, what was counted, what was to be expected, and the band around that."""

    day: int
    observed: float | None
    expected: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Lift:
    """One count and window of one campaign or event, with the same estimate on every ordinary date.

    `ratio` is its own estimate, None where that is not to be shown.
    """

    label: str
    what: str
    days: Sequence[Day]
    ordinary: Sequence[float]
    ratio: float | None


def days(lift: Lift) -> Figure | None:
    """Draw what was counted each day, what was to be expected, and from the first day on the band of ordinary dates."""
    counted = [day for day in lift.days if day.observed is not None]
    if not any(day.expected is not None for day in counted):
        return None
    total = _TITLE + _DAYS_HEIGHT + _BOTTOM
    window = [day for day in lift.days if day.day >= 0 and day.lower is not None and day.upper is not None]
    expected = [day for day in lift.days if day.expected is not None]
    data: list[Figure] = []
    if window:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [*(day.day for day in window), *(day.day for day in reversed(window))],
                "y": [
                    *(rounded(day.upper or 0) for day in window),
                    *(rounded(day.lower or 0) for day in reversed(window)),
                ],
                "fill": "toself",
                "fillcolor": MUTED,
                "line": {"width": 0},
                "opacity": 0.25,
                "hoverinfo": "skip",
            }
        )
    for colour, part in (
        (COLOURS["bots"], [day for day in counted if day.day < 0]),
        (COLOURS["event"], [day for day in counted if day.day >= 0]),
    ):
        if part:
            data.append(
                {
                    "type": "bar",
                    "x": [day.day for day in part],
                    "y": [day.observed for day in part],
                    "width": 0.7,
                    "marker": {"color": colour},
                    "hovertext": [_told(day) for day in part],
                    "hovertemplate": "%{hovertext}<extra></extra>",
                }
            )
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": [day.day for day in expected],
            "y": [rounded(day.expected or 0) for day in expected],
            "line": {"color": INK, "width": 2},
            "hoverinfo": "skip",
        }
    )
    bottom = rounded(_BOTTOM / total)
    layout: Figure = {
        "height": total,
        "margin": {"l": 44, "r": 12, "t": 0, "b": 0},
        "annotations": [
            heading(
                "y",
                f"<b>{plain(lift.label)}</b>, {plain(lift.what)} a day<br>bars: counted; line: to be expected;<br>"
                "band: as on ordinary dates",
                COLOURS["event"],
            ),
            {
                "x": -0.5,
                "xanchor": "right",
                "yref": "y domain",
                "y": 1,
                "yanchor": "top",
                "xshift": -4,
                "showarrow": False,
                "text": "it begins",
                "font": {"color": MUTED, "size": 12},
            },
        ],
        "shapes": [
            {
                "type": "line",
                "x0": -0.5,
                "x1": -0.5,
                "yref": "y domain",
                "y0": 0,
                "y1": 1,
                "line": {"color": MUTED, "width": 1, "dash": "dot"},
            }
        ],
        "xaxis": {
            "position": bottom,
            "range": [min(day.day for day in lift.days) - 0.7, max(day.day for day in lift.days) + 0.7],
            "title": _axis_title("days since it began"),
        },
        "yaxis": {"domain": [bottom, rounded((total - _TITLE) / total)], "rangemode": "tozero", "nticks": 5},
        "meta": {"kind": "days"},
    }
    return {"data": data, "layout": layout}


def ordinary_dates(lift: Lift) -> Figure | None:
    """Draw how often the same estimate says how much on ordinary dates, with this one marked."""
    places = [_BINS_OF_TWICE * math.log2(ratio) for ratio in lift.ordinary if ratio > 0]
    if lift.ratio is None or lift.ratio <= 0 or len(places) < 10:
        return None
    own = _BINS_OF_TWICE * math.log2(lift.ratio)
    bins: dict[int, int] = {}
    for place in places:
        bins[round(place)] = bins.get(round(place), 0) + 1
    title = _TITLE + 20
    total = title + _DATES_HEIGHT + _BOTTOM
    low, top = min(*bins, own) - 1.5, max(*bins, own) + 1.5
    twice = range(math.ceil(low / _BINS_OF_TWICE), math.floor(top / _BINS_OF_TWICE) + 1)
    bottom = rounded(_BOTTOM / total)
    layout: Figure = {
        "height": total,
        "margin": {"l": 44, "r": 12, "t": 0, "b": 0},
        "annotations": [
            heading(
                "y",
                f"<b>The same estimate on {words.count(len(places))} ordinary dates</b><br>"
                "how many dates gave how many times<br>"
                "as many as expected",
                INK,
            )
            | {"yshift": 25},
            {
                "x": rounded(own),
                "xanchor": "right"
                if own > low + (top - low) * 0.75
                else "left"
                if own < low + (top - low) * 0.25
                else "center",
                "yref": "y domain",
                "y": 1,
                "yanchor": "bottom",
                "showarrow": False,
                "text": f"<b>this one: {words.decimal(lift.ratio)} times</b>",
                "font": {"color": COLOURS["event"], "size": 13},
            },
        ],
        "shapes": [
            {
                "type": "line",
                "x0": rounded(own),
                "x1": rounded(own),
                "yref": "y domain",
                "y0": 0,
                "y1": 1,
                "line": {"color": COLOURS["event"], "width": 2.5},
            }
        ],
        "xaxis": {
            "position": bottom,
            "range": [rounded(low), rounded(top)],
            "tickvals": [_BINS_OF_TWICE * power for power in twice],
            "ticktext": [f"{2.0**power:g}×" for power in twice],
            "title": _axis_title("times as many as expected"),
        },
        "yaxis": {"domain": [bottom, rounded((total - title) / total)], "rangemode": "tozero", "nticks": 4},
        "meta": {"kind": "dates"},
    }
    bars: Figure = {
        "type": "bar",
        "x": sorted(bins),
        "y": [bins[place] for place in sorted(bins)],
        "width": 0.9,
        "marker": {"color": COLOURS["bots"]},
        "hovertext": [_dates(place, bins[place]) for place in sorted(bins)],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    return {"data": [bars], "layout": layout}


def alternative(lift: Lift) -> str:
    """What the charts show, for somebody who does not see them."""
    window = [day for day in lift.days if day.day >= 0 and day.observed is not None]
    counted = sum(day.observed or 0 for day in window)
    expected = sum(day.expected or 0 for day in window)
    told = (
        f"Chart: {lift.label}. In {len(window)} days {words.count(round(counted))} {lift.what} were counted, "
        f"where {words.count(round(expected))} were to be expected."
    )
    if lift.ratio is None or not lift.ordinary:
        return told
    beyond = sum(ratio >= lift.ratio for ratio in lift.ordinary)
    return f"{told} Of {words.count(len(lift.ordinary))} ordinary dates {words.count(beyond)} gave as much or more."


def _told(day: Day) -> str:
    when = (
        "first day"
        if day.day == 0
        else f"day {day.day + 1}"
        if day.day > 0
        else f"{-day.day} day{'s' if day.day < -1 else ''} before"
    )
    expected = "" if day.expected is None else f"<br>{words.decimal(day.expected)} to be expected"
    return f"{when}: {words.count(round(day.observed or 0))}{expected}"


def _dates(place: int, count: int) -> str:
    ratio = 2 ** (place / _BINS_OF_TWICE)
    return (
        f"about {words.decimal(ratio)} times: {words.count(count)} ordinary date{'' if count == 1 else 's'}"
    )


def _axis_title(text: str) -> Figure:
    return {"text": text, "font": {"color": MUTED, "size": 12}, "standoff": 4}
