"""The dashboards, read as files."""

from __future__ import annotations

import json
import re
import threading
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

import published_example
from ospo_metrics import pages, privacy, words
from ospo_metrics.pages import Published
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Community, Ospo, Settings, Workspace
from ospo_metrics.warehouse import WarehouseError, open_published


class Reader(HTMLParser):
    """What a person reads on a page, and what the page loads and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).replace(words.NBSP, " ").split())

    def every(self, tag: str, attribute: str) -> list[str]:
        return [value for name, given in self.tags if name == tag and (value := given.get(attribute))]


def workspace(folder: Path) -> Workspace:
    settings = Settings(ospo=Ospo(name="Example OSPO"), communities=[Community(id="storage", name="Storage")])
    return Workspace(folder, settings)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose pages were made from the example."""
    found = workspace(tmp_path_factory.mktemp("made"))
    published_example.build(found.database)
    pages.report(found, Quiet())
    return found


@pytest.fixture(scope="module")
def example(made: Workspace) -> Published:
    with open_published(made.database) as connection:
        return pages.read(connection)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose OSPO, communities and projects have names made to do harm."""
    found = workspace(tmp_path_factory.mktemp("hostile"))
    published_example.build(
        found.database, names=published_example.HOSTILE, ospo_name=published_example.HOSTILE[0]
    )
    pages.report(found, Quiet())
    return found


def html(found: Workspace, page: str) -> str:
    return (found.dashboards / f"{page}.html").read_text(encoding="utf-8")


def names(found: Workspace) -> list[str]:
    return sorted(path.stem for path in found.dashboards.glob("*.html"))


def test_there_is_an_index_and_a_page_for_each_question(made: Workspace, example: Published) -> None:
    """Every exposure is a page; the index links each of them and is first in what the step reports."""
    assert names(made) == sorted(["index", *(page.page for page in example.pages)])
    index = Reader(html(made, "index"))
    for page in example.pages:
        assert f"{page.page}.html" in index.every("a", "href")
        assert page.question in index.text
        assert page.question in Reader(html(made, page.page)).text


def test_every_page_says_as_of_when_from_which_sources_and_how_complete(made: Workspace) -> None:
    """The foot of each page gives the instant, each source with its reach, and what was not read."""
    for page in names(made):
        text = Reader(html(made, page)).text
        assert "As of 12 July 2026, 03:30 (Europe/Berlin) ." in text
        assert "GitHub: 8,425 items, known until 12 July 2026." in text
        assert "Mailing lists: 2,204 items, known until 31 October 2025; 3 items could not be read" in text
        assert "Event schedules: nothing has been read yet." in text
        assert "ospo-metrics 0.1.0" in text


def test_the_index_names_what_failed(made: Workspace) -> None:
    """A source that could not be read is told on the front page, with the reason."""
    assert (
        "Missing: the step ‘collect calendars’ failed. The file is not there."
        in Reader(html(made, "index")).text
    )


@pytest.mark.parametrize("is_simulated", [True, False])
def test_simulated_data_say_so_on_every_page(tmp_path: Path, *, is_simulated: bool) -> None:
    """Nobody can take the demo for real, and nobody's real numbers are called simulated."""
    found = workspace(tmp_path)
    published_example.build(found.database, is_simulated=is_simulated)
    pages.report(found, Quiet())
    for page in names(found):
        assert is_simulated == ("Simulated data" in Reader(html(found, page)).text)


def test_every_number_unfolds(made: Workspace, example: Published) -> None:
    """Definition, how to read it, how sure it is, caveats, what it replaces, CHAOSS and SQL: all there."""
    for page in example.pages:
        reader = Reader(html(made, page.page))
        for name in page.metrics:
            metric = example.metrics[name]
            for word in (metric.definition, metric.how_to_read, metric.interval, *metric.caveats):
                assert " ".join(word.split()) in reader.text
            assert metric.replaces in reader.text
            assert metric.chaoss_url in reader.every("a", "href")
            assert " ".join(metric.sql.split()) in reader.text


def test_every_page_opens_with_its_answer_for_each_community(made: Workspace, example: Published) -> None:
    """The sentence of each metric's headline number stands on the page, for the whole and each community."""
    for page in example.pages:
        text = Reader(html(made, page.page)).text
        for name in page.metrics:
            metric = example.metrics[name]
            for scope in example.scopes:
                number = pages.headline(metric, example.of(name, scope), example.today)
                assert number is not None
                said = words.sentence(metric, number, scope.inside).replace(words.NBSP, " ")
                wanted = said if number.is_ok else words.about(metric.title, said)
                assert re.sub(r"\s+", "", wanted) in re.sub(r"\s+", "", text)


