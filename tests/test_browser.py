"""The dashboards, opened from disk in a real browser."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

import published_example
from ospo_metrics import chart_style, pages
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
PAGES = [
    *(
        "index",
        "newcomers",
        "help",
        "attendees",
        "turnout",
        "goals",
        "campaigns",
        "channels",
        "communities",
        "mailing_lists",
        "risk",
    ),
    *("methods", "events"),
]
OWN_PAGES = ["community-*", "event-*", "campaign-*"]
"""Pages whose names the data tell; of each kind one is looked at."""
DRAWN = """
() => [...document.querySelectorAll('[data-figure]')]
    .map(place => [place.dataset.figure, place.querySelectorAll('.main-svg').length > 0])
"""
ALL_DRAWN = """
() => new Promise(done => {
    const look = () => window.Plotly && document.querySelector('[data-figure]:not(.js-plotly-plot)')
        ? window.setTimeout(look, 10) : done();
    window.setTimeout(done, 5000);
    look();
})
"""
"""Charts are drawn one after the other: wait for the last."""

SAID = "document.querySelector('#answers').innerText"
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
    if "#" not in address and context.get("java_script_enabled", True):
        seen.page.evaluate(ALL_DRAWN)
    return seen


def every_page(dashboards: Path) -> list[str]:
    """The pages to look at: all that have a name of their own, and one of each other kind."""
    of_kinds = [sorted(dashboards.glob(f"{kind}.html"))[:1] for kind in OWN_PAGES]
    named = [name for name in PAGES if (dashboards / f"{name}.html").is_file()]
    return [*named, *(path.stem for found in of_kinds for path in found)]


@pytest.mark.parametrize("which", ["example", "hostile", "simulated"])
def test_a_page_opens_from_disk_and_leaves_it_never(
    browser: Browser, request: pytest.FixtureRequest, which: str
) -> None:
    """No error, no warning, no request beyond the folder, and every chart is drawn."""
    if which == "simulated":
        dashboards: Path = request.getfixturevalue("published").dashboards
    else:
        dashboards = request.getfixturevalue(which)
    found = every_page(dashboards)
    assert len(found) >= 13
    for name in found:
        seen = open_page(browser, dashboards, f"{name}.html")
        assert seen.errors == [], name
        assert all(url.startswith(dashboards.as_uri()) for url in seen.requests)
        assert all(seen.drawn().values()), name
        if name in ("newcomers", "help", "campaigns"):
            assert seen.drawn()
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
        becomes(seen.page, f"{SAID}.replaceAll('\\u00a0', ' ').includes({json.dumps(option)})", expected=True)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    seen.page.select_option("#scope", index=1)
    becomes(seen.page, "document.querySelectorAll('#project option').length > 1", expected=True)
    seen.page.select_option("#project", index=1)
    becomes(seen.page, "location.hash.includes('project=')", expected=True)
    assert seen.page.title().startswith("Who is arriving")
    assert seen.errors == []
    seen.page.context.close()


def test_a_community_can_be_chosen_and_its_view_shared(browser: Browser, example: Path) -> None:
    """Choosing loads its part, changes answers and charts, the address carries the choice, and back leads back."""
    seen = open_page(browser, example, "help.html")
    page = seen.page
    assert not [url for url in seen.requests if "help-1.js" in url]
    assert "our communities" in page.locator("#answers").inner_text()
    page.select_option("#scope", label="Storage")
    becomes(page, f"{SAID}.includes('Storage')", expected=True)
    assert page.url.endswith("help.html#community=community-1")
    assert [url for url in seen.requests if "help-1.js" in url]
    assert "first_response_time-time" in seen.drawn()
    assert all(seen.drawn().values())
    becomes(page, "document.querySelector('#told').textContent", "Showing Storage.")
    page.go_back()
    becomes(page, CHOSEN, "all")
    becomes(page, f"{SAID}.includes('our communities')", expected=True)
    page.locator("details.others summary").first.click()
    page.locator("a[data-show]:visible", has_text="Networking").first.click()
    becomes(page, CHOSEN, "community=community-2")
    becomes(page, "document.activeElement.id", "scope")
    assert seen.errors == []
    page.context.close()
    shared = open_page(browser, example, "help.html#community=community-1")
    becomes(shared.page, f"{SAID}.includes('Storage')", expected=True)
    assert shared.page.input_value("#scope") == "community=community-1"
    shared.page.context.close()
    unknown = open_page(browser, example, "help.html#community=%E0%A4%A")
    becomes(unknown.page, CHOSEN, "all")
    assert all(unknown.drawn().values())
    assert unknown.errors == []
    unknown.page.context.close()


def test_a_project_can_be_chosen_within_its_community(browser: Browser, example: Path) -> None:
    """The second choice offers the projects of the first, and goes away with it; the address carries both."""
    seen = open_page(browser, example, "newcomers.html")
    page = seen.page
    assert not page.locator("#project").is_visible()
    page.select_option("#scope", label="Storage")
    becomes(page, "document.querySelector('#project').offsetParent !== null", expected=True)
    page.select_option("#project", label="example/core-1 of Storage")
    becomes(page, f"{SAID}.includes('example/core-1 of Storage')", expected=True)
    assert page.url.endswith("#community=community-1&project=example/core-1")
    assert all(seen.drawn().values())
    page.select_option("#scope", label="All communities together")
    becomes(page, f"{SAID}.includes('our communities')", expected=True)
    assert not page.locator("#project").is_visible()
    assert page.url.endswith("#all")
    page.context.close()
    shared = open_page(
        browser, example, "newcomers.html#community=community-1&project=example/core-1&months=12"
    )
    becomes(shared.page, f"{SAID}.includes('example/core-1 of Storage')", expected=True)
    assert shared.page.input_value("#months") == "12"
    assert shared.errors == []
    shared.page.context.close()


def test_a_shorter_time_can_be_chosen(browser: Browser, example: Path) -> None:
    """Charts and tables end where they ended and begin later; the address carries it, also with a community."""
    seen = open_page(browser, example, "newcomers.html")
    page = seen.page
    place = "document.querySelector('[data-figure=new_contributors-time]')"
    rows = "document.querySelectorAll('[data-part=new_contributors] table.periods tbody tr:not([hidden])').length"
    assert page.evaluate(rows) == 25
    whole = page.evaluate(f"{place}.layout.xaxis.range")
    page.select_option("#months", "12")
    becomes(page, f"{place}.layout.xaxis.range[0]", "2025-07-01")
    assert page.evaluate(f"{place}.layout.xaxis.range[1]") == whole[1]
    assert page.evaluate(rows) == 13
    assert page.url.endswith("#months=12")
    page.select_option("#scope", label="Storage")
    becomes(page, f"{SAID}.includes('Storage')", expected=True)
    assert page.url.endswith("#community=community-1&months=12")
    assert page.evaluate(f"{place}.layout.xaxis.range[0]") == "2025-07-01"
    assert page.evaluate(rows) == 13
    page.select_option("#months", "")
    becomes(page, f"{place}.layout.xaxis.range[0]", "2024-07-01")
    assert page.evaluate(rows) == 25
    assert seen.errors == []
    page.context.close()
    events = open_page(browser, example, "attendees.html#months=12")
    dates = events.page.evaluate(
        "[...document.querySelectorAll('table.occasions tr[data-end]:not([hidden])')].map(row => row.dataset.end)"
    )
    assert dates
    assert min(dates) >= "2025-07"
    assert events.errors == []
    events.page.context.close()


def test_a_part_that_is_gone_is_said_to_be(browser: Browser, example: Path, tmp_path: Path) -> None:
    """Where the file of a community does not lie beside the page, what is shown stays, and the page says so."""
    copy = tmp_path / "dashboards"
    shutil.copytree(example, copy)
    (copy / "assets" / "views" / "help-2.js").unlink()
    seen = open_page(browser, copy, "help.html")
    seen.page.select_option("#scope", index=2)
    becomes(
        seen.page,
        "document.querySelector('#told').textContent.startsWith('This part could not')",
        expected=True,
    )
    assert seen.page.input_value("#scope") == "all"
    assert "our communities" in seen.page.locator("#answers").inner_text()
    seen.page.context.close()


def test_everything_is_reached_with_the_keyboard(browser: Browser, example: Path) -> None:
    """Tab leads past the skip link and the pages to the choices, every button and every unfolding part."""
    seen = open_page(browser, example, "help.html")
    page = seen.page
    reached = []
    for _ in range(70):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText.split('\\n')[0].trim()"))
    assert reached[:3] == ["Skip to the content", "Example OSPO", "This quarter"]
    choices = reached.index("All communities together")
    assert reached[choices + 1] == "All there is"
    assert {"Copy", "More", "Save as PNG", "Save as SVG", "The same as a table"} <= set(reached[choices:])
    assert {"In sentences, to quote", "Community by community", "About this number"} <= set(reached[choices:])
    page.locator("#scope").focus()
    page.keyboard.press("ArrowDown")
    becomes(page, CHOSEN, "community=community-1")
    page.locator("details.about summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.about").first.get_attribute("open") is not None
    page.locator(".answer .links a").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id.endsWith('-ask')")
    assert page.url.endswith("#community=community-1")
    page.context.close()


@pytest.mark.parametrize("picture", ["PNG", "SVG"])
def test_a_chart_can_be_taken_along(browser: Browser, example: Path, tmp_path: Path, picture: str) -> None:
    """The picture is light whatever the page, and has the question, the unit, and where it is from and as of when."""
    seen = open_page(
        browser, example, "newcomers.html#community=community-1", color_scheme="dark", accept_downloads=True
    )
    page = seen.page
    becomes(page, f"{SAID}.includes('Storage')", expected=True)
    button = page.get_by_role("button", name=f"Save as {picture}: How many people came for the first time?")
    with page.expect_download() as waiting:
        button.click()
    saved = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    assert saved.name == f"new_contributors-time-storage-2026-07-12.{picture.lower()}"
    becomes(page, "document.querySelector('#told').textContent", f"Saved {saved.name}.")
    if picture == "PNG":
        content = saved.read_bytes()
        assert content.startswith(b"\x89PNG")
        assert int.from_bytes(content[16:20]) == 1800
        assert len(content) > 20_000
    else:
        text = html.unescape(re.sub(r"<[^>]*>", " ", saved.read_text(encoding="utf-8")))
        assert "How many people came for the first time? (Storage)" in text
        assert "Example OSPO, as of 12 July 2026. Simulated data" in text
        assert "people by month" in text
        assert "▼ events, ■ campaigns" in text
        assert chart_style.COLOURS["outside"] in saved.read_text(encoding="utf-8").replace(
            rgb(chart_style.COLOURS["outside"]), chart_style.COLOURS["outside"]
        )
    assert seen.errors == []
    assert all(url.startswith((example.as_uri(), "blob:", "data:")) for url in seen.requests)
    page.context.close()


def saved_table(page: Page, place: str, tmp_path: Path) -> tuple[str, list[list[str]]]:
    """Save the first table of a place; the file's name, and its rows."""
    with page.expect_download() as waiting:
        page.locator(place).get_by_role("button", name="Save as CSV").first.click()
    saved = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    content = saved.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == content.count(b"\n")
    return saved.name, list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_table_can_be_taken_along(browser: Browser, example: Path, tmp_path: Path) -> None:
    """Numbers are bare, ranges stand beside them, and only the time that is shown goes along."""
    seen = open_page(browser, example, "newcomers.html#months=12", accept_downloads=True)
    page = seen.page
    page.locator("[data-part=new_contributors] details.table summary").click()
    name, rows = saved_table(page, "[data-part=new_contributors] details.table", tmp_path)
    assert name == "new_contributors-all-communities-together-2026-07-12.csv"
    assert rows[0][:3] == ["Month", "People from outside", "People from outside (range)"]
    assert rows[1][0] == "July 2026"
    assert len(rows) == 1 + 13
    assert all(re.fullmatch(r"\d+|too early|too few to show", row[1]) for row in rows[1:])
    assert re.fullmatch(r"\d+ to \d+", rows[2][2])
    page.locator("[data-part=newcomer_retention] details.table summary").click()
    _, shares = saved_table(page, "[data-part=newcomer_retention] details.table", tmp_path)
    assert any(re.fullmatch(r"[\d.]+%", row[1]) for row in shares)
    assert seen.errors == []
    page.context.close()
    lists = open_page(browser, example, "events.html", accept_downloads=True)
    _, events = saved_table(lists.page, "main", tmp_path)
    assert events[0][:4] == ["Event", "Event (more)", "Came", "Came (range)"]
    assert "Did something within 30 days" in events[0]
    assert len({len(row) for row in events}) == 1
    assert len(events) == 1 + 4
    lists.page.context.close()


