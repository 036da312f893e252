"""The week's digest: what is chosen, in which order, and that it can be read anywhere."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import published_example
from ospo_metrics import digest, privacy, readings, words
from ospo_metrics.settings import Community, Ospo, Settings, Workspace
from ospo_metrics.warehouse import open_published, records
from published_example import AS_OF, HOSTILE
from published_goals import JUNE, MAY, add, build, newcomers, number, waiting

NOTHING = "Nothing changed for sure."
VALUES = "metrics.metric_values"


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A workspace with an empty published file."""
    settings = Settings(ospo=Ospo(name="Example OSPO"), communities=[Community(id="storage", name="Storage")])
    found = Workspace(tmp_path, settings)
    build(found.database)
    return found


def community(id_: int) -> tuple[str, str]:
    return "community", f"community-{id_}"


def read(place: Workspace, pages: Sequence[str] = ("newcomers.html", "help.html")) -> digest.Digest:
    with open_published(place.database) as connection:
        return digest.read(connection, set(pages))


def leads(told: digest.Digest) -> list[tuple[str, str]]:
    """What each item is, and the first words of it."""
    return [(item.lead, " ".join(item.text.replace(words.NBSP, " ").split()[:3])) for item in told.items]


class Reader(HTMLParser):
    """Every tag of a page with its attributes, and what a person reads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_where_nothing_changed_for_sure_it_says_so(place: Workspace) -> None:
    """100 and 110 people, 10 and 11 hours: no change, and the digest does not look for one."""
    add(
        place.database, VALUES, newcomers(MAY, 100), newcomers(JUNE, 110), waiting(MAY, 10), waiting(JUNE, 11)
    )
    told = read(place)

    assert [item.text for item in told.items] == [NOTHING]
    assert told.to_do == []
    assert told.sure == [
        "2 numbers were compared with the period before. None differs by more than chance explains."
    ]


def test_an_empty_file_is_told_as_empty(place: Workspace) -> None:
    """Before anything can be compared, there is nothing to be sure of."""
    told = read(place)

    assert [item.text for item in told.items] == [NOTHING]
    assert told.sure == ["No number with a range can be compared with a period before it yet."]
    assert told.complete == []


def test_worse_comes_before_better_and_the_program_before_its_communities(place: Workspace) -> None:
    """Which way is worse says the metric's direction; of each metric one that is worse and one that is better."""
    add(
        place.database,
        VALUES,
        *(newcomers(MAY, 10), newcomers(JUNE, 100)),
        *(newcomers(MAY, 10, about=community(1)), newcomers(JUNE, 100, about=community(1))),
        *(newcomers(MAY, 100, about=community(2)), newcomers(JUNE, 10, about=community(2))),
        *(waiting(MAY, 10, about=community(3)), waiting(JUNE, 100, about=community(3))),
        *(waiting(MAY, 10), waiting(JUNE, 100)),
    )
    told = read(place)

    assert leads(told) == [
        ("worse", "Half of the"),
        ("worse", "10 people from"),
        ("better", "100 people from"),
    ]
    assert "in our communities in June 2026" in told.items[0].text
    assert "to Networking in June 2026" in told.items[1].text
    assert "to our communities in June 2026" in told.items[2].text
    assert told.sure[1] == "2 more items did not fit; see the dashboards."


def test_every_change_carries_what_it_was_before_what_it_rests_on_and_what_to_do(place: Workspace) -> None:
    """The sentence of the metric, the comparison, the basis, the page, and the rule for a longer wait."""
    add(place.database, VALUES, waiting(MAY, 10), waiting(JUNE, 100))
    (item,) = read(place).items

    text = item.text.replace(words.NBSP, " ")
    assert text.startswith("Half of the 40 conversations ")
    assert text.endswith(
        " in June 2026 had a first answer within 4.2 days, plausibly 3.3 to 5.2 days. Longer than in May 2026, when it "
        "was 10 hours (range 8 to 12 hours); chance alone would rarely do that. It rests on 30 of 40 answered."
    )
    assert item.do == (
        "Look at those without an answer: 10 of 40 conversations were still waiting at the end of what we have seen."
    )
    assert (item.page, item.page_title) == ("help.html", "Help")