def test_what_is_withheld_is_nowhere_in_the_page(made: Workspace, example: Published) -> None:
    """A suppressed or refused number has its reason on the page, and no chart holds a value for it."""
    for page in example.pages:
        source = html(made, page.page)
        figures = json.loads(Reader(source).scripts[-1])["figures"]
        for name in page.metrics:
            for index, scope in enumerate(example.scopes):
                for number in example.of(name, scope):
                    if number.is_ok or not number.is_month:
                        continue
                    assert number.reason is not None
                    drawn = figures.get(f"{name}-{index}", {"data": []})["data"]
                    middle = number.period_start.replace(day=16).isoformat()
                    values = [
                        trace["y"][trace["x"].index(middle)]
                        for trace in drawn
                        if "hovertext" in trace
                        and middle in trace["x"]
                        and trace["hovertemplate"].find(example.metrics[name].segments[number.segment]) > 0
                    ]
                    assert values in ([], [None])
    assert "Fewer than 5 people are behind this number." in Reader(html(made, "newcomers")).text


def test_a_page_loads_only_what_lies_beside_it(made: Workspace) -> None:
    """No address elsewhere is loaded, no script or style stands in the page, and the policy forbids both."""
    for page in names(made):
        reader = Reader(html(made, page))
        loaded = reader.every("script", "src") + reader.every("link", "href")
        assert loaded
        assert all(re.fullmatch(r"assets/[\w.-]+", address) for address in loaded)
        assert all((made.dashboards / address).is_file() for address in loaded)
        data = [given for tag, given in reader.tags if tag == "script" and not given.get("src")]
        assert all(given["type"] == "application/json" for given in data)
        assert not any(tag in ("style", "img", "iframe", "object", "form") for tag, _ in reader.tags)
        assert not any(name.startswith("on") or name == "style" for _, given in reader.tags for name in given)
        policy = next(given for tag, given in reader.tags if tag == "meta" and "http-equiv" in given)[
            "content"
        ]
        assert policy is not None
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "http" not in policy


def test_links_inside_the_pages_lead_somewhere(made: Workspace) -> None:
    """Every link to another page or to a place in it has its target."""
    known = {page: Reader(html(made, page)) for page in names(made)}
    for page, reader in known.items():
        for address in reader.every("a", "href"):
            if address.startswith("https:"):
                continue
            file, _, place = address.partition("#")
            target = known[file.removesuffix(".html") or page]
            places = {given.get("id") for _, given in target.tags} | set(target.every("option", "value"))
            assert not place or place in places, address


def test_names_from_outside_do_no_harm(hostile: Workspace) -> None:
    """Script tags, formulas, turned-around and endless names are text: escaped, in one line, cut short."""
    for page in names(hostile):
        source = html(hostile, page)
        reader = Reader(source)
        assert "<script>document" not in source
        assert "<img" not in source
        assert "\u202e" not in source
        assert "x" * 200 not in source
        assert "{{ 7 * 7 }}" in reader.text
        assert "<script>document.title='owned'</script>" in reader.text
        assert "49" not in re.findall(r"\w+", reader.text.split("=cmd")[1][:40])
        assert len(source) < 500_000
        if page != "index":
            json.loads(reader.scripts[-1])


def test_no_address_passes_into_a_page(tmp_path: Path) -> None:
    """The privacy gate reads the pages before they are swapped in; yesterday's stay."""
    found = workspace(tmp_path)
    published_example.build(found.database)
    pages.report(found, Quiet())
    before = html(found, "index")
    published_example.build(found.database, names=("Storage", "ada@mail.example.org"))
    with pytest.raises(privacy.PrivacyError, match=r"\.html"):
        pages.report(found, Quiet())
    assert before == html(found, "index")
    assert [path.name for path in found.published.glob(".dashboards-*")] == []


