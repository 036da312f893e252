"""What became of whoever came to an event, counted once more in plain Python from the people and what they did."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import lifelines
import numpy as np
import pytest

from ospo_metrics import folding, suppression, words
from ospo_metrics.catalog import metric_from_row
from ospo_metrics.settings import Workspace
from ospo_metrics.statistics import wilson_interval
from ospo_metrics.warehouse import open_published, open_warehouse, records

MADE = {
    "commit_authored", "commit_merged", "issue_opened", "change_request_opened", "discussion_opened", "commented",
    "reviewed", "release_published", "message_sent",
}  # fmt: skip
"""Kinds of acts by which somebody makes something: the same as for every count of contributors."""


@dataclass
class Person:
    """On which days somebody made anything, gave a star, had something merged; and whether as one from outside.

    And the time of day by which they did it, wherever that was.
    """

    made: dict[date, bool] = field(default_factory=dict)
    liked: dict[date, bool] = field(default_factory=dict)
    merged: dict[date, bool] = field(default_factory=dict)
    clocks: list[tuple[date, int]] = field(default_factory=list)

    def clock(self, before: date) -> str:
        """In which part of the world most was done before a day; a zero takes a plus one to be a clock."""
        known = [(day, minutes) for day, minutes in self.clocks if day < before]
        summers = [day for day, minutes in self.clocks if minutes == 60 and day < before]
        counts = Counter(
            "west" if minutes < -60 else "middle" if minutes < 240 else "east"
            for _, minutes in known
            if minutes or summers
        )
        return max(counts, key=lambda clock: (counts[clock], clock)) if counts else "unknown"


@dataclass
class Event:
    """One event with its seats for people from outside: who registered, came, and can be looked for."""

    starts: date
    ends: date
    seats: list[dict[str, Any]] = field(default_factory=list)

    @property
    def came(self) -> list[dict[str, Any]]:
        return [seat for seat in self.seats if seat["status"] == "attended"]

    @property
    def measured(self) -> list[dict[str, Any]]:
        found = ("same_address", "same_login", "unmatched")
        return [seat for seat in self.came if seat["match_status"] in found]


class World:
    """The people, acts and events of the published file, and what the models made of them."""

    def __init__(self, workspace: Workspace) -> None:
        self.people: dict[str, Person] = defaultdict(Person)
        self.events: dict[str, Event] = {}
        with open_published(workspace.database) as connection:
            inside = {row["project_id"] for row in records(connection, "from core.community_projects")}
            for row in records(
                connection, "from core.fct_activities where person_id is not null and project_id is not null"
            ):
                if row["project_id"] in inside:
                    self._act(row)
                if row["utc_offset_minutes"] is not None:
                    clocks = self.people[row["person_id"]].clocks
                    clocks.append((row["occurred_on"], row["utc_offset_minutes"]))
            self.communities: dict[str, set[str]] = defaultdict(set)
            for row in records(connection, "from core.event_communities"):
                self.communities[row["event_id"]].add(row["community_id"])
            self.attendance = records(connection, "from core.fct_attendance")
            for row in records(
                connection, "from core.dim_events where starts_on is not null and not is_cancelled"
            ):
                self.events[row["event_id"]] = Event(row["starts_on"], row["ends_on"])
            self.names = {row["event_id"]: row["name"] for row in records(connection, "from core.dim_events")}
            self.touches = records(connection, "from core.fct_touches")
            self.kinds = {
                row["person_id"]: row["kind"] for row in records(connection, "from core.dim_people")
            }
            self.catalog = {
                row["metric"]: metric_from_row(row)
                for row in records(connection, "from metrics.metric_catalog")
            }
        for event_id, event in self.events.items():
            event.seats = self._seats(event_id)
        with open_warehouse(workspace.warehouse, read_only=True) as connection:
            watched = records(connection, "from intermediate.int_scope_watched where scope_kind = 'program'")
            self.watched = {(row["project_id"], row["source"]): row["observed_until"] for row in watched}
            (self.history,) = records(
                connection, "from intermediate.int_scope_history where scope_kind = 'program'"
            )
            self.told = {name: records(connection, f"from metrics.{name}") for name in self.catalog}
            self.curves = records(
                connection, "from metrics.survival_curves where metric = 'time_to_first_activity'"
            )
            self.pairs = records(connection, "from intermediate.int_event_pairs")
            self.compared = records(connection, "from metrics.paired_comparisons")

    def _act(self, row: dict[str, Any]) -> None:
        person, day = self.people[row["person_id"]], row["occurred_on"]
        is_outside = not row["is_own"] and not row["is_bot"]
        if row["kind"] in MADE:
            person.made[day] = person.made.get(day, False) or is_outside
        if row["kind"] in ("starred", "forked"):
            person.liked[day] = person.liked.get(day, False) or is_outside
        if row["level"] == "D2":
            person.merged[day] = person.merged.get(day, False) or is_outside

    def _seats(self, event_id: str) -> list[dict[str, Any]]:
        """One seat a person, who came with any of their tickets."""
        best: dict[Any, dict[str, Any]] = {}
        order = ("attended", "no_show", "registered", "cancelled")
        for row in self.attendance:
            if (
                row["event_id"] != event_id
                or row["role"] != "attendee"
                or row["is_own"]
                or row["status"] not in order
            ):
                continue
            who = row["person_id"] or row["attendee_key"] or row["attendance_id"]
            if who not in best or order.index(row["status"]) < order.index(best[who]["status"]):
                best[who] = row
        return list(best.values())

    def until(self, event: Event) -> date:
        """The first day of which some project no longer tells, but for those that had ended a year before."""
        return min(until for until in self.watched.values() if until >= event.starts - timedelta(365))

    def ok(self, metric: str, scope_kind: str = "event") -> dict[tuple[str, str], dict[str, Any]]:
        """The rows of a metric that have a number, by scope and segment."""
        return {
            (row["scope_id"], row["segment"]): row
            for row in self.told[metric]
            if row["status"] == "ok" and row["scope_kind"] == scope_kind
        }

    def acts(self, seat: dict[str, Any]) -> Person:
        return self.people[seat["person_id"]] if seat["person_id"] else Person()

    def is_new(self, event: Event, seat: dict[str, Any]) -> bool:
        return not any(day < event.starts for day in self.acts(seat).made)


@pytest.fixture(scope="module")
def world(published: Workspace) -> World:
    return World(published)


@pytest.fixture(scope="module")
def truth(published: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((published.folder / "truth.json").read_text())
    return found


def share(k: int, n: int) -> tuple[float, float, float, int, int, int]:
    """A whole row of a share: value, interval, numerator, denominator, sample size."""
    low, high = wilson_interval(np.array([k]), np.array([n]))
    return k / n, float(low[0]), float(high[0]), k, n, n


def numbers(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("value", "lower", "upper", "numerator", "denominator", "sample_size"))


def within(days: Iterable[tuple[date, bool]], first: date, last: date) -> bool:
    """Whether somebody did it from the first to the last of these days, as somebody from outside."""
    return any(is_outside and first <= day <= last for day, is_outside in days)


def test_who_came_is_told_in_one_place(world: World) -> None:
    """The share who came is k of n of the seats, and the first step of event_outcomes is the same row."""
    found = world.ok("show_up_rate")

    assert len(found) > 10
    for (event_id, _), row in found.items():
        event = world.events[event_id]
        assert numbers(row) == pytest.approx(share(len(event.came), len(event.seats)))
        assert (row["period_start"], row["period_end"]) == (event.starts, event.ends + timedelta(1))
        assert numbers(world.ok("event_outcomes")[event_id, "came"]) == numbers(row)


def test_who_can_be_found_and_why_the_others_cannot(world: World) -> None:
    """Of the seats of all who came; every seat has one answer, so the shares of an event make a whole."""
    answers = {
        "matched": {"same_address", "same_login"}, "not_found": {"unmatched"}, "not_agreed": {"not_consented"},
        "not_asked": {"not_asked"}, "no_address": {"no_address"}, "let_go": {"let_go"},
    }  # fmt: skip
    found = world.ok("identity_match_rate")

    assert len(found) > 50
    for (event_id, segment), row in found.items():
        came = world.events[event_id].came
        k = sum(seat["match_status"] in answers[segment] for seat in came)
        assert numbers(row) == pytest.approx(share(k, len(came)))
    for event_id in {event_id for event_id, _ in found}:
        told = [found[event_id, segment] for segment in answers]
        assert sum(row["numerator"] for row in told) == told[0]["denominator"]


def test_who_did_something_afterwards_is_what_a_plain_count_gives(world: World) -> None:
    """From the day after the event to the thirtieth, stars and forks too, of all, of the new and of the others."""
    found = world.ok("event_follow_through_30d")

    assert {"everyone", "new", "existing"} <= {segment for _, segment in found}
    for (event_id, segment), row in found.items():
        event = world.events[event_id]
        first, last = event.ends + timedelta(1), event.ends + timedelta(30)
        group = [
            seat
            for seat in event.measured
            if segment not in ("new", "existing") or world.is_new(event, seat) == (segment == "new")
        ]
        k = sum(
            within([*world.acts(seat).made.items(), *world.acts(seat).liked.items()], first, last)
            for seat in group
        )
        if segment == "all_who_came":
            n, unknown = len(event.came), len(event.came) - len(event.measured)
            assert numbers(row) == (None, k / n, (k + unknown) / n, k, n, n)
        else:
            assert numbers(row) == pytest.approx(share(k, len(group)))


def test_first_steps_and_first_merges_are_what_a_plain_count_gives(world: World) -> None:
    """Of whoever had made nothing before, or nothing that was merged; what is done at the event counts too."""
    steps, merges = world.ok("attendee_activation_rate_30d"), world.ok("attendee_contributor_conversion")

    assert {segment for _, segment in merges} == {
        f"{who}_{days}" for who in ("day", "all") for days in (30, 90, 180, 365)
    }
    for (event_id, _), row in steps.items():
        event = world.events[event_id]
        group = [world.acts(seat) for seat in event.measured if world.is_new(event, seat)]
        k = sum(within(person.made.items(), event.starts, event.ends + timedelta(30)) for person in group)
        assert numbers(row) == pytest.approx(share(k, len(group)))
    for (event_id, segment), row in merges.items():
        event = world.events[event_id]
        people = [world.acts(seat) for seat in event.measured]
        group = [person for person in people if not any(day < event.starts for day in person.merged)]
        last = event.ends + timedelta(int(segment.split("_")[1]))
        k = sum(
            within([(min(person.merged), person.merged[min(person.merged)])], event.starts, last)
            for person in group
            if person.merged
        )
        if segment.startswith("all_"):
            unknown = len(event.came) - len(people)
            n = len(group) + unknown
            assert numbers(row) == (None, k / n, (k + unknown) / n, k, n, n)
        else:
            assert numbers(row) == pytest.approx(share(k, len(group)))


def test_nothing_is_told_too_early_or_of_a_first_year(world: World) -> None:
    """A window is told only if every project was watched to its end; what needs newness, after a year of data."""
    checked = 0
    for metric in (
        "event_follow_through_30d",
        "attendee_activation_rate_30d",
        "attendee_contributor_conversion",
    ):
        for row in world.told[metric]:
            event = world.events[row["scope_id"]]
            days = int(row["segment"].split("_")[1]) if metric.endswith("conversion") else 30
            is_watched = world.until(event) > event.ends + timedelta(days)
            if row["status"] == "ok":
                assert is_watched, row
                is_old = event.starts >= world.history["newness_known_from"]
                assert is_old or row["segment"] in ("everyone", "all_who_came"), row
            elif row["status"] == "too_early":
                assert not is_watched, row
                checked += 1
    assert checked > 0


def test_the_time_to_a_first_step_is_lifelines_median(world: World) -> None:
    """Whoever did nothing waits to the last day that was watched; the median, its range and every step of the curve."""
    found = world.ok("time_to_first_activity")
    curves = defaultdict(dict)
    for row in world.curves:
        curves[row["scope_id"], row["segment"]][row["after_days"]] = row

    assert len(found) > 3
    assert found.keys() == curves.keys()
    for (event_id, segment), row in found.items():
        event = world.events[event_id]
        followed = (world.until(event) - event.ends).days - 1
        waits = []
        for seat in event.measured:
            if world.is_new(event, seat) == (segment == "new"):
                days = [
                    max(0, (day - event.ends).days)
                    for day, is_outside in world.acts(seat).made.items()
                    if is_outside and day >= event.starts
                ]
                waits.append((min([*days, followed]), any(day <= followed for day in days)))
        fitter = lifelines.KaplanMeierFitter().fit(*zip(*waits, strict=True))
        survival = fitter.survival_function_.iloc[:, 0].round(12)
        assert row["value"] == next((float(day) * 24 for day in survival.index[survival <= 0.5]), None)
        assert (row["numerator"], row["denominator"]) == (sum(did for _, did in waits), len(waits))
        curve = curves[event_id, segment]
        steps = Counter(days for days, did in waits if did)
        assert {day: step["happened"] for day, step in curve.items() if step["happened"]} == steps
        last = float(max(days for days, _ in waits))
        assert {last, *(day for day in (7.0, 30.0, 90.0) if day < last)} <= curve.keys()
        for day, step in curve.items():
            assert step["share_not_yet"] == pytest.approx(float(fitter.predict(day)))
            assert step["at_risk"] == sum(days >= day for days, _ in waits)
            assert 0 <= step["lower"] <= step["share_not_yet"] <= step["upper"] <= 1


def test_a_curve_and_a_share_tell_the_same(world: World) -> None:
    """How many new people had taken a first step by day 30 stands in the activation rate and in the curve alike."""
    compared = 0
    for (event_id, _), row in world.ok("attendee_activation_rate_30d").items():
        for step in world.curves:
            if (step["scope_id"], step["segment"], step["after_days"]) == (event_id, "new", 30):
                assert 1 - step["share_not_yet"] == pytest.approx(row["value"])
                compared += 1
    assert compared > 3


def test_who_is_new_to_events_and_who_comes_back(world: World) -> None:
    """By the person or else the pseudonym, in earlier events of the same communities, and in the next two editions."""
    first, back = world.ok("first_time_attendee_share"), world.ok("returning_attendee_rate")
    visits: dict[str, set[str]] = defaultdict(set)
    for row in world.attendance:
        who = row["person_id"] or row["attendee_key"]
        if row["status"] == "attended" and who:
            visits[row["event_id"]].add(who)

    assert len(first) > 3
    assert len(back) > 3
    for (event_id, _), row in first.items():
        event = world.events[event_id]
        mine = {seat["person_id"] or seat["attendee_key"] for seat in event.measured}
        earlier = [
            visits[other]
            for other, held in world.events.items()
            if held.ends < event.starts
            and held.measured
            and (
                not world.communities[other]
                or not world.communities[event_id]
                or world.communities[other] & world.communities[event_id]
            )
        ]
        assert earlier
        assert numbers(row) == pytest.approx(share(len(mine - set().union(*earlier)), len(mine)))
    for (event_id, _), row in back.items():
        event = world.events[event_id]
        later = sorted(
            (held.starts, other)
            for other, held in world.events.items()
            if world.names[other] == world.names[event_id] and held.starts > event.starts
        )[:2]
        mine = {seat["person_id"] or seat["attendee_key"] for seat in event.measured}
        came = visits[later[0][1]] | visits[later[1][1]]
        assert numbers(row) == pytest.approx(share(len(mine & came), len(mine)))


def test_regulars_of_the_office_hour_come_back_as_the_truth_says(world: World, truth: dict[str, Any]) -> None:
    """Of those who agreed and used the same address each time, as many returned as in the simulated world."""
    lists = {each["id"]: each["attendance"] for each in truth["office_hours"]}
    came = {
        name: {
            seat["address"].lower() for seat in seats if seat["status"] == "attended" and seat["consented"]
        }
        for name, seats in lists.items()
    }
    names = sorted(lists)
    differences = []
    for place, name in enumerate(names[:-2]):
        row = world.ok("returning_attendee_rate").get((name, "everyone"))
        if row is not None:
            true = {
                address
                for address in came[name] & (came[names[place + 1]] | came[names[place + 2]])
                if not address.endswith("@example.com")
            }
            differences.append(row["numerator"] - len(true))
    assert len(differences) > 3
    # Two or three are ours by what a sheet or a profile says, or are known by another address they used later.
    assert sum(differences) == pytest.approx(0, abs=len(differences))
    assert max(map(abs, differences)) <= 2


def test_the_people_whom_an_event_brought_are_found(world: World, truth: dict[str, Any]) -> None:
    """Whoever began after an event in the simulated world took a first step, if they agreed and an address is known."""
    people = {person["id"]: person for person in truth["people"]}
    found, true, planted = 0, 0, 0
    for event in truth["events"]:
        row = world.ok("attendee_activation_rate_30d").get((event["id"], "everyone"))
        if row is None:
            continue
        ended = world.events[event["id"]].ends
        for seat in event["attendance"]:
            person = people[seat["person"]]
            known = {one["value"].lower() for one in person["identities"] if one["kind"] == "address"}
            if seat["status"] != "attended" or not seat["consented"] or seat["address"].lower() not in known:
                continue
            began = datetime.fromisoformat(person["first_at"]).date() if person["first_at"] else None
            if began and world.events[event["id"]].starts <= began <= ended + timedelta(30):
                true += 1
                planted += person["entry_channel"] == f"event:{event['id']}"
        found += row["numerator"]
    assert planted > 5
    # Who has another address for git than for mail, and nothing that joins them, is seen to begin later.
    assert 0 <= true - found <= 3


def test_each_control_is_like_the_one_beside_it(world: World) -> None:
    """The same level, times of the first and the last act, clock and whether they had come to an earlier event.

    All of it as it was before the event: who goes to a later one is not left out for it, on either side.
    """
    visits = defaultdict(dict)
    for row in world.attendance:
        if row["status"] == "attended" and row["person_id"]:
            visits[row["person_id"]][row["event_id"]] = world.events[row["event_id"]].starts
    paired = [pair for pair in world.pairs if pair["other_person_id"]]

    assert len(paired) > 2
    assert max(Counter((pair["event_id"], pair["other_person_id"]) for pair in paired).values()) == 1
    for pair in paired:
        event = world.events[pair["event_id"]]
        one, other = world.people[pair["person_id"]], world.people[pair["other_person_id"]]
        assert pair["event_id"] not in visits[pair["other_person_id"]]
        came_before = [any(day < event.starts for day in visits[each].values()) for each in _both(pair)]
        assert came_before[0] == came_before[1]
        for person in (one, other):
            level = 2 if any(day < event.starts for day in person.merged) else 1
            assert pair["level"] == f"D{level}"
            assert all(
                person.made[day] for day in person.made if event.starts - timedelta(365) <= day < event.starts
            )
        seen = [
            sorted(day for day in person.made if event.starts - timedelta(365) <= day < event.starts)
            for person in (one, other)
        ]
        assert len({_band(event.starts - days[-1], 30, 90) for days in seen}) == 1
        assert len({_band(event.starts - min(person.made), 90, 365) for person in (one, other)}) == 1
        assert one.clock(event.starts) == other.clock(event.starts)
        first, last = event.ends + timedelta(1), event.ends + timedelta(90)
        assert pair["is_active"] == within(one.made.items(), first, last)
        assert pair["is_other_active"] == within(other.made.items(), first, last)
    came_later = set()
    for pair in world.pairs:
        ended = world.events[pair["event_id"]].ends
        told = pair["has_come_later"], pair["has_other_come_later"]
        assert told == tuple(
            any(timedelta(0) < day - ended <= timedelta(90) for day in visits.get(each, {}).values())
            for each in _both(pair)
        )
        came_later.add(told[0])
    assert came_later == {True, False}


def _both(pair: dict[str, Any]) -> tuple[str, str | None]:
    return pair["person_id"], pair["other_person_id"]


def _band(since: timedelta, *ends: int) -> int:
    return sum(since.days > end for end in ends)


def test_office_hours_that_change_nothing_are_not_told_to(world: World, truth: dict[str, Any]) -> None:
    """They have no effect: where there are pairs enough, no difference is in the range, and else it is refused."""
    assert {each["has_effect"] for each in truth["office_hours"]} == {False}
    rows = [
        row
        for row in world.told["incremental_conversion"]
        if row["scope_id"].startswith(("office", "program"))
    ]
    assert rows
    for row in rows:
        if row["status"] == "ok":
            assert row["sample_size"] >= 20
            assert row["lower"] < 0 < row["upper"]
        else:
            assert row["status"] in ("refused", "too_early", "suppressed")
    assert len(world.compared) == sum(row["status"] == "ok" for row in world.told["incremental_conversion"])


def test_somebody_whom_several_channels_reached_is_one_person(world: World) -> None:
    """Different people, all channels added up, and what that is too much, counted from the touches."""
    found = world.ok("reach_unique_people")

    assert len({event for event, _ in found}) > 5
    for event_id in {event for event, _ in found}:
        event = world.events[event_id]
        reached = {
            (
                touch["person_id"] or touch["attendee_key"],
                "there" if touch["kind"] != "heard" else touch["channel"],
            )
            for touch in world.touches
            if touch["event_id"] == event_id
            and not touch["is_own"]
            and touch["role"] in ("attendee", "speaker")
            and world.kinds.get(touch["person_id"], "human") == "human"
            and touch["touched_at"].date() <= event.ends + timedelta(7)
        }
        channels = {segment: row["value"] for (name, segment), row in found.items() if name == event_id}
        people = len({who for who, _ in reached})
        assert channels["everyone"] == people
        assert channels["there"] == sum(channel == "there" for _, channel in reached)
        assert channels["all_channels"] == channels["everyone"] + channels["overlap"]
        assert channels["all_channels"] == sum(
            value
            for segment, value in channels.items()
            if segment not in ("everyone", "all_channels", "overlap")
        )
        assert channels["overlap"] >= 0


def test_counts_of_events_hang_together_as_the_folding_takes_for_granted(
    world: World, published: Workspace
) -> None:
    """What is said to be a sum is one, and what is said to be within another is no larger."""
    with open_warehouse(published.warehouse, read_only=True) as connection:
        structure = folding.structure(connection, list(world.catalog.values()), "")
    cells: dict[tuple[Any, ...], dict[suppression.Place, int]] = defaultdict(dict)
    for metric, rows in world.told.items():
        for row in rows:
            if row["scope_kind"] in ("event", "campaign") and row["status"] == "ok":
                for count, n in suppression.counts(row, structure.kinds[metric]).items():
                    cells[row["scope_id"], row["period_start"]][metric, row["segment"], count] = n
    sums, pairs = 0, 0
    for here in cells.values():
        for total, parts in structure.sums:
            if total in here and all(part in here for part in parts):
                assert here[total] == sum(here[part] for part in parts), (total, parts)
                sums += 1
        for chain in structure.within:
            for wide, narrow in pairwise(place for place in chain if place in here):
                assert here[wide] >= here[narrow], (wide, narrow)
                pairs += 1
        for metric, total, parts in (
            (metric, *made) for metric, every in structure.totals.items() for made in every
        ):
            told = [(metric, part, "group") for part in parts]
            if all(part in here for part in told):
                assert here[metric, total, "group"] == sum(here[part] for part in told)
                sums += 1
    assert sums > 50
    assert pairs > 100


def test_bounds_are_told_as_bounds(world: World) -> None:
    """No best guess is made of people who cannot be looked for, in numbers and in words; of nobody it says "none"."""
    metric = world.catalog["event_follow_through_30d"]
    (row, *_) = (
        row for row in world.told[metric.metric] if row["segment"] == "all_who_came" and row["status"] == "ok"
    )

    told = words.sentence(metric, words.Number(**row), "the event")

    known = row["numerator"] or "none"
    assert told.startswith(f"Everybody who came: of {row['denominator']}{words.NBSP}people {known} are known")
    assert f"it was {words.bounds(metric, words.Number(**row))} of all." in told