def test_one_in_many_comparisons_that_chance_alone_explains_is_no_change(place: Workspace) -> None:
    """What chance brings about once in forty times is a change where one pair is compared, and none among many."""
    add(place.database, VALUES, newcomers(MAY, 100), newcomers(JUNE, 175))
    assert leads(read(place)) == [("better", "175 people from")]

    same = [
        number(
            "first_response_time",
            "everyone",
            period,
            10,
            8,
            13,
            about=("community", f"community-{each}"),
            k=9,
            n=9,
        )
        for each in (1, 2, 3)
        for period in (MAY, JUNE)
    ]
    shares = [
        number(metric, segment, period, 0.5, 0.4, 0.6, about=about, k=50, n=100)
        for metric, segment in (("newcomer_retention", "day_90"), ("mailing_list_crossover", "everyone"))
        for about in (("program", "program"), *map(community, (1, 2, 3)))
        for period in (MAY, JUNE)
    ]
    add(place.database, VALUES, *same, *shares)

    assert [item.text for item in read(place).items] == [NOTHING]


def test_twelve_months_are_compared_and_a_month_only_of_the_program_or_where_no_year_can_be(
    place: Workspace,
) -> None:
    """The fewer pairs are looked at, the smaller a change may be that shows; the program's newest month counts."""
    year, year_before = (date(2025, 7, 1), date(2026, 7, 1)), (date(2024, 7, 1), date(2025, 7, 1))
    for about in (("program", "program"), community(1)):
        add(
            place.database,
            VALUES,
            *(newcomers(MAY, 10, about=about), newcomers(JUNE, 12, about=about)),
            *(newcomers(year_before, 100, about=about), newcomers(year, 110, about=about)),
        )
    add(
        place.database,
        VALUES,
        newcomers(MAY, 10, about=community(2)),
        newcomers(JUNE, 12, about=community(2)),
    )

    assert read(place).sure[0].startswith("4 numbers were compared")


def test_only_the_newest_period_that_can_be_told_is_compared(place: Workspace) -> None:
    """What is folded, refused or missing for the newest month is no change, and an older one is no news."""
    april = (date(2026, 4, 1), date(2026, 5, 1))
    rows = [newcomers(april, 10), newcomers(MAY, 100)]
    folded = number("new_contributors", "outside", JUNE, None, status="suppressed", reason="Few.")
    early = number("new_contributors", "outside", JUNE, None, status="too_early", reason="Wait.")
    add(place.database, VALUES, *rows, early)
    assert leads(read(place)) == [("better", "100 people from")]

    add(place.database, VALUES, *(folded,))
    place.database.unlink()
    build(place.database)
    add(place.database, VALUES, *rows, folded)
    assert [item.text for item in read(place).items] == [NOTHING]


def test_a_running_period_is_never_told(place: Workspace) -> None:
    """The file tells up to 12 July; a number of July, however striking, waits."""
    july = (date(2026, 7, 1), date(2026, 8, 1))
    add(place.database, VALUES, newcomers(MAY, 100), newcomers(JUNE, 100), newcomers(july, 1))

    assert [item.text for item in read(place).items] == [NOTHING]


def test_goals_follow_the_changes(place: Workspace) -> None:
    """A goal just judged, one due within a month, one that lacks something; not one that is far off or long known."""
    add(place.database, VALUES, newcomers(MAY, 100), newcomers(JUNE, 10))
    add(place.database, "core.dim_goals", *(
        (name, name, "", "", [], metric, 50.0, due_on, [])
        for name, metric, due_on in (
            ("judged", "new_contributors", date(2026, 6, 30)),
            ("soon", "new_contributors", date(2026, 7, 31)),
            ("far", "new_contributors", date(2026, 12, 31)),
            ("old", "new_contributors", date(2026, 5, 31)),
            ("odd", "no_such_metric", date(2026, 12, 31)),
        )
    ))  # fmt: skip
    told = read(place)

    assert leads(told) == [
        ("worse", "10 people from"),
        ("goal", "‘judged’. Missed, and"),
        ("goal", "‘soon’. Too early:"),
        ("goal", "‘odd’. Cannot be"),
    ]
    assert [number for number, _ in told.to_do] == ["1", "2"]


