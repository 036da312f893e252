"""Who is engaged, how far people go, who comes, stays and leaves: worked out once more, person by person."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import lifelines
import numpy as np
import pytest
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time

from ospo_metrics import catalog, folding, readings, site_data, transform
from ospo_metrics.settings import Workspace
from ospo_metrics.suppression import counts, relations
from ospo_metrics.warehouse import open_published, open_warehouse

Scope = tuple[str, str]

_NO_CONTRIBUTION = ("change_request_merged", "change_request_closed", "issue_closed", "talk_given")
_MINE = (
    "engaged_people_28d", "engagement_level_mix", "community_gravity", "funnel_step_rates", "contributor_lifetime",
    "quarterly_contributor_retention", "one_and_done_share", "joiners_minus_leavers", "org_concentration",
    "outside_regulars", "interest_overlap", "timezone_coverage", "newcomer_retention",
)  # fmt: skip


@dataclass
class Person:
    """What one human did in one scope: days with how many contributions from outside and as one of ours."""

    outside: Counter[date] = field(default_factory=Counter)
    own: Counter[date] = field(default_factory=Counter)
    commits: Counter[date] = field(default_factory=Counter)

    @property
    def days(self) -> list[date]:
        return sorted(self.outside.keys() | self.own.keys())

    @property
    def is_newcomer(self) -> bool:
        """Whether the first day was one from outside."""
        return self.days[0] in self.outside

    def outside_days(self, start: date, end: date) -> list[date]:
        return sorted(day for day in self.outside if start <= day < end)


@dataclass(frozen=True)
class World:
    """Every human in every scope, and the acts of humans as published."""

    people: dict[Scope, dict[str, Person]]
    acts: list[tuple[Any, ...]]
    scopes: dict[str, list[Scope]]
    known_from: dict[Scope, date]


@pytest.fixture(scope="module")
def world(published: Workspace) -> World:
    with open_published(published.database) as connection:
        acts = connection.execute(
            "select person_id, project_id, kind, level, occurred_on, occurred_at, is_own, utc_offset_minutes, "
            "organization_id from core.fct_activities "
            "where not is_bot and person_id is not null and project_id is not null"
        ).fetchall()
        began = connection.execute(
            "select project_id, min(occurred_on) from core.fct_activities where level in ('D1', 'D2') "
            "and person_id is not null and project_id is not null and not list_contains($kinds, kind) group by all",
            {"kinds": list(_NO_CONTRIBUTION)},
        ).fetchall()
        belongs = connection.execute(
            "select project_id, community_id from core.community_projects"
        ).fetchall()
    scopes: dict[str, list[Scope]] = {}
    for project, community in belongs:
        scopes.setdefault(project, [("project", project), ("program", "program")]).append(
            ("community", community)
        )
    people: dict[Scope, dict[str, Person]] = defaultdict(lambda: defaultdict(Person))
    for person, project, kind, level, day, _, is_own, *_ in acts:
        if level not in ("D1", "D2") or kind in _NO_CONTRIBUTION:
            continue
        for scope in scopes[project]:
            one = people[scope][person]
            (one.own if is_own else one.outside)[day] += 1
            if kind == "commit_authored" and not is_own:
                one.commits[day] += 1
    known_from: dict[Scope, date] = {}
    for project, day in began:
        for scope in scopes[project]:
            known_from[scope] = min(known_from.get(scope, date.max), day + timedelta(365))
    return World(people, acts, scopes, known_from)


def _rows(published: Workspace, metric: str) -> Iterator[tuple[Scope, date, date, str, dict[str, Any]]]:
    """The rows of a metric that have a number, before small groups are folded."""
    with open_warehouse(published.warehouse, read_only=True) as connection:
        result = connection.execute(f"select * from metrics.{metric} where status = 'ok'")
        names = [column[0] for column in result.description or []]
        found = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    for row in found:
        scope = (row["scope_kind"], row["scope_id"])
        yield scope, row["period_start"], row["period_end"], row["segment"], row


def _k_of_n(row: dict[str, Any]) -> tuple[int, int]:
    return row["numerator"], row["denominator"]


def test_who_is_engaged_is_counted_by_days(published: Workspace, world: World) -> None:
    """Each of the 28 days of each person is looked at: how many, and when they had been there before."""
    compared = 0
    for scope, start, end, segment, row in _rows(published, "engaged_people_28d"):
        assert (end - start).days == 28
        found: Counter[str] = Counter()
        for one in world.people[scope].values():
            days = one.outside_days(start, end)
            if not days:
                continue
            found["one_day"] += 1
            if len(days) > 1:
                found["engaged"] += 1
                before = [day for day in one.days if day < days[0]]
                is_new = one.days[0] >= start and one.is_newcomer
                is_back = before and (days[0] - before[-1]).days > 180
                found["new" if is_new else "reactivated" if is_back else "returning"] += 1
        assert (row["value"], row["sample_size"]) == (found[segment], found[segment]), row
        compared += found[segment] > 0
    assert compared > 150


def test_everybody_is_on_one_level(published: Workspace, world: World) -> None:
    """The furthest act of each person from outside in each quarter says on which level they are."""
    furthest: dict[tuple[Scope, date], dict[str, str]] = defaultdict(dict)
    for person, project, kind, level, day, _, is_own, *_ in world.acts:
        if is_own or kind in ("change_request_closed", "issue_closed", "talk_given"):
            continue
        quarter = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        for scope in world.scopes[project]:
            here = furthest[scope, quarter]
            here[person] = max(here.get(person, ""), level)
    compared = 0
    for scope, start, _, segment, row in _rows(published, "engagement_level_mix"):
        levels = Counter(furthest[scope, start].values())
        assert _k_of_n(row) == (levels[segment.upper()], sum(levels.values())), row
        compared += 1
    assert compared > 50


def test_gravity_is_what_its_formula_says(published: Workspace, world: World) -> None:
    """Weights squared by days in two months, over everybody who was there in either."""

    def pulls(scope: Scope, start: date, end: date) -> dict[str, int]:
        days = {who: len(one.outside_days(start, end)) for who, one in world.people[scope].items()}
        return {who: 100 if n >= 8 else 49 if n >= 4 else 16 if n >= 2 else 1 for who, n in days.items() if n}

    compared = 0
    for scope, start, end, segment, row in _rows(published, "community_gravity"):
        before, now = pulls(scope, (start - timedelta(1)).replace(day=1), start), pulls(scope, start, end)
        parts = {
            "everyone": before.keys() | now.keys(),
            "joiners": now.keys() - before.keys(),
            "leavers": before.keys() - now.keys(),
            "moves": before.keys() & now.keys(),
        }
        gained = sum(now.get(who, 0) - before.get(who, 0) for who in parts[segment])
        assert row["sample_size"] == len(parts[segment]), row
        assert row["value"] == pytest.approx(gained / len(parts["everyone"])), row
        compared += 1
    assert compared > 300


@pytest.fixture(scope="module")
def ways(published: Workspace) -> Callable[[str, date], set[str]]:
    """In which ways somebody came who was new on a day: any, by whether through an event, and by what reached them."""
    touches: dict[str, list[tuple[datetime, bool, str, str]]] = defaultdict(list)
    with open_published(published.database) as connection:
        for person, at, is_presence, channel in connection.execute(
            "select person_id, touched_at, kind <> 'heard', channel from core.fct_touches "
            "where person_id is not null and not is_own"
        ).fetchall():
            draw = hashlib.md5(f"{person}{channel}".encode()).hexdigest()
            touches[person].append((at, is_presence, draw, channel))

    def found(person: str, first: date) -> set[str]:
        reached = sorted(
            touch
            for touch in touches[person]
            if 0 <= (first - touch[0].astimezone(ZoneInfo("Europe/Berlin")).date()).days <= 90
        )
        by_event = "event_" if any(is_presence for _, is_presence, *_ in reached) else "organic_"
        return {"", by_event, f"first_{reached[0][3]}_" if reached else "unknown_"}

    return found


def test_newcomers_stay_whoever_brought_them(
    published: Workspace, world: World, ways: Callable[[str, date], set[str]]
) -> None:
    """Each newcomer is looked for around the day in question, as one from outside: of all, and of each way to come."""
    told: Counter[str] = Counter()
    apart: set[tuple[str, bool, bool]] = set()
    for scope, start, end, segment, row in _rows(published, "newcomer_retention"):
        way, _, days = segment.rpartition("day_")
        mine = [
            (one, one.days[0])
            for who, one in world.people[scope].items()
            if one.is_newcomer and start <= one.days[0] < end and way in ways(who, one.days[0])
        ]
        stayed = [
            any(abs((day - first).days - int(days)) <= 30 for day in one.outside) for one, first in mine
        ]
        assert _k_of_n(row) == (sum(stayed), len(mine)), row
        told[way] += 1
        apart.add(
            (
                scope[0],
                (end - start).days > 31,
                segment not in ("day_90", "day_180", "day_365", "event_day_90", "organic_day_90"),
            )
        )
    assert min(told[way] for way in ("", "event_", "organic_", "unknown_", "first_event_")) > 3
    assert {each for each in apart if each[-1]} == {("program", True, True), ("community", True, True)}


def test_steps_are_taken_within_ninety_days(
    published: Workspace, world: World, ways: Callable[[str, date], set[str]]
) -> None:
    """Each newcomer's first comment, first change and first merge of another's are looked up, however they came."""
    firsts: dict[Scope, dict[str, dict[str, date]]] = defaultdict(lambda: defaultdict(dict))
    for person, project, kind, level, day, *_ in world.acts:
        if kind in ("change_request_closed", "issue_closed", "talk_given"):
            continue
        for scope in world.scopes[project]:
            mine = firsts[scope][person]
            mine[level] = min(mine.get(level, day), day)
    with open_published(published.database) as connection:
        closed = connection.execute(
            "select project_id, closed_by_person_id, (closed_at at time zone 'Europe/Berlin')::date "
            "from core.fct_conversations where kind = 'change_request' and closed_by_person_id is not null "
            "and closed_by_person_id is distinct from opened_by_person_id"
        ).fetchall()
    for project, person, day in closed:
        for scope in world.scopes[project]:
            mine = firsts[scope][person]
            mine["maintains"] = min(mine.get("maintains", day), day)
    compared = split = 0
    for scope, start, end, segment, row in _rows(published, "funnel_step_rates"):
        taken = entered = 0
        way, _, step = segment.rpartition("d1_to_d2" if segment.endswith("d1_to_d2") else "d2_to_maintainer")
        assert step == "", row
        for who, one in world.people[scope].items():
            mine = firsts[scope][who]
            if not one.is_newcomer or one.days[0] < world.known_from[scope]:
                continue
            if way not in ways(who, one.days[0]):
                continue
            at, after = ("D1", "D2") if segment.endswith("d1_to_d2") else ("D2", "maintains")
            begun, reached = mine.get(at), mine.get(after)
            if begun is None or not start <= begun < end:
                continue
            if reached is not None and (begun - reached).days > (30 if at == "D1" else 0):
                continue
            entered += 1
            taken += reached is not None and (reached - begun).days <= 90
        assert _k_of_n(row) == (taken, entered), row
        compared += taken > 0
        split += taken > 0 and way not in ("", "organic_", "unknown_")
    assert compared > 20
    assert split > 3


def test_who_was_there_in_two_quarters_came_back(published: Workspace, world: World) -> None:
    """People of a quarter are looked for in the next one, ours if they were ours on any day of it."""
    compared = 0
    for scope, start, end, segment, row in _rows(published, "quarterly_contributor_retention"):
        before = (start - timedelta(1)).replace(day=1)
        before = date(before.year, (before.month - 1) // 3 * 3 + 1, 1)
        came_back = there = 0
        for one in world.people[scope].values():
            days = [day for day in one.days if before <= day < start]
            if not days:
                continue
            is_own = any(day in one.own for day in days)
            if segment == "everyone" or (segment == "own") == is_own:
                there += 1
                came_back += any(start <= day < end for day in one.days)
        assert _k_of_n(row) == (came_back, there), row
        compared += 1
    assert compared > 50


def test_who_did_one_thing_in_a_year_is_looked_at_act_by_act(published: Workspace, world: World) -> None:
    """All acts and days of each newcomer's first 365 days are counted."""
    compared = 0
    for scope, start, end, segment, row in _rows(published, "one_and_done_share"):
        once = newcomers = 0
        for one in world.people[scope].values():
            first = one.days[0]
            if not one.is_newcomer or first < world.known_from[scope] or not start <= first < end:
                continue
            newcomers += 1
            year = [day for day in one.days if (day - first).days <= 365]
            acts = sum(one.outside[day] + one.own[day] for day in year)
            once += acts == 1 if segment == "one_act" else len(year) == 1
        assert _k_of_n(row) == (once, newcomers), row
        compared += once > 0
    assert compared > 20


