"""Channels, costs, places, stages and surveys: worked out again from the tables beside them, and by the truth."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest

from ospo_metrics import catalog, transform, words
from ospo_metrics.settings import Workspace
from ospo_metrics.statistics import poisson_interval, wilson_interval
from ospo_metrics.warehouse import open_published
from ospo_metrics.words import Number

CHANNELS = (
    "word_of_mouth", "invitation", "mailing_list", "newsletter", "forum", "chat", "meetup", "social_media", "video",
    "podcast", "blog", "code_host", "search", "event", "web_site", "print", "campaign", "other",
)  # fmt: skip
HOUR_RATE = 70
ZONE = ZoneInfo("Europe/Berlin")
Key = tuple[str, str, date, date, str]


def ask(workspace: Workspace, query: str) -> list[tuple[Any, ...]]:
    with open_published(workspace.database) as connection:
        return connection.execute(query).fetchall()


def ask_inside(workspace: Workspace, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(workspace.warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def numbers(workspace: Workspace, metric: str) -> dict[Key, Number]:
    """The published rows of a metric, by scope, period and segment."""
    rows = [Number(*row) for row in ask(workspace, f"from metrics.{metric}")]
    return {
        (row.scope_kind, row.scope_id, row.period_start, row.period_end, row.segment): row for row in rows
    }


def share(key: Key, metric: str, k: int, n: int) -> Number:
    """The row of a share, as another hand writes it."""
    lower, upper = wilson_interval(np.array([k]), np.array([n]))
    return Number(
        metric, *key, pytest.approx(k / n), pytest.approx(float(lower[0]), abs=1e-9),
        pytest.approx(float(upper[0]), abs=1e-9), k, n, n, "ok", None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def truth(published: Workspace) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((published.folder / "truth.json").read_text())
    return told


class Newcomer(NamedTuple):
    """Somebody from outside who is new to a scope, and what is known to have reached them before."""

    first_on: date
    days: list[date]
    channels: list[str]
    events: list[str]

    @property
    def is_engaged(self) -> bool:
        return len([day for day in self.days if day <= self.first_on + timedelta(90)]) >= 2

    @property
    def is_retained(self) -> bool:
        return any(335 <= (day - self.first_on).days <= 395 for day in self.days)


def _touches(published: Workspace) -> dict[str, list[tuple[datetime, bool, str, str]]]:
    found = defaultdict(list)
    for person, kind, channel, event, at in ask(
        published,
        "select person_id, kind, channel, event_id, touched_at from core.fct_touches "
        "where person_id is not null and not is_own order by touched_at",
    ):
        found[person].append((at, kind != "heard", channel, event))
    return found


def _drawn(person: str, channel: str) -> str:
    return hashlib.md5(f"{person}{channel}".encode()).hexdigest()


@pytest.fixture(scope="module")
def newcomers(published: Workspace) -> dict[tuple[str, str], list[Newcomer]]:
    """Everybody who is new, of the program and of each community."""
    touches = _touches(published)
    inside: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for community, project in ask(published, "from core.community_projects"):
        inside[project] |= {("community", community), ("program", "program")}
    days = defaultdict(set)
    for person, project, day in ask_inside(
        published,
        "select person_id, project_id, occurred_on from intermediate.int_contribution_days where segment = 'outside'",
    ):
        for scope in inside[project]:
            days[person, scope].add(day)
    found = defaultdict(list)
    for kind, scope_id, person, first_on in ask_inside(
        published,
        "select scope_kind, scope_id, person_id, first_on from intermediate.int_first_contributions as f "
        "join intermediate.int_scope_history as h using (scope_kind, scope_id) "
        "where segment = 'outside' and first_on >= newness_known_from and scope_kind <> 'project'",
    ):
        first: dict[tuple[bool, str, str], datetime] = {}
        for at, presence, channel, event in touches.get(person, []):
            if timedelta(0) <= first_on - at.astimezone(ZONE).date() <= timedelta(90):
                first.setdefault((presence, channel, event), at)
        reached = sorted(
            (at, presence, _drawn(person, channel), event, channel)
            for (presence, channel, event), at in first.items()
        )
        found[kind, scope_id].append(
            Newcomer(
                first_on,
                sorted(days[person, (kind, scope_id)]),
                [channel for *_, channel in reached],
                [event for _, presence, _, event, _ in reached if presence],
            )
        )
    return found


def engaged(newcomers: dict[tuple[str, str], list[Newcomer]], key: Key) -> list[Newcomer]:
    kind, scope_id, start, end, _ = key
    return [each for each in newcomers[kind, scope_id] if each.is_engaged and start <= each.first_on < end]


def test_the_unknown_are_always_told_and_the_channels_only_beside_few_of_them(
    published: Workspace, newcomers: dict[tuple[str, str], list[Newcomer]]
) -> None:
    """Of a year whose newcomers are followed, the share of which nobody knows is told; else every row says why not."""
    found = numbers(published, "attribution_channel_mix")
    told = {key: row for key, row in found.items() if row.is_ok}
    people = {key: engaged(newcomers, key) for key in told}
    unknown = {key: sum(not each.channels for each in people[key]) for key in told}

    assert len(told) >= 4
    assert {key[-1] for key in told} == {"unknown"}
    assert all(unknown[key] > 0.4 * len(people[key]) for key in told)
    assert told == {
        key: share(key, "attribution_channel_mix", unknown[key], len(people[key])) for key in told
    }
    segments = {"unknown", *(f"{rule}_{channel}" for rule in ("first", "last") for channel in CHANNELS)}
    assert Counter(key[:-1] for key in found) == dict.fromkeys({key[:-1] for key in found}, len(segments))
    assert {key[-1] for key in found} == segments
    assert {row.reason for key, row in found.items() if key[:-1] in {one[:-1] for one in told} and not row.is_ok} == {
        "Of more than two in five engaged newcomers nobody knows how they came, so the channels cannot be ranked."
    }  # fmt: skip


def test_three_rules_share_the_same_people_out(
    published: Workspace, newcomers: dict[tuple[str, str], list[Newcomer]]
) -> None:
    """First, last and linear: each gives away every engaged newcomer once, however many touches they had."""
    given: dict[tuple[str, str, date, date], dict[tuple[str, str], float]] = defaultdict(dict)
    for kind, scope_id, start, end, channel, *parts in ask(
        published,
        "select scope_kind, scope_id, period_start, period_end, channel, of_first, of_last, of_linear "
        "from metrics.attribution_rules",
    ):
        for rule, people in zip(("first", "last", "linear"), parts, strict=True):
            if people:
                given[kind, scope_id, start, end][rule, channel] = people
    expected: dict[Any, dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    for key in given:
        for each in engaged(newcomers, (*key, "")):
            channels = each.channels or ["unknown"]
            expected[key]["first", channels[0]] += 1
            expected[key]["last", channels[-1]] += 1
            for channel in channels:
                expected[key]["linear", channel] += 1 / len(channels)

    assert len(given) >= 4
    assert any(channel != "unknown" for rules in given.values() for _, channel in rules)
    assert {key: pytest.approx(dict(rules)) for key, rules in expected.items()} == given


def test_what_hangs_on_one_event_is_worked_out_from_who_was_there(
    published: Workspace, newcomers: dict[tuple[str, str], list[Newcomer]]
) -> None:
    """Every event that brought somebody is there with as many as it brought first; the share itself is refused."""
    found = {
        (kind, scope_id, start, end, event): people
        for kind, scope_id, start, end, event, people in ask(
            published,
            "select scope_kind, scope_id, period_start, period_end, brought_by, newcomers "
            "from metrics.outreach_sources where segment = 'event'",
        )
    }
    expected = Counter(
        (*key[:-1], each.events[0])
        for key, row in numbers(published, "outreach_concentration").items()
        if row.is_ok and row.segment == "unknown"
        for each in engaged(newcomers, key)
        if each.events
    )
    rows = numbers(published, "outreach_concentration").values()

    assert expected
    assert found == expected
    assert {row.status for row in rows if row.segment != "unknown"} <= {"refused", "too_early"}


@pytest.mark.parametrize(
    ("metric", "counts"),
    [("cost_per_engaged_newcomer", "is_engaged"), ("cost_per_retained_contributor", "is_retained")],
)
def test_what_somebody_cost_is_all_that_was_paid_over_those_who_came_by_it(
    published: Workspace, newcomers: dict[tuple[str, str], list[Newcomer]], metric: str, counts: str
) -> None:
    """Money at the rate of its day and hours, over those who were first at that event, with Garwood's interval."""
    cost: Counter[str] = Counter()
    for event, amount, hours in ask(
        published,
        "select object_id, program_amount, staff_hours from core.fct_costs where object_kind = 'event'",
    ):
        cost[event] += (amount or 0) + (hours or 0) * HOUR_RATE
    brought = Counter(
        each.events[0] for each in newcomers["program", "program"] if each.events and getattr(each, counts)
    )
    told = {key: row for key, row in numbers(published, metric).items() if row.is_ok and key[0] == "event"}
    expected = {}
    for key in told:
        k, paid = brought[key[1]], cost[key[1]]
        low, high = poisson_interval(np.array([k]))
        expected[key] = Number(
            metric, *key, round(paid / k, 2) if k else None, round(paid / float(high[0]), 2),
            round(paid / float(low[0]), 2) if k else None, round(paid), k, k, "ok", None,
        )  # fmt: skip

    assert len(told) >= (2 if counts == "is_engaged" else 1)
    assert told == expected