def test_no_cell_of_a_saved_table_runs(browser: Browser, hostile: Path, tmp_path: Path) -> None:
    """What a spreadsheet would take for a formula begins with an apostrophe; a negative number stays a number."""
    seen = open_page(browser, hostile, "index.html", accept_downloads=True)
    _, rows = saved_table(seen.page, "section[aria-labelledby=communities]", tmp_path)
    assert [row[0][:6] for row in rows[1:3]] == ["<scrip", "'=cmd|"]
    assert not [
        cell for row in rows for cell in row if re.match(r"[=+\-@\t\r]", cell) and not is_number(cell)
    ]
    expected = {
        **{text: f"'{text.strip()}" for text in ("=1+1", "@a", "\t=1", " =1", "＝1", "+a", "-a")},
        **{"+1": "1", "-1": "-1", "−3": "-3", "+3.2": "3.2", "1,234": "1234", "7.5\u00a0%": "7.5%"},
    }
    seen.page.evaluate(
        """texts => {
            const body = document.querySelector('[data-name=communities] tbody');
            body.replaceChildren(...texts.map(text => {
                const row = body.rows[0].cloneNode(true);
                row.cells[1].textContent = text;
                return row;
            }));
        }""",
        list(expected),
    )
    _, rows = saved_table(seen.page, "section[aria-labelledby=communities]", tmp_path)
    assert [row[1] for row in rows[1:]] == list(expected.values())
    seen.page.context.close()