def test_who_came_less_who_went_is_followed_day_by_day(published: Workspace, world: World) -> None:
    """Every silence of more than 180 days of every person ends one time there and begins another."""
    moves: dict[Scope, Counter[tuple[str, date]]] = defaultdict(Counter)
    for scope, here in world.people.items():
        for one in here.values():
            days = one.days
            for place, day in enumerate(days):
                begins = place == 0 or (day - days[place - 1]).days > 180
                ends = place == len(days) - 1 or (days[place + 1] - day).days > 180
                if begins and day in one.outside:
                    moves[scope]["new" if place == 0 else "reactivated", day] += 1
                if ends and day not in one.own:
                    moves[scope]["lapsed", day + timedelta(180)] += 1
    compared = 0
    for scope, start, end, segment, row in _rows(published, "joiners_minus_leavers"):
        found: Counter[str] = Counter()
        for (what, day), people in moves[scope].items():
            if start <= day < end:
                found[what] += people
        came = found["new"] + found["reactivated"]
        found["net"] = came - found["lapsed"]
        assert row["value"] == found[segment], row
        if segment == "net" and row["sample_size"]:
            assert _k_of_n(row) == (came, came + found["lapsed"]), row
        compared += found[segment] != 0
    assert compared > 100


def test_whoever_contributed_is_counted_once(published: Workspace, world: World) -> None:
    """Of every scope, month and twelve months the different people from outside, our own, the bots and the agents."""
    with open_published(published.database) as connection:
        acts = connection.execute(
            "select project_id, occurred_on, person_id, "
            "case when is_agent then 'agents' when is_bot then 'bots' when is_own then 'own' else 'outside' end "
            "from core.fct_activities where level in ('D1', 'D2') and not list_contains($kinds, kind) "
            "and person_id is not null and project_id is not null",
            {"kinds": list(_NO_CONTRIBUTION)},
        ).fetchall()
    days: dict[tuple[Scope, str], dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for project, day, person, segment in acts:
        for scope in world.scopes[project]:
            days[scope, segment][day].add(person)
    seen: Counter[str] = Counter()
    for scope, start, end, segment, row in _rows(published, "contributors"):
        there = [people for day, people in days[scope, segment].items() if start <= day < end]
        assert row["value"] == row["sample_size"] == len(set[str]().union(*there)), row
        seen[segment] += bool(there)
    assert min(seen[segment] for segment in ("outside", "own", "bots")) > 100


def test_who_writes_to_a_list_and_commits_beside_it(published: Workspace, world: World) -> None:
    """Who wrote in a period is looked for among those who ever committed in the communities of the list until then."""
    with open_published(published.database) as connection:
        lists = {
            project
            for (project,) in connection.execute(
                "select project_id from core.dim_projects where kind = 'mailing_list'"
            ).fetchall()
        }
    wrote: dict[str, list[tuple[date, str]]] = defaultdict(list)
    committed: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for person, project, kind, _, day, _, is_own, *_ in world.acts:
        if not is_own and kind in ("message_sent", "commit_authored"):
            (wrote if kind == "message_sent" else committed)[project].append((day, person))
    compared = 0
    for scope, start, end, _, row in _rows(published, "mailing_list_crossover"):
        mine = {one for one in lists if scope in world.scopes[one]}
        homes = {
            home for one in mine for home in world.scopes[one]
            if home[0] == "community" and (scope[0] != "community" or home == scope)
        }  # fmt: skip
        beside = [project for project in committed if homes & set(world.scopes[project])]
        writers = {person for one in mine for day, person in wrote[one] if start <= day < end}
        coders = {person for one in beside for day, person in committed[one] if day < end}
        assert _k_of_n(row) == (len(writers & coders), len(writers)), row
        compared += 1
    assert compared > 100


def test_each_week_has_whom_it_brought(published: Workspace, world: World) -> None:
    """Of the program and each community every Monday begins a week, with as many as were first seen in seven days."""
    first = {
        scope: Counter(one.days[0] for one in people.values() if one.is_newcomer)
        for scope, people in world.people.items()
    }
    weeks: dict[Scope, list[date]] = defaultdict(list)
    for scope, start, end, segment, row in _rows(published, "new_contributors"):
        if segment != "outside" or (end - start).days != 7:
            continue
        weeks[scope].append(start)
        came = sum(first[scope][start + timedelta(day)] for day in range(7))
        assert row["value"] == came, row
    assert weeks.keys() == {scope for scope in world.people if scope[0] != "project"}
    for scope, starts in weeks.items():
        assert len(starts) > 50
        assert min(starts).weekday() == 0
        assert min(starts) - timedelta(7) < world.known_from[scope] <= min(starts)
        assert sorted(starts) == [min(starts) + timedelta(7 * n) for n in range(len(starts))]


def test_pages_and_the_digest_speak_of_no_week(published: Workspace) -> None:
    """The weeks are in the published table alone: charts, changes, goals and sentences have months or longer."""
    with open_published(published.database) as connection:
        told = readings.numbers(connection, ["program", "community"])
        shown = site_data.read(connection).numbers
        (weeks,) = connection.execute(
            "select count(*) from metrics.metric_values "
            "where metric = 'new_contributors' and period_end - period_start = 7"
        ).fetchone() or (0,)
    assert weeks > 100
    for numbers in (told, shown):
        mine = numbers["new_contributors", "program", "program"]
        assert {number.days for number in mine} <= {28, 29, 30, 31, 365, 366}


def test_newcomers_are_as_many_wherever_they_are_counted(published: Workspace) -> None:
    """New faces, those who came for the first time and those of whom it is told whether they came once are the same."""
    new = {
        (scope, start, end): row["sample_size"]
        for scope, start, end, segment, row in _rows(published, "new_contributors")
        if segment == "outside"
    }
    for metric, wanted in (("joiners_minus_leavers", "new"), ("one_and_done_share", "one_act")):
        told = {
            (scope, start, end): row["sample_size"]
            for scope, start, end, segment, row in _rows(published, metric)
            if segment == wanted
        }
        both = told.keys() & new.keys()
        assert len(both) > 20
        assert {key: told[key] for key in both} == {key: new[key] for key in both}


def test_regulars_are_counted_over_twelve_months(published: Workspace, world: World) -> None:
    """Commits and contributions of each person from outside are added up for each twelve months."""
    compared = 0
    for scope, start, end, segment, row in _rows(published, "outside_regulars"):
        found: Counter[str] = Counter()
        for one in world.people[scope].values():
            acts = sum(n for day, n in one.outside.items() if start <= day < end)
            commits = sum(n for day, n in one.commits.items() if start <= day < end)
            found["acts"] += acts >= 10
            found["commits"] += commits >= 5
            found["either"] += acts >= 10 or commits >= 5
        assert row["value"] == found[segment], row
        compared += found[segment] > 0
    assert compared > 100


def test_the_largest_organizations_make_half(published: Workspace, world: World) -> None:
    """Organizations are counted from the largest on, small ones that are shown as others each for itself."""
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        small: dict[tuple[str, date], str] = {
            (person, day): name
            for person, day, name in connection.execute(
                "select person_id, occurred_on, min(d.organization_id) from intermediate.int_affiliated_days as d "
                "join intermediate.int_organizations as o on d.organization_id = o.organization_id "
                "where o.shown_organization_id = 'other' group by all"
            ).fetchall()
        }
        kinds = dict(
            connection.execute("select organization_id, kind from intermediate.int_organizations").fetchall()
        )
    made: dict[Scope, list[tuple[date, str, str]]] = defaultdict(list)
    for person, project, kind, level, day, _, _, _, organization in world.acts:
        if level == "D0" or kind in _NO_CONTRIBUTION:
            continue
        name = small.get((person, day), "unknown") if organization == "other" else organization
        name = "independent" if kinds.get(name) == "independent" else name
        for scope in world.scopes[project]:
            made[scope].append((day, name, person))
    compared = 0
    for scope, start, end, segment, row in _rows(published, "org_concentration"):
        mine = [each for each in made[scope] if start <= each[0] < end]
        known = [each for each in mine if each[1] not in ("unknown", "independent")]
        counted = known if segment == "without_unknown" else mine
        reached = factor = 0
        for _, contributions in Counter(name for _, name, _ in counted).most_common():
            reached, factor = reached + contributions, factor + 1
            if reached * 2 >= len(counted):
                break
        people = len({person for *_, person in counted})
        assert (row["value"], *_k_of_n(row), row["sample_size"]) == (
            factor, len(known), len(mine), people,
        ), row  # fmt: skip
        compared += 1
    assert compared > 100


def test_clocks_are_where_people_live(published: Workspace, world: World) -> None:
    """Most of what tells the clock of somebody from outside says where they are: where the simulation put them."""

    def band(minutes: int) -> str:
        return ("americas", "europe_africa", "south_asia", "east_asia_pacific")[
            bisect_right([-120, 180, 390], minutes - 1)
        ]

    compared = 0
    for scope, start, end, segment, row in _rows(published, "timezone_coverage"):
        told: dict[str, Counter[str]] = defaultdict(Counter)
        for person, project, _, _, day, _, is_own, minutes, _ in world.acts:
            if minutes is not None and not is_own and start <= day < end and scope in world.scopes[project]:
                told[person][band(minutes)] += 1
        tied = [
            mine
            for mine in told.values()
            if len(mine) > 1 and mine.most_common(2)[0][1] == mine.most_common(2)[1][1]
        ]
        homes = Counter(mine.most_common(1)[0][0] for mine in told.values())
        k = len(told) - max(homes.values()) if segment == "elsewhere" else homes[segment]
        assert row["denominator"] == len(told), row
        assert abs(row["numerator"] - k) <= len(tied), row
        compared += 1
    assert compared > 5

    truth = json.loads((published.folder / "truth.json").read_text())
    lives = {
        (identity["kind"], identity["value"].lower()): person["utc_offset_minutes"]
        for person in truth["people"]
        for identity in person["identities"]
    }
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        clocks = connection.execute(
            "select distinct i.kind, lower(i.value), c.person_id, c.band from intermediate.int_clocks as c "
            "join intermediate.int_identities as i using (person_id)"
        ).fetchall()
    right: dict[str, bool] = {}
    for kind, value, person, found in clocks:
        if (kind, value) in lives:
            right[person] = right.get(person, True) and band(lives[kind, value]) == found
    assert len(right) > 50
    assert sum(right.values()) / len(right) > 0.98


def test_shared_people_are_in_both_communities(published: Workspace, world: World) -> None:
    """Who took part in each community on two days or more is listed, and the lists are laid side by side."""
    communities = [scope for scope in world.people if scope[0] == "community"]
    compared = 0
    for scope, start, end, segment, row in _rows(published, "interest_overlap"):
        audience = {
            name: {who for who, one in world.people[name].items() if len(one.outside_days(start, end)) >= 2}
            for name in communities
        }
        if segment == "others":
            homes = Counter(who for here in audience.values() for who in here)
            mine = set(homes) if scope[0] == "program" else audience[scope]
            expected = (sum(homes[who] > 1 for who in mine), len(mine))
        else:
            one, other = audience[scope], audience["community", segment]
            expected = (len(one & other), len(one | other))
        assert _k_of_n(row) == expected, row
        compared += expected[1] > 0
    assert compared > 10


def _stays(
    published: Workspace, world: World
) -> dict[tuple[Scope, str], tuple[np.ndarray, np.ndarray, date]]:
    """How long each newcomer was there, and whether they are gone, for each group of newcomers."""
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        channels = connection.execute(
            "select scope_kind, scope_id, person_id, is_event_first from intermediate.int_entry_channels"
        ).fetchall()
        ends = connection.execute(
            "select scope_kind, scope_id, max(period_end) from intermediate.int_scope_periods "
            "where grain = 'month' and status = 'ok' group by all"
        ).fetchall()
    through_event = {(kind, name, person) for kind, name, person, is_event in channels if is_event}
    found = {}
    for kind, name, end in ends:
        scope = (kind, name)
        newcomers = [
            (who, [day for day in one.days if day < end])
            for who, one in world.people[scope].items()
            if one.is_newcomer and world.known_from[scope] <= one.days[0] < end
        ]
        for segment, silence in (
            ("everyone", 180), ("came_back", 180), ("event", 180), ("organic", 180), ("silence_90", 90),
            ("silence_365", 365),
        ):  # fmt: skip
            told_until = end - timedelta(silence)
            stays = []
            for who, days in newcomers:
                if days[0] >= told_until:
                    continue
                is_gone = days[-1] < told_until
                length = (days[-1] - days[0]).days + 1 if is_gone else (told_until - days[0]).days
                is_event = (*scope, who) in through_event
                if {"came_back": length > 1, "event": is_event, "organic": not is_event}.get(segment, True):
                    stays.append((length, is_gone))
            if stays:
                lengths, gone = zip(*stays, strict=True)
                found[scope, segment] = (
                    np.array(lengths, dtype=np.float64), np.array(gone), end - timedelta(180),
                )  # fmt: skip
    return found


def test_stays_are_those_of_lifelines(published: Workspace, world: World) -> None:
    """Each newcomer's days are followed to the silence; lifelines draws the curve and finds where half are gone."""
    stays = _stays(published, world)
    with open_warehouse(published.warehouse, read_only=True) as connection:
        told = connection.execute(
            "select scope_kind, scope_id, segment, after_days, share_not_yet from metrics.survival_curves "
            "where metric = 'contributor_lifetime'"
        ).fetchall()
    curves: dict[tuple[Scope, str], dict[int, float]] = defaultdict(dict)
    for kind, name, segment, after, share in told:
        curves[(kind, name), segment][int(after)] = share
    compared = 0
    for scope, start, end, segment, row in _rows(published, "contributor_lifetime"):
        lengths, gone, known_until = stays[scope, segment]
        fitter = lifelines.KaplanMeierFitter().fit(lengths, gone)
        survival = fitter.survival_function_.iloc[:, 0]
        reached = survival.index[survival.round(12) <= 0.5]
        assert (start, end) == (world.known_from[scope], known_until)
        assert (*_k_of_n(row), row["value"]) == (
            gone.sum(), len(gone), float(reached[0]) * 24 if len(reached) else None,
        ), row  # fmt: skip
        mine = curves[scope, segment]
        assert list(mine.values()) == pytest.approx([float(survival.asof(day)) for day in mine])
        compared += 1
    assert compared > 8


def test_events_and_all_others_are_compared_as_lifelines_does(published: Workspace, world: World) -> None:
    """The two means up to the same day, and the log-rank test, are lifelines'; both sides are those of the metric."""
    stays = _stays(published, world)
    with open_warehouse(published.warehouse, read_only=True) as connection:
        rows = connection.execute(
            "select scope_kind, scope_id, people, others, over_days, mean_days, mean_days_others, p_value "
            "from metrics.lifetime_comparisons"
        ).fetchall()
    assert rows
    for kind, name, people, others, over, mean, mean_others, p_value in rows:
        one, other = stays[(kind, name), "event"], stays[(kind, name), "organic"]
        means = [
            restricted_mean_survival_time(lifelines.KaplanMeierFitter().fit(side[0], side[1]), t=over)
            for side in (one, other)
        ]
        expected = logrank_test(one[0], other[0], one[1], other[1]).p_value
        assert (people, others) == (len(one[0]), len(other[0]))
        assert over == min(730, one[0].max(), other[0].max())
        assert [mean, mean_others] == pytest.approx(means)
        assert p_value == pytest.approx(expected)


def test_evidence_adds_up_to_its_numbers(published: Workspace) -> None:
    """Shares of organizations make a whole, moves between levels are no more than the people, and no cell is small."""
    with open_published(published.database) as connection:
        shares = connection.execute(
            "select sum(share), count(*), min(effective_organizations), max(effective_organizations) "
            "from metrics.organization_shares group by scope_kind, scope_id, period_start, period_end, segment"
        ).fetchall()
        moved = connection.execute(
            """
            with moved as (
                select scope_kind, scope_id, period_start,
                    sum(people) filter (to_level not in ('none', 'few')) as people,
                    min(people) as fewest
                from metrics.level_moves group by all
            )
            select m.people, m.fewest, max(v.denominator)
            from moved as m
            join metrics.engagement_level_mix as v using (scope_kind, scope_id, period_start)
            where v.status = 'ok'
            group by all
            """
        ).fetchall()
        few = connection.execute("select count(*) from metrics.timezone_hours where people < 5").fetchone()
    assert shares
    for total, organizations, least, most in shares:
        assert total == pytest.approx(1)
        assert least == most >= 1
        assert organizations > 0
    assert moved
    for people, fewest, denominator in moved:
        assert fewest >= 5
        assert people is None or people <= denominator
    assert few == (0,)


def test_what_folding_takes_for_granted_is_so(published: Workspace) -> None:
    """Every sum and every group within another of these metrics holds in the real rows, before anything is folded."""
    wanted = {*_MINE, "contributors", "new_contributors"}
    words = [
        one for one in catalog.read(transform.manifest(published), "EUR").metrics if one.metric in wanted
    ]
    with open_warehouse(published.warehouse, read_only=True) as connection:
        rows = folding.rows(connection, [one.metric for one in words], "", for_public=False)
        structure = folding.structure(connection, words, "")
    told = [counts(row, structure.kinds[row["metric"]]) for row in rows]
    checked: Counter[str] = Counter()
    for relation in relations(rows, structure):
        metric = rows[relation.total[0]]["metric"]
        total = told[relation.total[0]][relation.total[1]]
        parts = [told[number][count] for number, count in relation.parts]
        where = (rows[relation.total[0]], [rows[number] for number, _ in relation.parts])
        match relation.kind:
            case "sum":
                assert total == sum(parts), where
            case "within":
                assert total >= sum(parts), where
            case "people":
                assert max(parts) <= total <= sum(parts), where
            case "most":
                assert total <= sum(parts), where
        checked[metric] += 1
    assert {"community_gravity", "joiners_minus_leavers", "timezone_coverage", "newcomer_retention"} <= set(
        checked
    )