def test_a_cost_that_cannot_be_known_says_why(published: Workspace) -> None:
    """Francs without a rate, a conference of which nobody keeps a list, and campaigns of which nobody has the link."""
    reasons = {
        key[1]: (row.status, row.reason)
        for key, row in numbers(published, "cost_per_engaged_newcomer").items()
        if key[0] != "program"
    }
    lacks = "There is no rate in outreach/rates.csv for CHF on 9 April 2026, so the cost cannot be added up."
    no_list = ("no_data", "There is no list of attendees, so nobody can be looked for.")
    no_link = ("no_data", "No list of attendees has anybody who agreed to be measured and came by its link.")
    assert reasons["edge-hackday-2026"] == ("refused", lacks)
    assert [reasons[f"openbuild-days-{year}"] for year in (2025, 2026)] == [no_list, no_list]
    assert reasons["observability-meetup-2025"] == (
        "no_data",
        "The list has no addresses, so nobody can be looked for.",
    )
    assert {reasons[each] for each in ("fastfs-2-launch", "trace-week", "edge-posters")} == {no_link}


def test_nobody_is_brought_by_an_event_who_was_not_there(published: Workspace, truth: dict[str, Any]) -> None:
    """No more newcomers than people who came, agreed to be measured, and were no contributors before."""
    may = {
        event["id"]: sum(
            seat["status"] == "attended" and seat["consented"] and not seat["was_contributor"]
            for seat in event["attendance"]
        )
        for event in truth["events"]
    }
    found = {
        key[1]: row.denominator
        for key, row in numbers(published, "cost_per_engaged_newcomer").items()
        if row.is_ok and key[0] == "event"
    }
    assert sum(found.values()) > 0
    assert {event: people for event, people in found.items() if people > may[event]} == {}


