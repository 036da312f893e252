"""What all charts have in common: colours, one for each meaning, and the look of their parts."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import Any

from ospo_metrics import locales

Figure = dict[str, Any]

TRACE_TYPES = frozenset({"bar", "scatter"})
"""What our charts are made of; the vendored Plotly bundle must be able to draw it.

Its basic bundle draws these and pies. Heat maps and histograms are made of bars, which spares the reader 300 kB.
"""

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

COLOURS = {
    "everyone": "#3b3a36",
    "outside": "#0b69a8",
    "own": "#9c6a00",
    "bots": "#77756f",
    "agents": "#7a5aa6",
    "newcomers": "#c04b0c",
    "regulars": "#00785c",
    "event": "#a3195b",
}
"""One meaning, one colour, on every page; told apart with any kind of colour vision."""

INK, MUTED, GRID, GAP, PAPER = "#22211e", "#66635c", "#e4e1da", "#f0ede6", "#ffffff"

SHADES = ("#fdebd8", "#fbcfa4", "#f5a662", "#e0762f", "#b54a10", "#7f2e05")
"""From few to all, in the newcomers' colour; on the first four one writes in ink, on the others in paper."""

DARK = {
    COLOURS["everyone"]: "#d9d6cf",
    COLOURS["outside"]: "#63b3ed",
    COLOURS["own"]: "#e0b04c",
    COLOURS["bots"]: "#a29f98",
    COLOURS["agents"]: "#b79ae0",
    COLOURS["newcomers"]: "#ff935c",
    COLOURS["regulars"]: "#4cc9a4",
    COLOURS["event"]: "#f08abf",
    INK: "#efece6",
    MUTED: "#aaa69d",
    GRID: "#3a3935",
    GAP: "#2a2926",
    PAPER: "#1b1a18",
    **dict(zip(SHADES, ("#33261b", "#4f3521", "#744722", "#94571f", "#f09a55", "#ffc998"), strict=True)),
}
"""What each colour becomes on a dark page; the page's script swaps them."""

LAYOUT: Figure = {
    "showlegend": False,
    "hovermode": "closest",
    "hoverdistance": 30,
    "dragmode": False,
    "bargap": 0.15,
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"color": INK, "size": 13},
    "hoverlabel": {"align": "left", "bgcolor": PAPER, "font": {"color": INK}, "bordercolor": MUTED},
}
X_AXIS: Figure = {
    "anchor": "free",
    "showgrid": False,
    "zeroline": False,
    "fixedrange": True,
    "tickfont": {"color": MUTED},
    "ticks": "outside",
    "tickcolor": GRID,
    "linecolor": MUTED,
}
Y_AXIS: Figure = {
    "anchor": "x",
    "fixedrange": True,
    "zeroline": True,
    "zerolinecolor": MUTED,
    "gridcolor": GRID,
    "tickfont": {"color": MUTED},
    "tickformat": ",",
}
"""What every chart's layout and axes say; the page holds it once, and its script adds it to each figure."""

LONGEST_LINE = 44
"""Letters of a heading that fit one line on a phone."""

PALE = 0.4
"""How strongly that is drawn which is still growing."""

BELOW_INK = 0.6
"""How strongly a bar of the colour next to ink is drawn, so that the lower half of its range is seen on it."""

_MEANINGS = {"new": "newcomers", "existing": "regulars", "returning": "regulars"}


def layout() -> Figure:
    """What every chart's layout says, with numbers as the locale writes them."""
    style = locales.current()
    return LAYOUT | {"separators": style.decimal + style.group}


def whole(figure: Figure) -> Figure:
    """A figure with what all charts have in common, as the page's script completes it."""
    whole_layout = layout() | figure["layout"]
    for name, part in figure["layout"].items():
        if name.startswith(("xaxis", "yaxis")):
            whole_layout[name] = (X_AXIS if name.startswith("x") else Y_AXIS) | part
    return {"data": figure["data"], "layout": whole_layout}


def meaning(segment: str) -> str:
    """Whose colour a segment wears everywhere; how long newcomers stay is told in the newcomers' colour."""
    if segment in COLOURS:
        return segment
    return "newcomers" if segment.startswith("day_") else _MEANINGS.get(segment, "everyone")


def axis_name(number: int) -> str:
    """What Plotly calls the so-manieth vertical axis, from 1, in a trace."""
    return "y" if number == 1 else f"y{number}"


def head(label: str, unit: str, longest: int = LONGEST_LINE) -> tuple[str, int]:
    """The words of a heading, with the label in bold and in as many lines as a phone needs; and how many that are."""
    if not label:
        return plain(unit), 1
    if len(label) + len(unit) < longest:
        return f"<b>{plain(label)}</b>  {plain(unit)}", 1
    labels, units = wrapped(label, LONGEST_LINE), wrapped(unit, LONGEST_LINE)
    return f"<b>{labels}</b><br>{units}", f"{labels}<br>{units}".count("<br>") + 1


def title_height(lines: int) -> int:
    """Pixels that so many lines of a heading take above their panel."""
    return 24 + 16 * lines


def heading(axis: str, text: str, colour: str, indent: int = -45) -> Figure:
    """The words above a panel: what it shows, in its colour, and the unit."""
    return {
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "xshift": indent,
        "yref": f"{axis} domain",
        "y": 1,
        "yanchor": "bottom",
        "yshift": 7,
        "showarrow": False,
        "align": "left",
        "text": text,
        "font": {"color": colour, "size": 13},
    }


def rounded(value: float) -> float:
    """Short enough for a page that is read on a phone."""
    return round(value, 3)


def plain(text: str) -> str:
    """A text from anywhere, to stand in a chart as it is: neither markup nor a placeholder of Plotly's."""
    return escape(text).replace("%{", "% {")


@lru_cache(maxsize=10_000)
def wrapped(text: str, width: int = 46) -> str:
    """A sentence in lines that fit a label."""
    lines, line = [], ""
    for word in text[:400].split():
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = ""
        line = f"{line} {word[:width]}".strip()
    return "<br>".join(plain(part) for part in [*lines, line])
