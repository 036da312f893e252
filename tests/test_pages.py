"""The dashboards, read as files."""

from __future__ import annotations

import re
import shutil
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

import published_example
from ospo_metrics import (
    chart_style,
    digest,
    event_pages,
    pages,
    privacy,
    quarter,
    site_data,
    view_files,
    views,
    words,
)
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Community, Ospo, Settings, Workspace
from ospo_metrics.site_data import Published, Scope
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


def copied(made: Workspace, folder: Path) -> Workspace:
    """A workspace with a published file of its own, to be changed."""
    found = workspace(folder)
    found.database.parent.mkdir()
    shutil.copyfile(made.database, found.database)
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose pages were made from the example."""
    found = workspace(tmp_path_factory.mktemp("made"))
    published_example.build(found.database)
    pages.report(found, Quiet())
    digest.write(found)
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


def view(found: Workspace, name: str) -> dict[str, Any]:
    """What a file beside the pages hands to their script."""
    return view_files.read_view(
        (found.dashboards / view_files.FOLDER / f"{name}.js").read_text(encoding="utf-8")
    )


def view_names(found: Workspace) -> list[str]:
    return sorted(path.stem for path in (found.dashboards / view_files.FOLDER).glob("*.js"))


def names(found: Workspace) -> list[str]:
    return sorted(path.stem for path in found.dashboards.glob("*.html"))


def shown(found: Workspace, page: str, index: int) -> str:
    """What is read on a page when the so-manieth scope is chosen."""
    if index == 0:
        return Reader(html(found, page)).text
    parts = view(found, f"{page}-{index}")
    return Reader(" ".join([parts["answers"], *parts["parts"].values()])).text


def test_there_is_an_index_and_a_page_for_each_question(made: Workspace, example: Published) -> None:
    """Every exposure, community, event and campaign is a page; the index and the list lead to each of them."""
    communities = [f"community-{scope.id}" for scope in example.scopes if scope.kind == "community"]
    events = [occasion.page for occasion in example.occasions]
    own = [page.page for page in example.pages]
    assert names(made) == sorted(["index", "goals", "events", "methods", *own, *communities, *events])
    index = Reader(html(made, "index"))
    for page in example.pages:
        assert f"{page.page}.html" in index.every("a", "href")
        assert page.question in index.text
        assert page.question in Reader(html(made, page.page)).text
    for name in communities:
        assert f"{name}.html" in index.every("a", "href")
    listed = Reader(html(made, "events")).every("a", "href")
    assert len(events) > 5
    for name in events:
        assert f"{name}.html" in listed


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
            assert not metric.chaoss_url or metric.chaoss_url in reader.every("a", "href")
            assert " ".join(metric.sql.split()) in reader.text


def test_no_page_asks_twice_what_its_heading_asks(example: Published) -> None:
    """Where there is no number, the question stands before the reason, unless it is the page's own question."""
    metric = example.metrics["campaign_lift"]
    silent = views.Spoken((), None, "our communities")

    assert (
        views.answer(metric, silent).before
        == f"{metric.title} No campaign is known yet of which it could be told."
    )
    assert (
        views.answer(metric, silent, metric.title).before
        == "No campaign is known yet of which it could be told."
    )


def test_every_page_opens_with_its_answer_for_each_community(made: Workspace, example: Published) -> None:
    """Each metric's sentence stands where it is shown, for the whole and each community, and on the latter's page."""
    for page in example.pages:
        if page.about != "communities":
            continue
        for index, scope in enumerate(example.scopes):
            text = re.sub(r"\s+", "", shown(made, page.page, index))
            own = re.sub(r"\s+", "", Reader(html(made, f"community-{scope.id}")).text) if index else text
            for name in page.metrics:
                metric = example.metrics[name]
                said = views.spoken(example, metric, scope)
                answer = views.answer(metric, said, page.question)
                wanted = f"{answer.about}{answer.before}{answer.amount}{answer.after}".replace(
                    words.NBSP, " "
                )
                assert re.sub(r"\s+", "", wanted) in text
                assert said.main is None or re.sub(r"\s+", "", wanted) in own


