"""The dashboards, opened from disk in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

import published_example
from ospo_metrics import charts, pages
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Community, Ospo, Settings, Workspace

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = ["index", "newcomers", "help"]
DRAWN = """
() => [...document.querySelectorAll('[data-figure]')]
    .filter(place => place.offsetParent !== null)
    .map(place => [place.dataset.figure, place.querySelectorAll('.main-svg').length > 0])
"""
CHOSEN = "document.querySelector('#scope').value"
FILL = "getComputedStyle(document.querySelector('.barlayer .point path')).fill"


@dataclass
class Seen:
    """What a page did while it was open."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def drawn(self) -> dict[str, bool]:
        return dict(self.page.evaluate(DRAWN))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, without anything that calls home."""
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed, and CI must not skip the browser tests")
        pytest.skip("chromium is not installed (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield running
        running.close()


def made(folder: Path, **more: Any) -> Path:
    settings = Settings(ospo=Ospo(name="Example OSPO"), communities=[Community(id="storage", name="Storage")])
    workspace = Workspace(folder, settings)
    published_example.build(workspace.database, **more)
    pages.report(workspace, Quiet())
    return workspace.dashboards


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = published_example.HOSTILE
    return made(tmp_path_factory.mktemp("hostile"), names=names, ospo_name=names[0])


def open_page(browser: Browser, dashboards: Path, address: str, **context: Any) -> Seen:
    """Open a page from disk and write down every error and every request; nothing else is let through."""
    place: BrowserContext = browser.new_context(**context)
    seen = Seen(place.new_page())

    def watch(route: Route) -> None:
        seen.requests.append(route.request.url)
        if route.request.url.startswith(dashboards.as_uri()):
            route.continue_()
        else:
            route.abort()

    place.route("**/*", watch)
    seen.page.on("console", lambda message: seen.errors.append(f"{message.type}: {message.text}"))
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    seen.page.on("dialog", lambda dialog: seen.errors.append(f"dialog: {dialog.message}"))
    seen.page.goto(f"{dashboards.as_uri()}/{address}")
    return seen


@pytest.mark.parametrize("which", ["example", "hostile", "simulated"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_from_disk_and_leaves_it_never(
    browser: Browser, request: pytest.FixtureRequest, which: str, name: str
) -> None:
    """No error, no warning, no request beyond the folder, and every chart in sight is drawn."""
    if which == "simulated":
        dashboards: Path = request.getfixturevalue("published").dashboards
    else:
        dashboards = request.getfixturevalue(which)
    seen = open_page(browser, dashboards, f"{name}.html")
    assert seen.errors == []
    assert all(url.startswith(dashboards.as_uri()) for url in seen.requests)
    assert all(seen.drawn().values())
    assert bool(seen.drawn()) == (name != "index")
    seen.page.context.close()


def test_the_policy_holds_from_disk(browser: Browser, example: Path) -> None:
    """A script that somebody smuggled into a page would not run, and nothing could be sent anywhere."""
    seen = open_page(browser, example, "newcomers.html")
    seen.page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = "document.title = 'owned'";
            document.body.append(script);
            document.body.insertAdjacentHTML('beforeend', '<img src="https://example.org/x.png">');
        }"""
    )
    sent = seen.page.evaluate("() => fetch('https://example.org/').then(() => 'sent', () => 'refused')")
    assert sent == "refused"
    assert seen.page.title() != "owned"
    assert all(url.startswith(example.as_uri()) for url in seen.requests)
    seen.page.context.close()


def test_hostile_names_are_shown_as_text(browser: Browser, hostile: Path) -> None:
    """Markup in a name is read, not obeyed; a name written from right to left turns nothing else around."""
    seen = open_page(browser, hostile, "newcomers.html")
    options = seen.page.locator("#scope option").all_text_contents()
    assert options[1].startswith("<script>document.title='owned'</script>")
    assert options[2].startswith("=cmd|' /C calc'!A0</script>&amp;{{ 7 * 7 }}")
    assert options[4] == "x" * 79 + "…"
    for index, option in enumerate(options[1:], 1):
        seen.page.select_option("#scope", index=index)
        assert option in seen.page.locator(".answers:visible").inner_text().replace("\u00a0", " ")
        assert seen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert seen.page.title().startswith("Who is arriving")
    assert seen.errors == []
    seen.page.context.close()


def test_a_community_can_be_chosen_and_its_view_shared(browser: Browser, example: Path) -> None:
    """Choosing changes answers and charts, the address carries the choice, and back leads back."""
    seen = open_page(browser, example, "help.html")
    page = seen.page
    assert page.locator(".answers:visible").inner_text().count("our communities") == 2
    page.select_option("#scope", label="Storage")
    becomes(
        page, "document.querySelector('.answers:not([hidden])').innerText.includes('Storage')", expected=True
    )
    assert page.url.endswith("help.html#community=community-1")
    assert list(seen.drawn()) == ["first_response_time-1", "contributor_absence_factor-1"]
    assert all(seen.drawn().values())
    page.go_back()
    becomes(page, CHOSEN, "all")
    page.locator("a[data-show]:visible", has_text="Networking").first.click()
    becomes(page, CHOSEN, "community=community-2")
    assert seen.errors == []
    page.context.close()
    shared = open_page(browser, example, "help.html#community=community-1")
    assert shared.page.input_value("#scope") == "community=community-1"
    assert "Storage" in shared.page.locator(".answers:visible").inner_text()
    shared.page.context.close()
    unknown = open_page(browser, example, "help.html#community=%E0%A4%A")
    assert unknown.page.input_value("#scope") == "all"
    assert unknown.errors == []
    unknown.page.context.close()