def test_nobody_opens_half_a_page(made: Workspace) -> None:
    """Who reads while the pages are made again finds every file, and every file whole."""
    wrong: list[str] = []
    done = threading.Event()
    files = [*made.dashboards.glob("*.html"), *made.dashboards.glob("assets/*")]
    endings = {path: path.read_bytes()[-40:] for path in files}

    def look() -> None:
        while not done.is_set():
            for path in files:
                try:
                    content = path.read_bytes()
                except FileNotFoundError:
                    wrong.append(f"{path.name} is not there")
                else:
                    if not content.endswith(endings[path]):
                        wrong.append(f"{path.name} is cut off")

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(5):
            pages.report(made, Quiet())
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []


def test_pages_are_made_from_the_published_file_alone(tmp_path: Path) -> None:
    """Neither settings nor warehouse are needed; without the file the error says what to run."""
    found = workspace(tmp_path)
    with pytest.raises(WarehouseError, match="ospo-metrics run"):
        pages.report(found, Quiet())
    published_example.build(found.database)
    written = pages.report(found, Quiet())
    assert [path.name for path in written] == ["index.html", "newcomers.html", "help.html"]
    again = [path.read_bytes() for path in pages.report(found, Quiet())]
    assert [path.read_bytes() for path in written] == again
    assert sorted(path.name for path in tmp_path.iterdir()) == ["published"]


def test_a_page_that_is_no_longer_made_goes_away(tmp_path: Path) -> None:
    """What an earlier version wrote does not linger beside today's numbers."""
    found = workspace(tmp_path)
    published_example.build(found.database)
    (found.dashboards / "assets").mkdir(parents=True)
    (found.dashboards / "old.html").touch()
    (found.dashboards / "assets" / "plotly-3.0.0.min.js").touch()
    pages.report(found, Quiet())
    assert names(found) == ["help", "index", "newcomers"]
    assert len(list((found.dashboards / "assets").glob("plotly-*.js"))) == 1


@pytest.mark.parametrize(
    "change",
    [
        "delete from metrics.metric_values",
        "delete from core.dim_communities",
        "delete from core.community_projects",
        "delete from meta.sources",
        "delete from meta.runs",
        "delete from meta.reconciliation",
        "delete from meta.pages",
        "update meta.build set as_of = null",
        "update metrics.metric_values set reason = null, status = if(status = 'ok', 'refused', status)",
        "update metrics.metric_values set status = 'no_data', value = null, lower = null, upper = null",
        "delete from metrics.metric_values where period_end - period_start > 31",
        "delete from metrics.metric_values where segment <> 'outside'",
    ],
)
def test_pages_come_out_of_a_workspace_that_has_hardly_begun(tmp_path: Path, change: str) -> None:
    """The first night, a source that is down, a metric without a row: there is still a page that says so."""
    found = workspace(tmp_path)
    published_example.build(found.database)
    with duckdb.connect(str(found.database)) as connection:
        connection.execute(change)
    assert pages.report(found, Quiet())
    for page in names(found):
        assert not re.search(r"\bNone\b(?!:| of)|\bnan\b", Reader(html(found, page)).text)


def test_a_headline_is_the_newest_year_that_is_known(example: Published) -> None:
    """Too early and no data give way to the year before; withheld and refused stay, with their reason."""
    program, _, half_covered, tiny = example.scopes

    def found(metric: str, scope: pages.Scope) -> tuple[str, str]:
        number = pages.headline(example.metrics[metric], example.of(metric, scope), example.today)
        assert number is not None
        return number.status, words.in_period(number.period_start, number.period_end)

    assert found("new_contributors", program) == ("ok", "in the 12 months to June 2026")
    assert found("newcomer_retention", program) == ("ok", "in the 12 months to June 2025")
    assert found("first_response_time", half_covered) == ("ok", "in the 12 months to June 2025")
    assert found("contributor_absence_factor", tiny) == ("refused", "in the 12 months to June 2026")


def test_pages_stay_light(made: Workspace) -> None:
    """A page is read on a phone: at most 400 kB beside the shared script, which is at most 1.6 MB."""
    for path in made.dashboards.rglob("*.*"):
        limit = 1_600_000 if path.suffix == ".js" else 400_000
        assert path.stat().st_size <= limit, path.name


def test_every_place_for_a_chart_has_its_figure(made: Workspace) -> None:
    """And every figure has its place, with a text for who does not see it."""
    for page in ("newcomers", "help"):
        reader = Reader(html(made, page))
        figures = json.loads(reader.scripts[-1])["figures"]
        assert sorted(figures) == sorted(reader.every("div", "data-figure"))
        assert len(reader.every("div", "aria-label")) >= len(figures)