def test_a_source_that_is_read_in_part_only_is_named(tmp_path: Path) -> None:
    """Until all that counts is read once, counts are too low; a list of labels, or all, that lacks is another thing."""
    path = published_example.build(tmp_path / "ospo.duckdb")
    insert = (
        "insert into meta.sources (source, instance, stream, name, last_success_at) values (?, ?, ?, ?, ?)"
    )
    with duckdb.connect(str(path)) as connection:
        began = datetime(2026, 7, 1, tzinfo=UTC)
        for name, stream, read_on in (
            ("half", "issues", began), ("half", "commits", None),
            ("whole", "issues", began), ("whole", "labels", None),
            ("none", "issues", None), ("none", "commits", None),
            ("", "issues", None), ("", "commits", began),
        ):  # fmt: skip
            connection.execute(insert, ["github", name or "hidden", stream, name, read_on])
    with open_published(path) as connection:
        problems = pages.read(connection).problems

    assert problems[-3:] == [
        "GitHub ‘none’ has not been read yet.",
        "GitHub is read in part only, and counts come out too low.",
        "GitHub ‘half’ is read in part only, and counts come out too low.",
    ]


def test_what_is_withheld_is_nowhere_in_the_page(made: Workspace, example: Published) -> None:
    """A suppressed or refused number has its reason, and no chart of any view holds a value for it."""
    looked_at = 0
    for page in example.pages:
        for index, scope in enumerate(example.scopes_of(page)):
            figures = view(made, f"{page.page}-{index}")["figures"]
            for name in page.metrics:
                drawn = figures.get(f"{name}-time", {"data": []})["data"]
                for number in example.of(name, scope):
                    if number.is_ok or not number.is_month or not drawn:
                        continue
                    middle = number.period_start.replace(day=16).isoformat()
                    label = example.metrics[name].segments[number.segment]
                    values = [
                        trace["y"][trace["x"].index(middle)]
                        for trace in drawn
                        if trace.get("meta") != "missing"
                        and middle in trace["x"]
                        and f"<b>{chart_style.plain(label)}</b>" in trace.get("hovertemplate", "")
                    ]
                    assert values in ([], [None])
                    looked_at += 1
    assert looked_at > 500
    assert "Fewer than 5 people are behind this number." in shown(made, "newcomers", 3)


def test_a_page_loads_only_what_lies_beside_it(made: Workspace) -> None:
    """No address elsewhere is loaded, no script or style stands in the page, and the policy forbids both."""
    for page in names(made):
        reader = Reader(html(made, page))
        loaded = reader.every("script", "src") + reader.every("link", "href")
        assert loaded
        assert all(re.fullmatch(r"assets/(views/)?[\w.-]+", address) for address in loaded)
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


def test_a_view_is_one_call_with_data(made: Workspace) -> None:
    """A file that a page's script loads calls one function with JSON; its HTML brings no script and no style."""
    for name in view_names(made):
        text = (made.dashboards / view_files.FOLDER / f"{name}.js").read_text(encoding="utf-8")
        assert re.match(rf'ospoView\("{re.escape(name)}",\{{', text)
        assert text.endswith("});\n")
        assert view_files.view_file(name, view(made, name))[1] == text
        parts = view(made, name)
        for part in [parts.get("answers", ""), *parts.get("parts", {}).values()]:
            reader = Reader(part)
            assert not any(
                tag in ("script", "style", "img", "iframe", "object", "form") for tag, _ in reader.tags
            )
            assert not any(
                key.startswith("on") or key == "style" for _, given in reader.tags for key in given
            )


def test_links_lead_somewhere(made: Workspace, example: Published) -> None:
    """Every link to another page, to a place in it, or to what it can show, has its target; in views as on pages."""
    known = {page: Reader(html(made, page)) for page in names(made)}
    projects = {scope.key for every in example.projects.values() for scope in every}
    readers = list(known.items())
    for name in view_names(made):
        parts = view(made, name)
        home = name.rpartition("-")[0] if name not in known else name
        readers += [
            (home, Reader(part)) for part in [parts.get("answers", ""), *parts.get("parts", {}).values()]
        ]
    looked_at = 0
    for page, reader in readers:
        for address in reader.every("a", "href"):
            if address.startswith("https:"):
                continue
            if address == "../digest.html":
                assert page == "index"
                assert (made.published / "digest.html").is_file()
                continue
            file, _, place = address.partition("#")
            target = known[file.removesuffix(".html") or page]
            places = (
                {given.get("id") for _, given in target.tags}
                | set(target.every("option", "value"))
                | projects
            )
            assert not place or place in places, address
            looked_at += 1
    assert looked_at > 1000