def test_how_far_people_are_follows_from_their_clocks(published: Workspace) -> None:
    """The last clock of whoever was active on two days in the twelve months before, and the event's that month."""
    audience = defaultdict(set)
    for event, community in ask(published, "from core.event_communities"):
        audience[event].add(community)
    inside = defaultdict(set)
    for community, project in ask(published, "from core.community_projects"):
        inside[community].add(project)
    active, clocks = defaultdict(set), defaultdict(Counter)
    for person, project, day, minutes in ask(
        published,
        "select distinct person_id, project_id, occurred_on, utc_offset_minutes from core.fct_activities "
        "where level in ('D1', 'D2') and person_id is not null and project_id is not null "
        "and not is_own and not is_bot and not is_agent "
        "and kind not in ('change_request_merged', 'change_request_closed', 'issue_closed', 'talk_given')",
    ):
        active[project].add((person, day))
        if minutes is not None:
            clocks[person][day.replace(day=1), minutes, day] += 1
    expected = {}
    found = {
        key: row for key, row in numbers(published, "event_place_fit").items() if row.is_ok and key[0] == "event"
    }  # fmt: skip
    for key in found:
        start = key[2].replace(day=1)
        window = (start.replace(year=start.year - 1), start)
        people = set()
        for community in audience[key[1]]:
            days = {
                (person, day)
                for project in inside[community]
                for person, day in active[project]
                if window[0] <= day < window[1]
            }
            people |= {person for person, n in Counter(person for person, _ in days).items() if n >= 2}
        near, known = 0, 0
        for person in people:
            days_of = Counter(
                (month, minutes) for month, minutes, _ in clocks[person] if window[0] <= month < window[1]
            )
            if not days_of:
                continue
            last = max(month for month, _ in days_of)
            mine = max(
                (days, -abs(minutes), minutes) for (month, minutes), days in days_of.items() if month == last
            )[2]
            noon = datetime(last.year, last.month, 15, 12, tzinfo=ZoneInfo("UTC"))
            offset = noon.astimezone(ZONE).utcoffset()
            assert offset is not None
            known += 1
            near += abs(mine - offset.total_seconds() / 60) <= 60
        expected[key] = share(key, "event_place_fit", near, known)

    assert len(found) >= 5
    assert found == expected
    (online,) = (
        row for key, row in numbers(published, "event_place_fit").items() if key[1] == "edge-webinar-2025"
    )
    assert (online.status, online.reason) == (
        "refused",
        "The event was online, so it was near nobody and everybody.",
    )