def outcome(days: int, segment: str, status: str = "ok", event: str = "meetup") -> tuple[Any, ...]:
    """One step of an event that began so many days before the end of the data."""
    began = date(2026, 7, 12) - timedelta(days=days)
    value = (0.25, 0.1, 0.5) if status == "ok" else (None, None, None)
    more: dict[str, Any] = {"n": 20, "k": 5} if status == "ok" else {"reason": "Too early."}
    period = (began, began + timedelta(days=1))
    return number("event_outcomes", segment, period, *value, about=("event", event), status=status, **more)


@pytest.mark.parametrize(("days", "is_told"), [(90, False), (91, True), (97, True), (98, False)], ids=str)
def test_an_event_is_told_in_the_week_in_which_its_window_closed(
    place: Workspace, days: int, is_told: bool
) -> None:
    """90 days after an event that is the 91st day, and not a week later."""
    add(place.database, "core.dim_events", ("meetup", "A meetup", None))
    add(place.database, VALUES, outcome(days, "day_90"))
    told = read(place, ["event-meetup.html"])

    assert len(told.items) == 1 + is_told
    if is_told:
        item = told.items[1]
        assert (item.lead, item.page) == ("can be told now", "event-meetup.html")
        assert item.text.startswith(
            f"A meetup ({'6' if days == 97 else '12'} April 2026). Did something within 90 days: 5 of 20"
        )
        assert (
            item.do == "Write a goal into the sheet of events, so that the next one can be held against it."
        )


def test_an_event_with_a_goal_is_held_against_it_and_a_refusal_is_told(place: Workspace) -> None:
    """Also that nothing can be told of a campaign is known now; its reason stands instead of a number."""
    add(
        place.database,
        "core.dim_goals",
        ("g", "Come back", "", "", [], "new_contributors", 5.0, date(2027, 1, 1), []),
    )
    add(place.database, "core.dim_events", ("meetup", "A meetup", "g"))
    add(place.database, "core.dim_campaigns", ("launch", "A launch", "g"))
    lift = (date(2026, 6, 12), date(2026, 7, 10))
    why = "No detectable change."
    add(
        place.database,
        VALUES,
        outcome(92, "day_90"),
        number(
            "campaign_lift",
            "stars_month",
            lift,
            None,
            about=("campaign", "launch"),
            status="refused",
            reason=why,
        ),
    )
    told = read(place)

    assert [item.do for item in told.items[1:]] == ["Hold it against its goal, ‘Come back’."] * 2
    assert told.items[1].text.startswith("A launch") or told.items[2].text.startswith("A launch")
    assert any(why in item.text for item in told.items)


def test_what_can_be_told_within_two_weeks_is_announced(place: Workspace) -> None:
    """The day of each window that closes soon, the next first; not those that are far off."""
    add(place.database, "core.dim_events", ("meetup", "A meetup", None), ("other", "Another", None))
    add(
        place.database,
        VALUES,
        outcome(80, "day_90", "too_early"),
        outcome(80, "day_180", "too_early"),
        outcome(27, "day_30", "too_early", "other"),
    )

    assert read(place).coming == [
        "On 16 July 2026 look again at Another (15 June 2026): ‘Did something within 30 days’ can be told then.",
        "On 23 July 2026 look again at A meetup (23 April 2026): ‘Did something within 90 days’ can be told then.",
    ]