def test_a_quarter_is_told_in_five_sentences_each_shown_where_it_leads(
    made: Workspace, example: Published
) -> None:
    """At most five, of the last three whole months; the page behind each has the same sentence or its number."""
    said = quarter.sentences(example)
    assert len(said) == quarter.MOST
    assert quarter.period(example) == (date(2026, 4, 1), date(2026, 7, 1))
    index = Reader(html(made, "index"))
    assert "April to June 2026 in five sentences" in index.text
    scopes = [scope.key for scope in example.scopes]
    for item in said:
        sentence = " ".join(f"{item.answer.before}{item.answer.amount}{item.answer.after}".split())
        assert sentence in index.text.replace(" .", ".").replace(" ,", ",")
        page, _, place = item.href.partition("#")
        assert item.href in index.every("a", "href")
        place = shown(made, page.removesuffix(".html"), scopes.index(place) if place in scopes else 0)
        assert (item.answer.amount.split(words.NBSP)[0] or sentence) in place
    assert said[0].lead == "Goals"


def test_a_goal_is_told_from_its_audience_to_its_verdict(made: Workspace, example: Published) -> None:
    """Audience, message, channels, number and target stand in this order, then the verdict with its sentence."""
    reader = Reader(html(made, "goals"))
    answers = example.goals or ()
    assert {answer.verdict for answer in answers} == {"hit", "missed", "too early", "cannot be told"}
    assert "Of 4 goals 1 was hit, 1 was missed, 1 is too early to tell and 1 cannot be told." in reader.text
    for answer in answers:
        goal = answer.goal
        steps = [
            goal.goal,
            goal.audience,
            goal.message,
            ", ".join(goal.channels),
            answer.target,
            answer.sentence,
        ]
        places = [reader.text.index(" ".join(step.split())) for step in steps]
        assert places[1:4] == sorted(places[1:4])
        if goal.metric:
            assert any(
                link.endswith(f"#{goal.metric}") or f"#community={answer.about.id}" in link
                for link in reader.every("a", "href")
            )
    for occasion in example.occasions:
        assert (f"{occasion.page}.html" in reader.every("a", "href")) == (occasion.goal == "arrivals")


def test_without_goals_the_page_teaches_how_to_write_one(tmp_path: Path, made: Workspace) -> None:
    """No goal in the sheet: the page says what to write down. No sheet at all, as for everybody: there is no page."""
    found = copied(made, tmp_path)
    with duckdb.connect(str(found.database)) as connection:
        connection.execute("delete from core.dim_goals")
    pages.report(found, Quiet())
    reader = Reader(html(found, "goals"))
    assert "No goal is written down" in reader.text
    for column in ("audience", "message", "channels", "metric", "target", "by", "communities"):
        assert column in reader.text
    assert "goals.html" in Reader(html(found, "index")).every("a", "href")
    with duckdb.connect(str(found.database)) as connection:
        connection.execute("drop table core.dim_goals")
    pages.report(found, Quiet())
    assert "goals" not in names(found)
    assert "goals.html" not in Reader(html(found, "index")).every("a", "href")


def test_a_community_has_a_front_door(made: Workspace, example: Published) -> None:
    """What every page says of it with a link to that page at this community, its projects, and its events."""
    for scope in example.scopes[1:]:
        reader = Reader(html(made, f"community-{scope.id}"))
        links = reader.every("a", "href")
        for page in example.pages:
            if page.about == "communities" and any(example.of(metric, scope) for metric in page.metrics):
                assert f"{page.page}.html#community={scope.id}" in links
        for project in example.projects[scope.id]:
            assert project.title in reader.text
        for occasion in example.occasions:
            assert (scope.id in occasion.communities) == (f"{occasion.page}.html" in links)


def test_a_name_for_a_file_is_safe_and_its_own() -> None:
    """Whatever an id is made of, its page has a name that every file system takes, and no two have the same."""
    taken: list[str] = []
    for name in (
        "storage",
        "../../etc/passwd",
        "Ünïcode böx",
        "a b",
        "a-b",
        "A-B",
        "x" * 500,
        "",
        "con",
        "..",
    ):
        found = site_data.file_name("community", name, taken)
        assert re.fullmatch(r"community-[A-Za-z0-9_-]{1,90}", found)
        assert found.lower() not in [name.lower() for name in taken]
        taken.append(found)
    assert taken[0] == "community-storage"


def test_every_event_and_campaign_has_a_row_with_its_number_or_its_reason(
    made: Workspace, example: Published
) -> None:
    """The newest first, each with a sentence, its range and on how many it rests; and each again on its own page."""
    checked = 0

    def read(name: str) -> str:
        return re.sub(r"\s+", "", Reader(html(made, name)).text)

    for page in example.pages:
        text = read(page.page)
        for name in page.metrics:
            metric = example.metrics[name]
            rows = example.occasions_of(name, example.scopes[0])
            days = [occasion.starts_on for occasion in rows]
            assert days == sorted(days, reverse=True)
            for occasion in rows[: views.MOST_OCCASIONS]:
                numbers = views.of_occasion(example, metric, occasion)
                main = next(number for number in numbers if number.segment == metric.headline_segment)
                said = words.sentence(metric, main, occasion.name) if main.is_ok else words.reason(main)
                for wanted in (said, words.bounds(metric, main), words.basis(metric, main)):
                    assert page.about != "communities" or re.sub(r"\s+", "", wanted) in text
                if name not in (event_pages.OUTCOMES, event_pages.MATCHES):
                    assert re.sub(r"\s+", "", said) in read(occasion.page)
                checked += 1
    assert checked > 50


