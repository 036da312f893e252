"""What happened, marked above the charts over time: events, campaigns and releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ospo_metrics import words
from ospo_metrics.chart_style import COLOURS, MUTED, Figure, plain

MOST_RELEASES = 60
"""Releases marked at most, the newest; a project that has more has no use for marks."""

_KINDS = {
    "event": ("events", "triangle-down", COLOURS["event"]),
    "campaign": ("campaigns", "square", COLOURS["event"]),
    "release": ("releases", "line-ns", MUTED),
}
_SIGNS = {"event": "▼", "campaign": "■", "release": "|"}


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened on a day or over some days."""

    kind: str
    name: str
    starts_on: date
    ends_on: date


def traces(marks: Sequence[Mark]) -> list[Figure]:
    """A row of signs for each kind; the page's script puts them into the lane of each chart over time."""
    found = []
    for kind, (_, symbol, colour) in _KINDS.items():
        mine = _of(kind, marks)
        if not mine:
            continue
        found.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [mark.starts_on.isoformat() for mark in mine],
                "y": [0.45] * len(mine),
                "marker": {
                    "symbol": symbol,
                    "size": 10 if kind != "release" else 9,
                    "color": colour,
                    "line": {"color": colour, "width": 1.5 if kind == "release" else 0},
                },
                "hovertext": [_told(mark) for mark in mine],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        )
    return found


def legend(marks: Sequence[Mark]) -> str:
    """Which sign means what: "▼ events, ■ campaigns"; empty where nothing is marked."""
    return ", ".join(f"{_SIGNS[kind]} {name}" for kind, (name, _, _) in _KINDS.items() if _of(kind, marks))


def _of(kind: str, marks: Sequence[Mark]) -> list[Mark]:
    mine = sorted((mark for mark in marks if mark.kind == kind), key=lambda mark: mark.starts_on)
    return mine[-MOST_RELEASES:] if kind == "release" else mine


def _told(mark: Mark) -> str:
    return f"<b>{plain(mark.name)}</b><br>{words.days(mark.starts_on, mark.ends_on)}"