def test_the_windows_are_those_of_the_models(published: Workspace) -> None:
    """Of every step that is too early, the day that we announce stands in the reason that the model gives."""
    with open_published(published.database) as connection:
        numbers = readings.numbers(connection, ["event"])
    early = [
        each
        for (metric, *_), rows in numbers.items()
        if metric == digest.OUTCOMES
        for each in rows
        if each.status == "too_early"
    ]
    assert early
    for each in early:
        assert words.day(digest.told_from(each)) in (each.reason or "")


def source(
    name: str, until: datetime | None, *, project: str | None = "p", is_read: bool = True
) -> tuple[Any, ...]:
    read_at = AS_OF if is_read else None
    return ("github", name, "issues", project, name, True, 5, 0, 0, 1, until, until, read_at, None)


def test_what_is_broken_or_missing_comes_last_and_in_full_below(place: Workspace) -> None:
    """A failed step, a place never read, a source that fell behind; one that ended long ago is no news."""
    add(
        place.database,
        "meta.sources",
        source("fine", AS_OF),
        source("late", AS_OF - timedelta(days=9)),
        source("ended", AS_OF - timedelta(days=900)),
        source("unread", None, is_read=False),
    )
    add(place.database, "meta.runs", ("run-1", "collect git", AS_OF, AS_OF, "failed", "It is gone."))
    told = read(place)

    assert [item.text for item in told.items] == [
        NOTHING,
        "The step ‘collect git’ failed. It is gone.",
        "Not read yet: gitHub ‘unread’.".replace("gitHub", "GitHub"),
        "Behind the others since 3 July 2026 or later: GitHub ‘late’.",
    ]
    assert told.to_do == [("2, 3 and 4", "‘ospo-metrics status’ says what to do.")]
    assert told.complete[0] == (
        "GitHub: 20 items, known until 12 July 2026; 4 items could not be read and were set aside."
    ).replace("20 items", f"20{words.NBSP}items").replace("4 items", f"4{words.NBSP}items")
    assert told.complete[1:] == [item.text for item in told.items[1:]]


def test_no_source_is_known_beyond_the_day_up_to_which_all_is_told(place: Workspace) -> None:
    """A sheet that was read later than the newest data says nothing of the days between."""
    add(place.database, "meta.sources", source("sheet", AS_OF + timedelta(days=30)))

    assert read(place).complete == [f"GitHub: 5{words.NBSP}items, known until 12 July 2026; 1{words.NBSP}item "
        "could not be read and was set aside."]  # fmt: skip


def test_there_are_five_items_at_most_and_the_rest_is_counted(place: Workspace) -> None:
    """However much there is to tell, five items are told, and how many were left out."""
    add(place.database, "core.dim_goals", *(
        (f"g{each}", f"Goal {each}", "", "", [], "nothing", 1.0, date(2026, 7, 1), []) for each in range(9)
    ))  # fmt: skip
    told = read(place)

    assert len(told.items) == 5
    assert told.sure[-1] == "5 more items did not fit; see the dashboards."


def test_it_is_the_same_every_time(published: Workspace, tmp_path: Path) -> None:
    """The same published file makes the same bytes."""
    first, second = (
        (digest.as_markdown(told), digest.as_html(told), digest.as_text(told))
        for told in (digest.make(published), digest.make(published))
    )

    assert first == second
    assert (published.published / "digest.md").read_text(encoding="utf-8") == first[0]
    assert (published.published / "digest.html").read_text(encoding="utf-8") == first[1]