def test_speakers_are_from_where_the_truth_says(published: Workspace, truth: dict[str, Any]) -> None:
    """No talk of ours alone is taken for the community's and none of theirs for ours; the others are unknown."""
    true = {
        hashlib.md5(f"{event}|{talk['talk_id']}".encode()).hexdigest(): talk["has_outside_speaker"]
        for event, schedule in truth["files"]["calendars"].items()
        for talk in schedule["our_talks"]
    }
    voices = dict(ask_inside(published, "select talk_id, voice from intermediate.int_talk_voices"))
    told = {talk: voice for talk, voice in voices.items() if voice != "unknown" and talk in true}
    talks = ask_inside(
        published, "select event_id, voice, coalesce(is_sponsored, false) from intermediate.int_talk_voices"
    )
    counted = Counter((event, voice) for event, voice, is_sponsored in talks if not is_sponsored)
    paid = Counter(event for event, _, is_sponsored in talks if is_sponsored)

    assert set(true) <= set(voices)
    assert len(told) >= 8
    assert {talk: voice == "outside" for talk, voice in told.items()} == {talk: true[talk] for talk in told}
    for event in truth["files"]["calendars"]:
        n = sum(people for (at, _), people in counted.items() if at == event)
        for key, row in numbers(published, "community_speaker_share").items():
            if key[1] == event and row.is_ok and row.segment in ("outside", "own", "unknown"):
                assert row == share(key, "community_speaker_share", counted[event, row.segment], n)
            if key[1] == event and row.segment == "sponsored":
                assert row == share(key, "community_speaker_share", paid[event], n + paid[event])
                assert paid[event] == 1