def test_a_number_that_is_not_there_says_what_would_bring_it(made: Workspace) -> None:
    """Where a metric lacks all numbers for one reason, it stands there, with what would make them available."""
    tiny = Reader(view(made, "risk-3")["parts"]["contributor_absence_factor"]).text
    reason = "With fewer than 100 contributions in 12 months the number would be an accident."
    assert f"No number is given {reason} {words.remedy('refused')}" in tiny
    for status in words.WITHOUT_NUMBER:
        assert words.remedy(status).endswith(".")


def test_what_is_told_of_events_alone_says_how_to_tell_of_one(tmp_path: Path, made: Workspace) -> None:
    """Without any event the page says which sheet and which list would bring the number; a project is led back."""
    found = copied(made, tmp_path)
    with duckdb.connect(str(found.database)) as connection:
        connection.execute("delete from metrics.metric_values where scope_kind in ('event', 'campaign')")
    pages.report(found, Quiet())
    reach, campaigns = shown(found, "turnout", 0), shown(found, "campaigns", 0)
    assert "No event is known yet of which it could be told. It appears after the first event" in reach
    assert "outreach/attendance" in reach
    assert "No campaign is known yet of which it could be told. It appears after the first" in campaigns
    projects = [
        parts
        for name in view_names(made)
        if name.startswith("reach-") and (parts := view(made, name))["key"].startswith("project=")
    ]
    assert projects
    for parts in projects:
        assert "not of a single project" in Reader(parts["parts"]["reach_unique_people"]).text


def test_a_community_knows_its_projects(made: Workspace) -> None:
    """The view of a community names the projects that have a view of their own on that page, and only those."""
    storage = view(made, "newcomers-1")
    keys = [key for key, _, _ in storage["projects"]]
    assert keys == ["project=core-dev", "project=example/core-1", "project=example/docs-1"]
    for key, title, name in storage["projects"]:
        project = view(made, name)
        assert (project["key"], project["title"]) == (key, title)
        assert title in Reader(project["answers"]).text
    assert "Project by project" in Reader(storage["parts"]["contributors"]).text


def test_names_from_outside_do_no_harm(hostile: Workspace) -> None:
    """Script tags, formulas, turned-around and endless names are text: escaped, in one line, cut short."""
    for page in names(hostile):
        source = html(hostile, page)
        reader = Reader(source)
        assert "<script>document" not in source
        assert "<img" not in source
        assert "\u202e" not in source
        assert "x" * 200 not in source
        assert "<script>document.title='owned'</script>" in reader.text
        if page == "index":
            assert "{{ 7 * 7 }}" in reader.text
            assert "49" not in re.findall(r"\w+", reader.text.split("=cmd")[1][:40])
        assert len(source) < 400_000
    for name in view_names(hostile):
        for part in view(hostile, name).get("parts", {}).values():
            assert "<script" not in part
            assert "<img" not in part


def test_no_address_passes_into_a_view(tmp_path: Path) -> None:
    """The privacy gate reads what lies beside the pages too, scripts among it."""
    found = workspace(tmp_path)
    published_example.build(found.database)
    pages.report(found, Quiet())
    before = view(found, "newcomers-1")
    with duckdb.connect(str(found.database)) as connection:
        connection.execute(
            "update core.dim_projects set name = 'ada@mail.example.org' where project_id = 'example/docs-1'"
        )
    with pytest.raises(privacy.PrivacyError, match=r"\.js|\.html"):
        pages.report(found, Quiet())
    assert before == view(found, "newcomers-1")


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
    files = [path for path in made.dashboards.rglob("*.*") if path.is_file()]
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
    assert [path.name for path in written[:3]] == ["index.html", "goals.html", "reach.html"]
    assert {path.name for path in written} == {f"{name}.html" for name in names(found)}
    again = [path.read_bytes() for path in pages.report(found, Quiet())]
    assert [path.read_bytes() for path in written] == again
    assert sorted(path.name for path in tmp_path.iterdir()) == ["published"]


