"""How heavy the pages are, how long it takes to write all of them, and how soon a reader sees the first chart."""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from ospo_metrics import pages, simulation, steps, view_files
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Community, Ospo, Settings, Workspace, open_workspace

sys.path.insert(0, str(Path(__file__).parents[1]))
import published_example

MOST_SHARED, MOST_OF_A_PAGE = 1_600_000, 400_000
MOST_SECONDS, MOST_SECONDS_TO_A_CHART = 20, 1
OPENED = 7
WATCHED = """
    new MutationObserver((_, watching) => {
        if (!document.querySelector('[data-figure] .main-svg .trace path')) return;
        watching.disconnect();
        requestAnimationFrame(() => { window.firstChart = performance.now(); });
    }).observe(document, { childList: true, subtree: true });
"""
FIRST_CHART = """
    () => new Promise((done) => {
        const look = () => (window.firstChart ? done(window.firstChart) : requestAnimationFrame(look));
        window.setTimeout(() => done(60000), 60000);
        look();
    })
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A published file of 50 communities and 200 events, without pages."""
    settings = Settings(ospo=Ospo(name="Example OSPO"), communities=[Community(id="storage", name="Storage")])
    workspace = Workspace(tmp_path_factory.mktemp("many"), settings)
    names = tuple(f"Community number {number}" for number in range(1, 51))
    published_example.build(workspace.database, names=names, events=200)
    return workspace


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The demo ten times as large, after its first run."""
    folder = tmp_path_factory.mktemp("world") / "workspace"
    simulation.simulate(folder, scale=10)
    workspace = open_workspace(folder)
    result = steps.run(workspace, lambda step: step.do(Quiet()))
    assert result.ok, result.message
    return workspace


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        )
        yield running
        running.close()


def heaviest(dashboards: Path) -> tuple[str, int]:
    """The page that is heaviest with what it loads at once beside the shared files."""
    weights = {}
    for page in dashboards.glob("*.html"):
        first = [dashboards / view_files.FOLDER / f"{page.stem}{end}.js" for end in ("-0", "")]
        weights[page.stem] = page.stat().st_size + sum(
            file.stat().st_size for file in first if file.is_file()
        )
    return max(weights.items(), key=lambda each: each[1])


def test_all_pages(benchmark: Any, many: Workspace) -> None:
    """All pages of 50 communities and 200 events, written anew; what they weigh afterwards."""
    benchmark.pedantic(lambda: pages.report(many, Quiet()), rounds=3)

    assets = [*(many.dashboards / "assets").glob("*.js"), *(many.dashboards / "assets").glob("*.css")]
    shared = sum(file.stat().st_size for file in assets)
    page, weight = heaviest(many.dashboards)
    seconds = benchmark.stats.stats.median
    count = len(list(many.dashboards.glob("*.html")))
    benchmark.extra_info["pages"] = [
        (f"{count} pages, 50 communities, 200 events", f"{seconds:.1f} s", f"{MOST_SECONDS} s"),
        ("what all pages share", f"{shared / 1000:,.0f} kB", f"{MOST_SHARED / 1000:,.0f} kB"),
        (
            f"the heaviest page beside it ({page})",
            f"{weight / 1000:,.0f} kB",
            f"{MOST_OF_A_PAGE / 1000:,.0f} kB",
        ),
    ]
    assert shared <= MOST_SHARED
    assert weight <= MOST_OF_A_PAGE
    assert seconds < MOST_SECONDS


def test_first_chart(benchmark: Any, world: Workspace, browser: Browser) -> None:
    """From the click to the first chart, in a browser that has nothing of it in its cache."""
    drawn: list[float] = []

    def opened() -> None:
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        page = context.new_page()
        page.add_init_script(WATCHED)
        page.goto(f"{world.dashboards.as_uri()}/newcomers.html")
        drawn.append(page.evaluate(FIRST_CHART) / 1000)
        context.close()

    benchmark.pedantic(opened, rounds=OPENED)

    page, weight = heaviest(world.dashboards)
    median = statistics.median(drawn)
    benchmark.extra_info["pages"] = [
        ("the first chart of scale 10", f"{median:.2f} s", f"{MOST_SECONDS_TO_A_CHART} s"),
        (f"its heaviest page ({page})", f"{weight / 1000:,.0f} kB", f"{MOST_OF_A_PAGE / 1000:,.0f} kB"),
    ]
    assert median <= MOST_SECONDS_TO_A_CHART