def test_a_survey_says_what_people_answered(published: Workspace, truth: dict[str, Any]) -> None:
    """Scores and words of mouth are those that were planted; a survey that few answered gives neither."""
    surveys = {survey["id"]: survey for survey in truth["files"]["outreach"]["surveys"]}
    few, enough = surveys["community-2025"], surveys["community-2026"]
    heard = {key: row for key, row in numbers(published, "referral_share").items() if key[0] == "program"}
    (told,) = ((key, row) for key, row in heard.items() if row.is_ok)
    refused = [row for row in heard.values() if row.status == "refused"]
    scores = [row for key, row in numbers(published, "net_recommendability").items() if key[0] == "program"]
    (score,) = (row for row in scores if row.is_ok)

    assert few["answers"] / few["invited"] < 0.1 < enough["answers"] / enough["invited"]
    assert told[1] == share(told[0], "referral_share", enough["heard_from_a_person"], enough["heard_answers"])
    refused += [row for row in scores if row.status == "refused"]
    assert [row.reason for row in refused] == 2 * [
        "Fewer than one in ten of those who were asked answered, so the answers need not speak for the others."
    ]
    p, d = enough["promoters"] / enough["scores"], enough["detractors"] / enough["scores"]
    half = 1.959964 * ((p + d - (p - d) ** 2) / enough["scores"]) ** 0.5
    assert (score.value, score.lower, score.upper, score.sample_size) == (
        pytest.approx(100 * (p - d)),
        pytest.approx(100 * (p - d - half), abs=1e-3),
        pytest.approx(100 * (p - d + half), abs=1e-3),
        enough["scores"],
    )


def test_pieces_and_talks_are_counted_one_by_one(published: Workspace, truth: dict[str, Any]) -> None:
    """Of a year's pieces those of the community, however few; of its talks about us all that there were."""
    pieces = {
        key: (row.numerator, row.denominator)
        for key, row in numbers(published, "community_content_share").items()
        if row.is_ok and key[0] == "program"
    }
    talks = {
        key[2:4]: row.value
        for key, row in numbers(published, "talk_reach").items()
        if row.is_ok and key[0] == "program" and row.segment == "talks"
    }
    told = Counter(
        int(schedule["first_day"][:4])
        for schedule in truth["files"]["calendars"].values()
        for _ in schedule["our_talks"]
    )
    assert pieces == {
        ("program", "program", date(2024, 11, 1), date(2025, 11, 1), "community"): (1, 4),
        ("program", "program", date(2025, 11, 1), date(2026, 11, 1), "community"): (2, 4),
    }
    assert talks == {
        (date(2024, 11, 1), date(2025, 11, 1)): told[2025] + 1,
        (date(2025, 11, 1), date(2026, 11, 1)): told[2026],
        (date(2025, 1, 1), date(2025, 4, 1)): told[2025],
        (date(2025, 10, 1), date(2026, 1, 1)): 1,
        (date(2026, 1, 1), date(2026, 4, 1)): told[2026],
    }


def test_what_was_submitted_and_refused_is_no_talk(published: Workspace, truth: dict[str, Any]) -> None:
    """Of each conference the share of the submissions that was accepted, as simulated; the others are no talks."""
    told = {
        key[1]: [row.numerator, row.denominator]
        for key, row in numbers(published, "talk_acceptance").items()
        if row.is_ok and key[0] == "event"
    }
    assert told == truth["files"]["outreach"]["submissions"]
    assert all(accepted < submitted for accepted, submitted in told.values())
    refused = "title like 'What we would have said%' or title = 'What is next'"
    assert ask_inside(published, f"select count(*) from core.fct_talks where {refused}") == [(0,)]
    assert ask_inside(published, f"select count(*) > 6 from staging.stg_outreach__talks where {refused}") == [
        (True,)
    ]