def test_a_page_that_is_no_longer_made_goes_away(tmp_path: Path) -> None:
    """What an earlier version wrote does not linger beside today's numbers."""
    found = workspace(tmp_path)
    published_example.build(found.database)
    (found.dashboards / view_files.FOLDER).mkdir(parents=True)
    (found.dashboards / view_files.FOLDER / "newcomers-99.js").touch()
    (found.dashboards / "old.html").touch()
    (found.dashboards / "assets" / "plotly-3.0.0.min.js").touch()
    pages.report(found, Quiet())
    assert "old" not in names(found)
    assert "newcomers-99" not in view_names(found)
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
        "delete from metrics.metric_values where scope_kind in ('event', 'campaign')",
        "drop table core.dim_events",
        "drop table core.dim_campaigns",
        "drop table core.dim_shocks",
        "drop table metrics.campaign_lift_days",
        "drop table metrics.survival_curves",
        "update core.dim_events set starts_on = null",
    ],
)
def test_pages_come_out_of_a_workspace_that_has_hardly_begun(
    tmp_path: Path, made: Workspace, example: Published, change: str
) -> None:
    """The first night, a source that is down, a metric without a row: there is still a page that says so."""
    found = copied(made, tmp_path)
    with duckdb.connect(str(found.database)) as connection:
        connection.execute(change)
    assert pages.report(found, Quiet())
    for page in names(found):
        text = Reader(html(found, page)).text
        for metric in example.metrics.values():
            text = text.replace(" ".join(metric.interval.split()), "")
        assert not re.search(r"\bNone\b(?!:| of)|\bnan\b", text)


def test_a_headline_is_the_newest_year_that_is_known(example: Published) -> None:
    """Too early and no data give way to the year before; withheld and refused stay, with their reason."""
    program, _, half_covered, tiny = example.scopes

    def found(metric: str, scope: Scope) -> tuple[str, str]:
        number = views.headline(example.metrics[metric], example.of(metric, scope), example.today)
        assert number is not None
        return number.status, words.in_period(number.period_start, number.period_end)

    assert found("new_contributors", program) == ("ok", "in the 12 months to June 2026")
    assert found("newcomer_retention", program) == ("ok", "in the 12 months to June 2025")
    assert found("first_response_time", half_covered) == ("ok", "in the 12 months to June 2025")
    assert found("contributor_absence_factor", tiny) == ("refused", "in the 12 months to June 2026")


def test_a_year_is_compared_with_a_year(example: Published) -> None:
    """A quarter that ends where the year begins is not the period before it, and neither is a month."""
    numbers = example.of("new_contributors", example.scopes[0])
    year = next(one for one in numbers if one.grain == "year" and views.before(one, numbers))
    start = year.period_start
    before = views.before(year, numbers)
    assert before is not None
    quarter = replace(
        before, period_start=date(start.year - (start.month < 4), (start.month - 4) % 12 + 1, 1)
    )
    assert (quarter.grain, quarter.period_end) == ("quarter", start)
    assert views.before(year, [quarter, *numbers]) == before
    assert views.before(year, [quarter]) is None


def test_pages_stay_light(tmp_path: Path) -> None:
    """With 50 communities and 200 events a page and all it loads beside the shared script is at most 400 kB."""
    found = workspace(tmp_path)
    many = tuple(f"Community number {number}" for number in range(1, 51))
    published_example.build(found.database, names=many, events=200)
    pages.report(found, Quiet())
    for path in found.dashboards.rglob("*.*"):
        if path.is_file():
            limit = 1_600_000 if path.name.startswith("plotly-") else 400_000
            assert path.stat().st_size <= limit, path.name
    shared = sum(
        path.stat().st_size
        for path in (found.dashboards / "assets").glob("*")
        if path.suffix in (".js", ".css")
    )
    assert shared <= 1_600_000
    for page in names(found):
        first = found.dashboards / view_files.FOLDER / f"{page}-0.js"
        both = len(html(found, page).encode()) + (first.stat().st_size if first.is_file() else 0)
        assert both <= 400_000, page


def test_every_place_for_a_chart_has_its_figure(made: Workspace, example: Published) -> None:
    """And every figure has its place, with a text for who does not see it."""
    for page in example.pages:
        for index, _ in enumerate(example.scopes_of(page)):
            parts = view(made, f"{page.page}-{index}")
            readers = (
                [Reader(html(made, page.page))]
                if index == 0
                else [Reader(part) for part in parts["parts"].values()]
            )
            places = [place for reader in readers for place in reader.every("div", "data-figure")]
            assert sorted(parts["figures"]) == sorted(places)
            told = [
                text
                for reader in readers
                for text in reader.every("div", "aria-label")
                if text.startswith("Chart:")
            ]
            assert len(told) == len(places)
