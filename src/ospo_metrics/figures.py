"""Charts as pictures for slides and mails: `published/figures/<metric>.png`, with title and source in the picture."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

import duckdb

from ospo_metrics import chart_style, charts, locales, project, readings, words
from ospo_metrics.catalog import Metric
from ospo_metrics.pages import BUNDLE
from ospo_metrics.readings import PROGRAM, Build
from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import open_published, records

WIDTH, SCALE = 900, 2
"""Pixels, and how many of a screen's make one of them."""

OF_EACH_PAGE = 2
"""How many metrics of each page are drawn, where none is named."""

SECONDS_TO_START, SECONDS_TO_DRAW = 15, 60
_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_TOP, _BOTTOM = 84, 54


class FigureError(Exception):
    """No picture was made; the sentence says why and what to do."""


def write(workspace: Workspace, names: Sequence[str] = ()) -> list[Path]:
    """Draw these metrics of the whole program, or the first two of each page, in one start of a browser.

    What has no number to draw is left out. The pictures come into their folder all at once.
    """
    with open_published(workspace.database) as connection:
        drawn = figures(connection, names)
    if not drawn:
        raise FigureError(
            "no figures, because none of these metrics has a number of the whole program to draw yet."
        )
    browser = find_browser()
    folder = workspace.published / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".figures-", dir=workspace.published) as name:
        fresh = [Path(name) / f"{metric}.png" for metric in drawn]
        _draw(browser, list(zip(drawn.values(), fresh, strict=True)))
        return [path.replace(folder / path.name) for path in fresh]


def figures(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str] = ()
) -> dict[str, chart_style.Figure]:
    """The charts of a published file by metric, each with its title above and its source below."""
    metrics = readings.metrics(connection)
    if unknown := [name for name in names if name not in metrics]:
        raise FigureError(f"{unknown[0]!r} is no metric. Known are {', '.join(metrics)}.")
    pages = readings.pages(connection)
    wanted = names or dict.fromkeys(name for page in pages for name in page.metrics[:OF_EACH_PAGE])
    build = readings.build(connection)
    with locales.used(build.locale):
        return _figures(connection, build, metrics, list(wanted))


def _figures(
    connection: duckdb.DuckDBPyConnection, build: Build, metrics: Mapping[str, Metric], wanted: Sequence[str]
) -> dict[str, chart_style.Figure]:
    source = _source(connection, build)
    numbers = readings.numbers(connection, [PROGRAM.kind])
    return {
        name: _framed(metrics[name], chart_style.whole(figure), build, source)
        for name in wanted
        if (
            figure := charts.figure(
                metrics[name], numbers.get((name, PROGRAM.kind, PROGRAM.id), ()), build.today
            )
        )
    }


def find_browser() -> str:
    """The browser that BROWSER_PATH names, or the first one that is installed, once it has shown that it starts."""
    named = os.environ.get("BROWSER_PATH")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, _BROWSERS)), None)
    remedy = "On Debian: apt-get install chromium; of another one BROWSER_PATH says where it is."
    if found is None:
        lacking = (
            f"BROWSER_PATH names {named}, which is no program"
            if named
            else "no Chromium or Chrome is installed"
        )
        raise FigureError(f"no figures, because {lacking}. {remedy}")
    try:
        done = subprocess.run(
            [found, "--version"],
            capture_output=True,
            timeout=SECONDS_TO_START,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        starts = done.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        starts = False
    if not starts:
        raise FigureError(f"no figures, because {found} does not start. {remedy}")
    return found


def _draw(browser: str, wanted: Sequence[tuple[chart_style.Figure, Path]]) -> None:
    """Have one browser draw every picture; `FigureError` where it does not."""
    try:
        import kaleido
        from kaleido.errors import KaleidoError
    except ImportError:
        raise FigureError(
            "no figures, because kaleido is not installed. "
            "In the checkout, into the same environment: pip install '.[figures]'"
        ) from None
    specs: list[dict[str, Any]] = [
        {
            "fig": figure,
            "path": path,
            "opts": {"format": "png", "width": WIDTH, "height": figure["layout"]["height"], "scale": SCALE},
        }
        for figure, path in wanted
    ]

    async def draw() -> None:
        bundle = (project.root() / "dashboards" / "theme" / BUNDLE).as_uri()
        drawing = kaleido.Kaleido(path=browser, plotlyjs=bundle, mathjax=False, timeout=SECONDS_TO_DRAW)
        try:
            async with asyncio.timeout(SECONDS_TO_START + SECONDS_TO_DRAW + 2 * len(specs)), drawing:
                await drawing.write_fig_from_object(specs, cancel_on_error=True)
        except TimeoutError:
            _end(drawing)
            raise

    try:
        asyncio.run(draw())
    except TimeoutError:
        raise FigureError(f"no figures, because {browser} did not answer in time. Run it again.") from None
    except (KaleidoError, RuntimeError) as error:
        why = str(error.args[0] if error.args else error).splitlines()[0][:200]
        raise FigureError(f"no figures, because {browser} could not draw them: {why}") from None


def _end(drawing: Any) -> None:
    """End a browser that hangs, with all that it started; it has a session of its own."""
    process = getattr(drawing, "subprocess", None)
    if process is not None and process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _framed(metric: Metric, figure: chart_style.Figure, build: Build, source: str) -> chart_style.Figure:
    """The chart as the page shows it, with what the page around it tells."""
    layout = figure["layout"]
    height = layout["height"] + _TOP + _BOTTOM
    whose = f"{build.ospo_name}, all communities together"
    framed = layout | {
        "width": WIDTH,
        "height": height,
        "margin": layout["margin"] | {"l": 64, "r": layout["margin"]["r"] + 30, "t": _TOP, "b": _BOTTOM},
        "paper_bgcolor": chart_style.PAPER,
        "plot_bgcolor": chart_style.PAPER,
        "title": {
            "text": f"<b>{escape(metric.title)}</b>",
            "subtitle": {"text": escape(whose), "font": {"size": 14, "color": chart_style.MUTED}},
            "font": {"size": 22, "color": chart_style.INK},
            "x": 20 / WIDTH,
            "xanchor": "left",
            "y": 1 - 30 / height,
            "yanchor": "top",
        },
        "annotations": [
            *layout["annotations"],
            {
                "text": escape(source),
                "showarrow": False,
                "xref": "paper",
                "yref": "paper",
                "x": 0,
                "xanchor": "left",
                "xshift": -44,
                "y": 0,
                "yanchor": "top",
                "yshift": -18,
                "font": {"size": 12, "color": chart_style.MUTED},
            },
        ],
    }
    return {"data": figure["data"], "layout": framed}


def _source(connection: duckdb.DuckDBPyConnection, build: Build) -> str:
    rows = records(
        connection,
        "select source from meta.sources group by source having sum(rows_held) > 0 order by source",
    )
    seen = [words.source_name(row["source"]) for row in rows if row["source"] in _SEEN]
    named = [*seen, *(["what the team keeps"] if len(seen) < len(rows) else [])] or ["none yet"]
    simulated = "Simulated data. " if build.is_simulated else ""
    return f"{simulated}Source: {words.listed(named)}, as of {words.day(build.today)}."


_SEEN = ("github", "gharchive", "git", "mailing_lists")
"""Sources of what people do; the others tell who they are, and what the team did and wrote down."""