def test_the_changes_of_the_simulation_are_those_that_the_intervals_support(published: Workspace) -> None:
    """Worked out anew from the rows: differences by the squares of the ranges' halves, then Benjamini and Hochberg."""
    with open_published(published.database) as connection:
        rows = records(
            connection,
            """
            with newest as (
                select c.kind, n.*
                from metrics.metric_values as n
                join metrics.metric_catalog as c on n.metric = c.metric and n.segment = c.headline_segment
                where c.direction <> 'context' and n.scope_kind in ('program', 'community')
                    and n.status <> 'too_early' and n.period_end - n.period_start <> 7
                    and n.period_end <= (select (as_of at time zone timezone)::date from meta.build)
                qualify n.period_end = max(n.period_end) over (
                    partition by n.metric, n.scope_id, n.period_end - n.period_start < 32)
            ),
            pairs as (
                select n.*, v.value as was, v.lower as was_lower, v.upper as was_upper,
                    n.period_end - n.period_start < 32 as is_month
                from newest as n
                join metrics.metric_values as v on n.metric = v.metric and n.scope_kind = v.scope_kind
                    and n.scope_id = v.scope_id and n.segment = v.segment and v.period_end = n.period_start
                    and v.period_end - v.period_start <> 7
                    and (v.period_end - v.period_start < 32) = (n.period_end - n.period_start < 32)
                where n.lower is not null and v.lower is not null and n.value is not null and v.value is not null
            )
            from pairs
            qualify scope_kind = 'program' or not is_month
                or not bool_or(not is_month) over (partition by metric, scope_id)
            """,
        )
    chances = []
    for row in rows:
        one = [row[name] if row[name] is not None else math.inf for name in ("value", "lower", "upper")]
        other = [
            row[name] if row[name] is not None else math.inf for name in ("was", "was_lower", "was_upper")
        ]
        if row["kind"] in ("duration", "ratio", "cost"):
            one, other = [[math.log(end) for end in ends] for ends in (one, other)]
        apart = one[0] - other[0]
        far = (one[0] - one[1], other[2] - other[0]) if apart > 0 else (one[2] - one[0], other[0] - other[1])
        z = 1.959964 * abs(apart) / math.hypot(*far)
        chances.append((math.erfc(z / math.sqrt(2)), row["metric"], row["scope_id"]))
    chances.sort()
    most = max(
        (place for place, (p, *_) in enumerate(chances, 1) if p <= 0.1 * place / len(chances)), default=0
    )
    with open_published(published.database) as connection:
        told = digest.read(connection, set())

    assert len(chances) > 10
    assert told.sure[0].startswith(f"{len(chances)} numbers were compared")
    assert (f"{most} differ by more" in told.sure[0]) or (most == 0 and "None differs" in told.sure[0])
    changed = [item for item in told.items if item.lead in ("worse", "better")]
    assert (
        len({metric for _, metric, _ in chances[:most]}) <= len(changed)
        or len(told.items) == digest.MOST_ITEMS
    )


def test_simulated_data_are_called_simulated_everywhere(place: Workspace) -> None:
    """A reader of the mail, the page or the file cannot take the demo for real."""
    told = read(place)
    for text in (
        digest.as_markdown(told),
        digest.as_html(told),
        digest.as_text(told).replace("SIMULATED", "Simulated"),
    ):
        assert "Simulated" in text
    real = build(place.database, is_simulated=False)
    with open_published(real) as connection:
        assert "imulated" not in digest.as_html(digest.read(connection, set()))


@pytest.mark.parametrize("name", HOSTILE, ids=["script", "formula", "right to left", "endless"])
def test_a_hostile_name_is_text(tmp_path: Path, name: str) -> None:
    """In a name of the OSPO, a community, a goal or an event no markup, formula, mark or length does anything."""
    file = build(tmp_path / "ospo.duckdb", ospo_name=name, names=(name, name, name))
    add(file, VALUES, newcomers(MAY, 10, about=community(1)), newcomers(JUNE, 100, about=community(1)))
    add(file, VALUES, outcome(92, "day_90"))
    add(file, "core.dim_events", ("meetup", name, "g"))
    add(file, "core.dim_goals", ("g", name, name, name, [name], name, 5.0, date(2026, 6, 30), []))
    add(file, "meta.sources", source(name, None, is_read=False))
    add(file, "meta.runs", ("run-1", name, AS_OF, AS_OF, "failed", name))
    with open_published(file) as connection:
        told = digest.read(connection, {"newcomers.html"})
    html, markdown, text = digest.as_html(told), digest.as_markdown(told), digest.as_text(told)
    page = Reader(html)

    assert len(told.items) == 5
    assert not {tag for tag, _ in page.tags} & {"script", "img", "iframe", "link", "form", "svg", "object"}
    assert {given["href"] for tag, given in page.tags if tag == "a"} == {
        "dashboards/newcomers.html#community=community-1"
    }
    assert not any(attribute.startswith("on") for _, given in page.tags for attribute in given)
    assert re.findall(r"(?<!\\)<|(?<!\\)!\[", markdown) == []
    assert re.findall(r"\]\(([^)]*)\)", markdown) == ["dashboards/newcomers.html#community=community-1"]
    for each in (html, markdown, text):
        assert len(each) < 20_000
        assert not set(each) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u200e\u200f")