def test_everything_is_reached_with_the_keyboard(browser: Browser, example: Path) -> None:
    """Tab leads past the skip link and the pages to the choice and to every unfolding part."""
    seen = open_page(browser, example, "help.html")
    page = seen.page
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText.split('\\n')[0].trim()"))
    assert reached[:4] == ["Skip to the content", "Example OSPO", "Newcomers", "Help"]
    assert reached[4] == "All communities together"
    assert {"The same as a table", "In sentences, to quote", "About this number"} <= set(reached)
    page.locator("#scope").focus()
    page.keyboard.press("ArrowDown")
    becomes(page, CHOSEN, "community=community-1")
    page.locator("details.about summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.about").first.get_attribute("open") is not None
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone(browser: Browser, example: Path, name: str) -> None:
    """Nothing sticks out sideways at 360 pixels, and letters stay large enough."""
    seen = open_page(
        browser,
        example,
        f"{name}.html",
        viewport={"width": 360, "height": 740},
        is_mobile=True,
        has_touch=True,
    )
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 360
    assert seen.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16
    assert all(seen.drawn().values())
    seen.page.context.close()


def test_a_dark_page_has_dark_charts(browser: Browser, example: Path) -> None:
    """Every colour has its counterpart, and follows when the reader's setting changes."""
    seen = open_page(browser, example, "newcomers.html", color_scheme="dark")
    outside = charts.COLOURS["outside"]
    assert seen.page.evaluate(FILL) == rgb(charts.DARK[outside])
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(
        charts.DARK[charts.PAPER]
    )
    seen.page.emulate_media(color_scheme="light")
    becomes(seen.page, FILL, rgb(outside))
    assert seen.errors == []
    seen.page.context.close()


def test_a_page_prints_clean(browser: Browser, example: Path) -> None:
    """On paper: light, nothing to click, charts no wider than the sheet, and the simulation still named."""
    seen = open_page(browser, example, "newcomers.html", color_scheme="dark")
    page = seen.page
    page.emulate_media(media="print", color_scheme="dark")
    becomes(page, FILL, rgb(charts.COLOURS["outside"]))
    widths = page.evaluate("[...document.querySelectorAll('.main-svg')].map(svg => svg.clientWidth)")
    assert max(widths) <= 680
    for hidden in ("header nav", ".switch", "details.table"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator(".simulated").is_visible()
    assert len(page.pdf(format="A4")) > 20_000
    page.context.close()


def test_without_the_chart_library_the_tables_stand_open(
    browser: Browser, example: Path, tmp_path: Path
) -> None:
    """A page that was mailed without its assets still shows its numbers."""
    copy = tmp_path / "dashboards"
    shutil.copytree(example, copy)
    next((copy / "assets").glob("plotly-*.js")).unlink()
    seen = open_page(browser, copy, "newcomers.html")
    assert seen.page.locator("details.table:visible").first.get_attribute("open") is not None
    shutil.rmtree(copy / "assets")
    bare = open_page(browser, copy, "newcomers.html")
    assert "People from outside" in bare.page.locator("main").inner_text()
    bare.page.context.close()
    seen.page.context.close()


def test_pointing_at_a_chart_tells_its_number(browser: Browser, example: Path) -> None:
    """A point tells its month, its value, its range and on how many it rests; a cross tells the reason."""
    seen = open_page(browser, example, "newcomers.html")
    place = seen.page.locator("[data-figure=newcomer_retention-0]")
    place.scroll_into_view_if_needed()
    texts = []
    for points in (place.locator("path.point").first, place.locator("path.point").last):
        points.hover(force=True)
        label = place.locator(".hovertext").first
        label.wait_for()
        texts.append(
            label.inner_text() if label.evaluate("e => e instanceof HTMLElement") else label.text_content()
        )
    assert texts[0] is not None
    assert texts[1] is not None
    assert "July 2024" in texts[0]
    assert "range" in texts[0]
    assert "newcomers" in texts[0]
    assert "too early" in texts[1]
    seen.page.context.close()


def becomes(page: Page, expression: str, expected: object) -> None:
    """Wait until a page says what it should; Playwright's own way needs `eval`, which our policy forbids."""
    for _ in range(50):
        if page.evaluate(expression) == expected:
            return
        page.wait_for_timeout(100)
    assert page.evaluate(expression) == expected


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[start : start + 2], 16)) for start in (1, 3, 5))})"