def is_number(cell: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?%?", cell) is not None


def test_a_sentence_is_copied_with_its_source(browser: Browser, example: Path) -> None:
    """What is copied is the sentence, who says so, as of when, and that it is simulated; and the page says so."""
    seen = open_page(browser, example, "newcomers.html", permissions=["clipboard-read", "clipboard-write"])
    page = seen.page
    page.get_by_role("button", name="Copy: this sentence with its source").first.click()
    becomes(page, "document.querySelector('#told').textContent", "Copied, with its source.")
    copied = page.evaluate("navigator.clipboard.readText()")
    said = page.locator(".answer .quotable").first.inner_text().replace("\u00a0", " ")
    assert copied == f"“{said}” Example OSPO, as of 12 July 2026. Simulated data."
    assert page.locator("#told").get_attribute("role") == "status"
    page.evaluate("navigator.clipboard.writeText('')")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
    page.evaluate("document.execCommand = (what) => { document.title = what; return true; }")
    page.get_by_role("button", name="Copy: this sentence with its source").first.click()
    becomes(page, "document.title", "copy")
    page.context.close()


def test_without_scripts_nothing_is_lost(browser: Browser, example: Path) -> None:
    """The whole stands open as HTML, no button promises anything, and each community has its own plain page."""
    seen = open_page(browser, example, "newcomers.html", java_script_enabled=False)
    page = seen.page
    assert page.locator("button").count() == 0
    for hidden in (".filters", "figure"):
        assert not page.locator(hidden).first.is_visible()
    assert "our communities" in page.locator("#answers").inner_text()
    assert page.locator("details.table").count() > 0
    page.locator("noscript a", has_text="Storage").click()
    assert page.url.endswith("community-community-1.html")
    assert "Storage" in page.locator("h1").inner_text()
    assert page.locator(".answer").count() > 20
    page.locator("h2 a", has_text="Who is arriving").click()
    assert page.url.endswith("newcomers.html#community=community-1")
    page.context.close()


def test_numbers_are_written_as_the_locale_does(browser: Browser, tmp_path: Path) -> None:
    """In German a comma stands before decimals and a point between thousands: in sentences, charts and tables.

    A saved table has bare numbers all the same, for whatever reads it next.
    """
    dashboards = made(tmp_path, locale="de-DE")
    seen = open_page(browser, dashboards, "newcomers.html", accept_downloads=True)
    text = seen.page.locator("body").inner_text().replace("\u00a0", " ")
    assert "8.425 items" in text
    assert not re.search(r"\d,\d{3}\b(?! %)", text)
    chart = seen.page.locator("[data-figure=newcomer_retention-time]")
    assert chart.evaluate("place => place.layout.separators") == ",."
    seen.page.locator("[data-part=newcomer_retention] details.table summary").first.click()
    cells = seen.page.locator("[data-name=newcomer_retention] td").all_inner_texts()
    shown = next(cell for cell in cells if re.match(r"\d+,\d", cell))
    with seen.page.expect_download() as saved:
        seen.page.get_by_role("button", name="Save as CSV: Did they stay?").first.click()
    rows = list(csv.reader(io.StringIO(Path(saved.value.path()).read_text(encoding="utf-8-sig"))))
    number = shown.split("\n")[0].split("\u00a0")[0].replace(",", ".")
    assert f"{number}%" in {cell for row in rows for cell in row}
    assert seen.errors == []
    seen.page.context.close()


def test_older_events_unfold(browser: Browser, example: Path) -> None:
    """Of many events the newest stand open; a button shows the others, and says that it did."""
    seen = open_page(browser, example, "reach.html")
    table = seen.page.locator("[data-name=reach_unique_people-events]")
    assert table.locator("tbody tr:visible").count() == 0
    seen.page.locator("[data-part=reach_unique_people]").get_by_text("in sentences").click()
    assert table.locator("tbody tr:visible").count() == 5
    button = seen.page.locator("[data-part=reach_unique_people]").get_by_role("button", name="older")
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    assert table.locator("tbody tr:visible").count() == 6
    assert seen.page.get_by_role("button", name="Show fewer").get_attribute("aria-expanded") == "true"
    seen.page.context.close()


def test_what_happened_is_marked_above_the_charts(browser: Browser, example: Path) -> None:
    """Events and campaigns have their signs in the lane of every chart over time, releases in those of a project."""
    seen = open_page(browser, example, "newcomers.html")
    signs = """[...new Set(document.querySelector('[data-figure=contributors-time]').data
        .filter(trace => trace.yaxis === 'y5').map(trace => trace.marker.symbol))]"""
    assert seen.page.evaluate(signs) == ["triangle-down", "square"]
    seen.page.goto(f"{example.as_uri()}/newcomers.html#community=community-1&project=example/core-1")
    becomes(seen.page, signs, ["line-ns"])
    seen.page.context.close()


def test_a_page_fits_a_phone(browser: Browser, example: Path) -> None:
    """Nothing sticks out sideways at 360 pixels, and letters stay large enough."""
    for name in every_page(example):
        seen = open_page(
            browser,
            example,
            f"{name}.html",
            viewport={"width": 360, "height": 740},
            is_mobile=True,
            has_touch=True,
        )
        assert seen.page.evaluate("document.documentElement.scrollWidth") == 360, name
        assert seen.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16
        assert all(seen.drawn().values()), name
        seen.page.context.close()


def test_a_table_is_read_on_a_phone_without_scrolling_sideways(browser: Browser, example: Path) -> None:
    """Each row is a list there, each cell behind its column's name; only months beside months still scroll."""
    labels = set()
    for name in every_page(example):
        phone = {"width": 360, "height": 740}
        seen = open_page(browser, example, f"{name}.html", viewport=phone, is_mobile=True, has_touch=True)
        seen.page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        regions = "[...document.querySelectorAll('.scroll:not(:has(table.periods))')]"
        assert (
            seen.page.evaluate(f"{regions}.filter((one) => one.scrollWidth > one.clientWidth).length") == 0
        ), name
        cells = "[...document.querySelectorAll('table.stacked tbody td:not([colspan]):not(:first-child)')]"
        labels |= set(seen.page.evaluate(f"{cells}.map((cell) => cell.dataset.column || '')"))
        assert seen.page.evaluate("document.querySelectorAll('table.stacked tr:not([role=row])').length") == 0
        seen.page.context.close()
    assert "" not in labels
    assert {"New faces, people from outside", "Will I get help? anyone from outside", "Known until"} <= labels


@pytest.mark.parametrize("width", [360, 1200])
def test_narrow_cells_have_all_digits_or_none(browser: Browser, example: Path, width: int) -> None:
    """A heat map that shows the months of one digit only would read as if these were all there are."""
    seen = open_page(browser, example, "newcomers.html", viewport={"width": width, "height": 800})
    page = seen.page
    chart = "document.querySelector('[data-figure=newcomer_retention-time]')"
    due = f"{chart}.data.flatMap((cells) => cells.text || []).filter(Boolean).length"
    written = (
        f"[...{chart}.querySelectorAll('.bartext')].filter((digits) => digits.textContent && "
        "digits.getAttribute('transform') && !digits.getAttribute('transform').includes('scale(0)')).length"
    )
    assert page.evaluate(written) == page.evaluate(due)
    assert (page.evaluate(due) > 0) == (width > 400)
    page.context.close()


def test_a_dark_page_has_dark_charts(browser: Browser, example: Path) -> None:
    """Every colour has its counterpart, and follows when the reader's setting changes."""
    seen = open_page(browser, example, "newcomers.html", color_scheme="dark")
    outside = chart_style.COLOURS["outside"]
    assert seen.page.evaluate(FILL) == rgb(chart_style.DARK[outside])
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(
        chart_style.DARK[chart_style.PAPER]
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
    becomes(page, FILL, rgb(chart_style.COLOURS["outside"]))
    boxes = page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].map((plot) => [plot.getBoundingClientRect().width, "
        "plot.querySelector('.main-svg').getBoundingClientRect().width])"
    )
    assert boxes
    assert all(600 < drawing <= plot <= 680 for plot, drawing in boxes)
    words = page.evaluate("parseFloat(getComputedStyle(document.querySelector('figcaption')).fontSize)")
    letters = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.xtick text')).fontSize)")
    assert letters * 0.82 <= words
    for hidden in ("header nav", ".filters", "details.table", "button", ".tools", ".by-hand"):
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
    assert not seen.page.locator("figure").first.is_visible()
    shutil.rmtree(copy / "assets")
    bare = open_page(browser, copy, "newcomers.html")
    assert "People from outside" in bare.page.locator("main").inner_text()
    bare.page.context.close()
    seen.page.context.close()


def test_pointing_at_a_chart_tells_its_number(browser: Browser, example: Path) -> None:
    """A point tells its month, its value, its range and on how many it rests; a cross tells the reason."""
    seen = open_page(browser, example, "newcomers.html")
    place = seen.page.locator("[data-figure=one_and_done_share-time]")
    place.scroll_into_view_if_needed()
    place.locator("path.point").first.hover(force=True)
    label = place.locator(".hovertext").first
    label.wait_for()
    told = label.text_content() or ""
    assert re.search(r"20\d\d", told)
    assert "range" in told
    assert "newcomers" in told
    seen.page.evaluate(
        """place => window.Plotly.Fx.hover(place, [{
            curveNumber: place.data.findIndex(trace => trace.meta === 'missing'), pointNumber: 0,
        }])""",
        place.element_handle(),
    )
    becomes(
        seen.page,
        "document.querySelector('[data-figure=one_and_done_share-time] .hovertext').textContent.includes('not given')",
        expected=True,
    )
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