def test_what_came_of_introductions_adds_up(published: Workspace) -> None:
    """Each led somewhere, came to nothing or is open: one of three came to nothing, two were to a partner."""
    nobody = dict.fromkeys(("to_product", "to_docs", "to_partners", "to_others"), 0)
    found: dict[date, dict[str, float | None]] = defaultdict(dict)
    for key, row in numbers(published, "warm_introductions").items():
        assert row.is_ok
        found[key[2]][row.segment] = row.value
    assert list(found.values()) == [
        {"made": 1, "led_somewhere": 1, "came_to_nothing": 0, "open": 0, "to_hiring": 1} | nobody,
        {"made": 2, "led_somewhere": 1, "came_to_nothing": 1, "open": 0, "to_hiring": 0}
        | nobody
        | {"to_partners": 2},
    ]


@pytest.mark.parametrize(
    "metric", ["share_of_voice", "employer_brand_pull", "peer_benchmark", "coordinated_campaign_lift"]
)
def test_a_metric_without_a_source_says_what_it_takes(published: Workspace, metric: str) -> None:
    """One row, of the program's last year, with no number; and the catalog says so too."""
    (row,) = numbers(published, metric).values()
    (last,) = ask_inside(
        published,
        "select max(period_end) from intermediate.int_scope_periods where scope_kind = 'program' and grain = 'year'",
    )
    assert (row.scope_kind, row.status, row.period_end) == ("program", "no_data", *last)
    assert "it takes" in (row.reason or "")
    assert ask(published, f"select status from metrics.metric_catalog where metric = '{metric}'") == [
        ("no_data",)
    ]


@pytest.mark.parametrize(
    ("metric", "change", "sentence"),
    [
        (
            "cost_per_engaged_newcomer",
            {"value": 4000.0, "lower": 1368.73, "upper": 19396.38, "numerator": 12000, "denominator": 3},
            "For Storage Days on 31 January 2026, each newcomer who is known to have been reached and was active on "
            "two days or more within 90 days cost 4,000 EUR, plausibly 1,370 to 19,400 EUR.",
        ),
        (
            "cost_per_engaged_newcomer",
            {"lower": 3253.02, "numerator": 12000, "denominator": 0},
            "For Storage Days on 31 January 2026, nobody who was active on two days or more within 90 days is known to "
            "have been reached; one such newcomer would have cost at least 3,250 EUR.",
        ),
        (
            "net_recommendability",
            {"value": 28.0, "lower": 18.3854, "upper": 37.6146, "sample_size": 250},
            "The answers of those who were asked about Storage Days on 31 January 2026 come to 28 points, plausibly 18 "
            "to 38 points.",
        ),
        (
            "attribution_channel_mix",
            {
                "value": 0.0,
                "lower": 0.0,
                "upper": 0.1611,
                "numerator": 0,
                "denominator": 20,
                "sample_size": 20,
            },
            "None of 20 engaged newcomers in Storage Days on 31 January 2026 were without any known touch: 0 %, "
            "plausibly 0 to 16.1 %.",
        ),
    ],
)
def test_a_number_is_put_into_words(
    published: Workspace, metric: str, change: dict[str, Any], sentence: str
) -> None:
    """What readers are told of the examples: money in three digits, nobody without a value, points with their range."""
    (about,) = (
        one for one in catalog.read(transform.manifest(published), "EUR").metrics if one.metric == metric
    )
    blank = dict.fromkeys(("value", "lower", "upper", "numerator", "denominator", "sample_size"))
    number = Number(
        metric=metric, scope_kind="event", scope_id="e", period_start=date(2026, 1, 31), period_end=date(2026, 2, 1),
        segment=about.headline_segment, status="ok", reason=None, **(blank | change),
    )  # fmt: skip
    assert words.sentence(about, number, "Storage Days").replace(words.NBSP, " ") == sentence