def test_markdown_shows_a_name_as_it_is() -> None:
    """What looks like a list, a link, an image or a heading in a name is none."""
    assert digest._marked("![x](https://a.example/p.png) *b* _c_ #d") == (
        r"\!\[x\](https\://a.example/p.png) \*b\* \_c\_ \#d"
    )
    assert digest._marked("- no list") == r"\- no list"
    assert digest._marked("1. no list") == r"1\. no list"
    assert digest._marked("2026 is a year. www.example.com") == r"2026 is a year. www\.example.com"


def test_the_page_holds_all_that_it_needs(published: Workspace) -> None:
    """No script, no file from elsewhere, every style in place, and every link leads to a page that is there."""
    page = Reader((published.published / "digest.html").read_text(encoding="utf-8"))
    loaded = [given for _, given in page.tags if set(given) & {"src", "background", "srcset"}]
    links = [str(given["href"]) for tag, given in page.tags if tag == "a"]

    assert loaded == []
    assert links
    assert [link for link in links if not (published.published / link.partition("#")[0]).is_file()] == []
    assert "url(" not in (published.published / "digest.html").read_text(encoding="utf-8")
    assert [
        tag for tag, given in page.tags if tag in ("h1", "h2", "p", "td") and not given.get("style")
    ] == []
    markdown = (published.published / "digest.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\(([^)]*)\)", markdown) == links


def test_nothing_with_an_address_is_written(place: Workspace) -> None:
    """The gate reads the digest before it is put in its place, and yesterday's stays."""
    before = [path.read_text(encoding="utf-8") for path in digest.write(place)]
    add(place.database, "meta.runs", ("run-1", "collect", AS_OF, AS_OF, "failed", "ask ada@example.com"))

    with pytest.raises(privacy.PrivacyError, match=r"digest\.html, digest\.md"):
        digest.write(place)
    assert [
        (place.published / name).read_text(encoding="utf-8") for name in ("digest.md", "digest.html")
    ] == before
    assert [path.name for path in place.published.glob(".digest-*")] == []


def test_every_number_in_it_stands_in_the_published_file(published: Workspace) -> None:
    """Each change of the simulation is the sentence of one published row that is not folded."""
    with open_published(published.database) as connection:
        metrics = readings.metrics(connection)
        names = {about.id: about.name for about in (readings.PROGRAM, *readings.communities(connection))}
        numbers = readings.numbers(connection, ["program", "community"], only_headlines=True)
        told = digest.read(connection, set())
    sentences = {
        words.sentence(metrics[each.metric], each, names[each.scope_id])
        for rows in numbers.values()
        for each in rows
        if each.is_ok
    }
    for item in told.items:
        if item.lead in ("worse", "better"):
            assert any(item.text.startswith(sentence) for sentence in sentences), item.text


def test_the_time_is_told_on_the_clock_of_the_ospo(tmp_path: Path) -> None:
    """Half past one in the night in UTC is half past three in Berlin."""
    assert datetime(2026, 7, 12, 1, 30, tzinfo=UTC) == AS_OF
    with open_published(build(tmp_path / "ospo.duckdb")) as connection:
        told = digest.read(connection, set())
    assert told.as_of == "As of 12 July 2026, 03:30 (Europe/Berlin). For readers inside the organisation."
    assert published_example.AS_OF == AS_OF
