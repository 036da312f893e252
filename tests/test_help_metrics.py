"""Help, first steps, wishes and stars: each metric worked out once more, in plain Python, from what is under it."""

from __future__ import annotations

import csv
import hashlib
import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import holidays
import lifelines
import numpy as np
import pytest
from lifelines.utils import restricted_mean_survival_time

from conftest import SHARED
from ospo_metrics.settings import Workspace
from ospo_metrics.statistics import wilson_interval
from ospo_metrics.warehouse import open_published

ZONE = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
Key = tuple[str, str, date, date, str]


@dataclass(frozen=True)
class Talk:
    """A conversation as the published file has it, with what GitHub's recorded answers say of it beside."""

    id: str
    project: str
    kind: str
    opened_at: datetime
    opened_on: date
    opener: str | None
    is_bot: bool
    is_own: bool
    is_new: bool | None
    answered_at: datetime | None
    closed_at: datetime | None
    closer: str | None
    merged_at: datetime | None
    reason: str | None
    labels: tuple[str, ...]
    fix: str | None
    is_assigned: bool

    @property
    def is_from_outside(self) -> bool:
        return self.opener is not None and not self.is_bot and not self.is_own

    def within(self, at: datetime | None, days: float) -> bool:
        return at is not None and at - self.opened_at <= days * DAY


@dataclass(frozen=True)
class World:
    talks: list[Talk]
    activities: list[dict[str, Any]]
    humans: set[str | None]
    scopes: dict[tuple[str, str], set[str]]
    newness: dict[str, date]

    def is_done_by_a_human(self, talk: Talk) -> bool:
        return talk.closer in self.humans

    def merged_by_another(self, talk: Talk) -> datetime | None:
        """When a human being, and not whoever asked for it, merged what was asked."""
        is_another = talk.closer is None or talk.closer != talk.opener
        return talk.merged_at if is_another and self.is_done_by_a_human(talk) else None


@pytest.fixture(scope="module")
def world(published: Workspace) -> World:
    """What the published file and the recorded answers tell; nobody is both a bot and a human being."""
    with open_published(published.database) as connection:
        connection.execute("set timezone = 'Europe/Berlin'")
        rows = connection.execute(
            "select conversation_id, project_id, kind, opened_at, opened_on, opened_by_person_id, is_opened_by_bot, "
            "is_opened_by_own, is_opened_by_newcomer, first_response_at, closed_at, closed_by_person_id, merged_at, "
            "state_reason, md5('github|' || project_id || '|') from core.fct_conversations"
        ).fetchall()
        people = connection.execute("select person_id from core.dim_people where kind = 'human'").fetchall()
        members = connection.execute(
            "select community_id, project_id from core.community_projects"
        ).fetchall()
        columns = "activity_id, person_id, project_id, kind, occurred_on, is_bot, is_own, conversation_id"
        acts = connection.execute(f"select {columns} from core.fct_activities").fetchall()
    scopes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for community, project in members:
        for scope in (("project", project), ("community", community), ("program", "program")):
            scopes[scope].add(project)
    labels, fixes, assigned = _recorded(published.folder / "github")
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        newness = connection.execute(
            "select scope_id, newness_known_from from intermediate.int_scope_history where scope_kind = 'project'"
        ).fetchall()
    return World(
        [Talk(*row[:14], labels.get(row[0], ()), fixes.get(row[0]), row[0] in assigned) for row in rows],
        [dict(zip(columns.split(", "), row, strict=True)) for row in acts],
        {None, *(person for (person,) in people)},
        dict(scopes),
        dict(newness),
    )


def _recorded(folder: Path) -> tuple[dict[str, tuple[str, ...]], dict[str, str], set[str]]:
    """The labels of each conversation, the commit that closed it, and which are assigned to somebody."""
    labels, fixes, assigned = {}, {}, set()
    for path in sorted(folder.rglob("*.jsonl")):
        project = str(path.parent.relative_to(folder))
        for line in path.read_text(encoding="utf-8").splitlines():
            node = json.loads(line)
            if path.stem in ("issues", "change_requests"):
                labels[_id(project, node["number"])] = tuple(each["name"] for each in node["labels"]["nodes"])
                if node.get("assignees", {}).get("totalCount"):
                    assigned.add(_id(project, node["number"]))
            elif path.stem == "issue_events" and node["__typename"] == "ClosedEvent" and node["closer"]:
                fixes[_id(project, node["number"])] = node["closer"]["oid"]
    return labels, fixes, assigned


def _id(project: str, number: int) -> str:
    return _md5(f"github|{project}|{number}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _told(published: Workspace, metric: str, columns: str = "numerator, denominator") -> dict[Key, Any]:
    """What a metric says wherever it has a number, also where that is folded when it is published."""
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"select scope_kind, scope_id, period_start, period_end, segment, {columns} from metrics.{metric} "
            "where status = 'ok'"
        ).fetchall()
    return {row[:5]: row[5:] for row in rows}


def _shares(
    world: World, keys: Iterable[Key], of: Callable[[Key], Iterator[tuple[date, str, bool]]]
) -> dict[Key, tuple[int, int]]:
    """k and n of each wanted number; `of` gives the day, the project and the outcome of each case of a segment."""
    cases: dict[tuple[str, str, str], list[tuple[date, bool]]] = {}
    found = {}
    for key in keys:
        place = (*key[:2], key[4])
        if place not in cases:
            inside = world.scopes[key[:2]]
            cases[place] = [(day, hit) for day, project, hit in of(key) if project in inside]
        hits = [hit for day, hit in cases[place] if key[2] <= day < key[3]]
        found[key] = (sum(hits), len(hits))
    return found


def test_answered_within_two_days(published: Workspace, world: World) -> None:
    """Every share counts the first human answer, or a human's merge, up to the 48th hour, of everybody who asked."""

    def of(key: Key) -> Iterator[tuple[date, str, bool]]:
        for talk in world.talks:
            wanted = {"everyone": True, "newcomers": talk.is_new is True, "regulars": talk.is_new is False}
            if talk.is_from_outside and wanted[key[4]]:
                merged = world.merged_by_another(talk)
                yield (
                    talk.opened_on,
                    talk.project,
                    talk.within(talk.answered_at, 2) or talk.within(merged, 2),
                )

    told = _told(published, "answered_within_48h")

    assert len(told) > 300
    assert told == _shares(world, told, of)


def test_resolved_within_a_month(published: Workspace, world: World) -> None:
    """What a human closed in 30 days is completed or not planned, and all else is open still."""

    def of(key: Key) -> Iterator[tuple[date, str, bool]]:
        for talk in world.talks:
            if talk.is_from_outside and talk.kind == "issue":
                is_over = talk.within(talk.closed_at, 30) and world.is_done_by_a_human(talk)
                yield (
                    talk.opened_on,
                    talk.project,
                    (talk.reason if is_over else "still_open") == key[4],
                )

    told = _told(published, "resolution_rate_30d")

    assert len(told) > 250
    assert told == _shares(world, told, of)
    assert {key[4] for key, (k, _) in told.items() if k} == {"completed", "not_planned", "still_open"}


def test_the_simulation_planted_what_was_resolved(published: Workspace, world: World) -> None:
    """Each issue was closed for the reason that the simulation gave it, and is labelled as it was planted."""
    truth = json.loads((published.folder / "truth.json").read_text(encoding="utf-8"))
    planted = {
        _id(row["project"], int(row["key"].rpartition("#")[2])): (row["closing_reason"], tuple(row["labels"]))
        for row in truth["conversations"]
        if row["kind"] == "issue"
    }

    assert len(planted) > 200
    assert {talk.id: (talk.reason, talk.labels) for talk in world.talks if talk.kind == "issue"} == planted


_SAID = """
    with told as (
        select 'github|' || project_id || '|commented|' || key as act, payload ->> 'body' as text
        from (
            select * from raw.github__issue_comments
            union all
            select * from raw.github__change_request_comments
        )
        join (select distinct instance, project_id from meta.sources where source = 'github') using (instance)

        union all

        select
            'mailing_lists|' || project_id || '|message|' || key,
            case when (payload ->> 'thanks')::boolean then 'thanks' end
        from raw.mailing_lists__messages
        join (select distinct instance, project_id from meta.sources where source = 'mailing_lists') using (instance)
    )

    select conversation_id, person_id, occurred_at, text
    from core.fct_activities
    join told on activity_id = md5(act)
"""


def test_first_questions(published: Workspace, world: World) -> None:
    """A newcomer's question went well that a human completed, or whose asker said thanks after an answer."""
    thanks: dict[str, list[datetime]] = defaultdict(list)
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'Europe/Berlin'")
        said = connection.execute(_SAID).fetchall()
    openers = {talk.id: talk for talk in world.talks}
    for conversation, person, at, text in said:
        talk = openers.get(conversation)
        is_thanks = text is not None and ("thanks" in text.lower() or "thank you" in text.lower())
        if talk and person == talk.opener and talk.answered_at and at > talk.answered_at and is_thanks:
            thanks[conversation].append(at)

    def of(key: Key) -> Iterator[tuple[date, str, bool]]:
        for talk in world.talks:
            channel = {"issue": "issues", "mail_thread": "lists"}.get(talk.kind)
            if not (talk.is_from_outside and talk.is_new and channel and key[4] in ("all", channel)):
                continue
            is_completed = talk.reason == "completed" and world.is_done_by_a_human(talk)
            ends = [*thanks[talk.id], *([talk.closed_at] if is_completed else [])]
            yield talk.opened_on, talk.project, any(talk.within(end, 14) for end in ends)

    told = _told(published, "first_question_success")

    assert len(told) > 50
    assert told == _shares(world, told, of)
    assert any(thanks.values())


def test_first_change_requests(published: Workspace, world: World) -> None:
    """Everybody's first change request to a scope counts once, unless its author committed there long before."""
    committed: dict[tuple[str, str], list[date]] = defaultdict(list)
    for act in world.activities:
        if act["kind"] == "commit_authored" and act["person_id"]:
            committed[act["person_id"], act["project_id"]].append(act["occurred_on"])

    def of(key: Key) -> Iterator[tuple[date, str, bool]]:
        inside = world.scopes[key[:2]]
        seen = set()
        for talk in sorted(world.talks, key=lambda talk: (talk.opened_at, talk.id)):
            if talk.kind != "change_request" or talk.opener is None or talk.project not in inside:
                continue
            days = [day for project in inside for day in committed.get((talk.opener, project), [])]
            is_first = talk.opener not in seen and not any(day < talk.opened_on - 30 * DAY for day in days)
            seen.add(talk.opener)
            if not talk.is_from_outside:
                continue
            if key[4] == "spam":
                if is_first:
                    yield talk.opened_on, talk.project, False
            elif is_first == (key[4] == "first"):
                yield talk.opened_on, talk.project, talk.within(talk.merged_at, 60)

    told = _told(published, "first_pr_merge_rate")

    assert len(told) > 80
    assert told == _shares(world, told, of)


def test_good_first_issues(published: Workspace, world: World) -> None:
    """Who solved an offered issue is who made the commit that closed it; new is who began 30 days before at most."""
    commits = {act["activity_id"]: act for act in world.activities if act["kind"] == "commit_authored"}
    began: dict[tuple[str, str], date] = {}
    for act in world.activities:
        if act["kind"] == "commit_authored" and act["person_id"]:
            place = (act["person_id"], act["project_id"])
            began[place] = min(began.get(place, act["occurred_on"]), act["occurred_on"])
    for talk in world.talks:
        if talk.merged_at and talk.opener:
            place = (talk.opener, talk.project)
            began[place] = min(began.get(place, talk.opened_on), talk.opened_on)

    def solved_by(talk: Talk) -> str:
        made = commits.get(_md5(f"git|{talk.project}|commit|{talk.fix}"))
        if made is None or made["person_id"] is None:
            return "unlinked"
        if made["is_bot"] or made["is_own"]:
            return "bots" if made["is_bot"] else "own"
        is_new = began[made["person_id"], talk.project] >= made["occurred_on"] - 30 * DAY
        return "newcomers" if is_new else "others"

    def of(key: Key) -> Iterator[tuple[date, str, bool]]:
        for talk in world.talks:
            if talk.kind == "issue" and "good first issue" in talk.labels and talk.reason == "completed":
                assert talk.closed_at is not None
                closed_on = talk.closed_at.astimezone(ZONE).date()
                if closed_on >= world.newness[talk.project]:
                    yield closed_on, talk.project, solved_by(talk) == key[4]

    told = _told(published, "good_first_issue_uptake")

    assert len(told) > 20
    assert told == _shares(world, told, of)
    assert sum(k for key, (k, _) in told.items() if key[4] == "newcomers") > 0


def test_good_first_issues_that_are_open(published: Workspace, world: World) -> None:
    """The stock at the end of a period is what was opened and not closed until then, of the newest also unassigned."""
    offered = [talk for talk in world.talks if talk.kind == "issue" and "good first issue" in talk.labels]
    with open_published(published.database) as connection:
        told = connection.execute(
            "select scope_kind, scope_id, period_start, period_end, opened_issues, closed_issues, open_at_end, "
            "unassigned_at_end, unknown_at_end from metrics.good_first_issues_open"
        ).fetchall()
    newest = max(row[3] for row in told)
    found = []
    for kind, scope, start, end, *_ in told:
        mine = [talk for talk in offered if talk.project in world.scopes[kind, scope]]
        closed = [talk.closed_at.astimezone(ZONE).date() if talk.closed_at else date.max for talk in mine]
        is_open = [talk.opened_on < end <= day for talk, day in zip(mine, closed, strict=True)]
        free = sum(one and not talk.is_assigned for talk, one in zip(mine, is_open, strict=True))
        found.append(
            (
                kind, scope, start, end, sum(start <= talk.opened_on < end for talk in mine),
                sum(start <= day < end for day in closed),
                sum(is_open), *((free, 0) if end == newest else (None, None)),
            )
        )  # fmt: skip

    assert len(told) > 20
    assert told == found
    assert any(0 < row[7] < row[6] for row in told if row[3] == newest)


def test_the_gap_between_newcomers_and_others(published: Workspace, world: World) -> None:
    """Kind by kind the difference of lifelines' restricted means, weighed by newcomers, with Greenwood's range."""
    told = _told(published, "newcomer_response_gap", "value, lower, upper, sample_size")
    expected = {}
    for key in told:
        cells = []
        for kind in ("issue", "change_request", "mail_thread"):
            sides = []
            for is_new in (True, False):
                waits = [
                    _wait(world, talk)
                    for talk in world.talks
                    if talk.is_from_outside and talk.is_new is is_new and talk.kind == kind
                    and talk.project in world.scopes[key[:2]] and key[2] <= talk.opened_on < key[3]
                ]  # fmt: skip
                sides.append(np.array(waits))
            if min(map(len, sides)) >= 6:
                cells.append(sides)
        weights = np.array([len(new) for new, _ in cells]) / sum(len(new) for new, _ in cells)
        means = [[_restricted_mean(side) for side in sides] for sides in cells]
        # everybody was followed for 14 days, so that Greenwood's variance is the plain one of a mean
        variances = [
            sum(float(np.minimum(side, 336).var(ddof=1) / len(side)) for side in sides) for sides in cells
        ]
        gap = sum(w * (new - other) for w, (new, other) in zip(weights, means, strict=True))
        half = 1.959963984540054 * float(np.sqrt(sum(weights**2 * np.array(variances))))
        expected[key] = (gap, gap - half, gap + half, sum(len(side) for sides in cells for side in sides))

    assert len(told) > 5
    assert [told[key] for key in told] == [pytest.approx(expected[key]) for key in told]


def _wait(world: World, talk: Talk) -> float:
    merged = world.merged_by_another(talk)
    ends = [end for end in (talk.answered_at, merged) if end]
    return (min(ends) - talk.opened_at) // timedelta(seconds=1) / 3600 if ends else 1e6


def _restricted_mean(waits: np.ndarray) -> float:
    fitter = lifelines.KaplanMeierFitter().fit(np.minimum(waits, 1e5), waits < 1e6)
    return float(restricted_mean_survival_time(fitter, t=336))


def test_newcomers_wait_longer_where_it_was_planted(published: Workspace) -> None:
    """In the community whose newcomers wait three times as long, the gap of a year is told from zero, and widest."""
    told = _told(published, "newcomer_response_gap", "value, lower")
    years = {
        key[1:3]: row for key, row in told.items() if key[0] == "community" and (key[3] - key[2]).days > 31
    }
    widest = max(years, key=lambda place: years[place][0])

    assert widest[0] == "edge"
    assert years[widest][1] > 0


def test_half_are_answered_by_then(published: Workspace, world: World) -> None:
    """Worked out from the conversations themselves; whoever has no answer waits to the end of what the source knows."""
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        known = connection.execute(
            "select project_id, source, observed_until from intermediate.int_observed"
        ).fetchall()
    until = {(project, source): at for project, source, at in known}
    waits: dict[tuple[str, str], list[tuple[date, float, bool]]] = defaultdict(list)
    for talk in world.talks:
        end = until[talk.project, "mailing_lists" if talk.kind == "mail_thread" else "github"]
        if not talk.is_from_outside or talk.opened_at >= end:
            continue
        answers = [at for at in (talk.answered_at, world.merged_by_another(talk)) if at and at <= end]
        hours = (min(answers, default=end) - talk.opened_at) // timedelta(seconds=1) / 3600
        for who in (
            "everyone",
            *(() if talk.is_new is None else ("newcomers",) if talk.is_new else ("regulars",)),
        ):
            waits[talk.project, who].append((talk.opened_on, hours, bool(answers)))
    told = {
        key: row
        for key, row in _told(published, "first_response_time", "value, numerator, denominator").items()
        if not key[4].endswith("_working")
    }
    reached = 0
    for key, (value, answered, asked) in told.items():
        who, share = key[4].removesuffix("_p90"), 0.9 if key[4].endswith("_p90") else 0.5
        mine = [
            (hours, is_answered)
            for project in world.scopes[key[:2]]
            for day, hours, is_answered in waits[project, who]
            if key[2] <= day < key[3]
        ]
        lengths, happened = zip(*mine, strict=True)
        assert (answered, asked) == (sum(happened), len(mine)), key
        curve = lifelines.KaplanMeierFitter().fit(lengths, happened).survival_function_.iloc[:, 0]
        over = curve.index[curve.round(12) <= round(1 - share, 12)]
        is_told = len(over) and answered >= asked * share
        assert value == (pytest.approx(float(over[0])) if is_told else None), key
        reached += is_told
    assert reached > 300


def test_nine_in_ten_are_answered_by_then(published: Workspace) -> None:
    """Where it is reached, it is not before the median, and one in ten at most had no answer."""
    told = _told(published, "first_response_time", "value, numerator, denominator")
    late = {key: row for key, row in told.items() if key[4].endswith("_p90")}

    assert len(late) > 50
    assert any(row[0] is not None for row in late.values())
    for key, (hours, answered, asked) in late.items():
        median = told[*key[:4], key[4].removesuffix("_p90")]
        assert median[1:] == (answered, asked)
        assert (hours is not None) <= (answered * 10 >= asked * 9)
        assert hours is None or hours >= median[0]


def _median(waits: Sequence[tuple[float, bool]]) -> float | None:
    """By when half were answered, as Kaplan and Meier have it, in fractions: halves are exact halves."""
    waiting = Fraction(1)
    for hours in sorted({hours for hours, _ in waits}):
        at_risk = sum(other >= hours for other, _ in waits)
        waiting *= 1 - Fraction(waits.count((hours, True)), at_risk)
        if waiting <= Fraction(1, 2):
            return hours
    return None


def test_at_which_hours_half_are_answered_in_less_than_twelve(published: Workspace, world: World) -> None:
    """Of all that was opened at an hour of the day in UTC; whoever has no answer waits; of few nothing is told."""
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        waits = connection.execute(
            "select w.project_id, w.opened_on, c.opened_at, w.waited_hours, w.is_answered "
            "from intermediate.int_waits as w join core.fct_conversations as c using (conversation_id)"
        ).fetchall()
    with duckdb.connect(str(published.database), read_only=True) as connection:
        told = connection.execute(
            "select scope_kind, scope_id, period_start, period_end, hour_utc, status, median_hours, answered_soon, "
            "hours_answered_soon, hours_known from metrics.reply_hours"
        ).fetchall()
    for *scope, start, end, hour, status, median, soon, soon_hours, known_hours in told:
        mine = [
            (waited, is_answered)
            for project, opened_on, opened_at, waited, is_answered in waits
            if project in world.scopes[tuple(scope)] and start <= opened_on < end
            and opened_at.astimezone(UTC).hour == hour
        ]  # fmt: skip
        assert status == ("ok" if len(mine) > 5 else "refused" if mine else "no_data")
        expected = _median(mine) if status == "ok" else None
        assert median == (None if expected is None else pytest.approx(expected))
        assert soon == ("unknown" if status != "ok" else "yes" if expected and expected < 12 else "no")
        beside = [row for row in told if row[:4] == (*scope, start, end)]
        assert soon_hours == sum(row[7] == "yes" for row in beside)
        assert known_hours == sum(row[5] == "ok" for row in beside)
    assert {row[7] for row in told} == {"yes", "no", "unknown"}
    assert len({row[:4] for row in told}) * 24 == len(told)


def test_half_are_answered_within_so_many_working_hours(published: Workspace, world: World) -> None:
    """Of each wait the hours of its weekdays that are no German holiday are added up, and halves are exact halves."""
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        waits = connection.execute(
            "select w.project_id, w.opened_on, c.opened_at, w.waited_hours, w.is_answered, w.is_opened_by_newcomer "
            "from intermediate.int_waits as w join core.fct_conversations as c using (conversation_id)"
        ).fetchall()
    free = holidays.country_holidays("DE")

    def worked(opened_at: datetime, waited_hours: float) -> float:
        start = opened_at.astimezone(ZONE).replace(tzinfo=None)
        end = (opened_at + timedelta(hours=float(waited_hours))).astimezone(ZONE).replace(tzinfo=None)
        total = timedelta()
        for day in (start.date() + DAY * n for n in range((end.date() - start.date()).days + 1)):
            if day.weekday() < 5 and day not in free:
                opens, closes = (datetime(day.year, day.month, day.day, hour) for hour in (9, 17))
                total += max(min(end, closes) - max(start, opens), timedelta())
        return total / timedelta(hours=1)

    hours = [worked(opened_at, waited) for _, _, opened_at, waited, *_ in waits]
    told = {
        key: row
        for key, row in _told(published, "first_response_time", "value, numerator, denominator").items()
        if key[4].endswith("_working")
    }
    for key, (median, answered, asked) in told.items():
        mine = [
            number
            for number, (project, opened_on, _, _, _, is_new) in enumerate(waits)
            if project in world.scopes[key[:2]] and key[2] <= opened_on < key[3]
            and key[4] in ("everyone_working", "newcomers_working" if is_new else "regulars_working")
        ]  # fmt: skip
        ends = [(round(hours[number], 3), waits[number][4]) for number in mine]
        expected = _median(ends)
        assert (answered, asked) == (sum(is_answered for _, is_answered in ends), len(ends))
        assert (median is None) == (expected is None), key
        assert median is None or median == pytest.approx(expected, abs=0.002), key

    assert len(told) > 100
    assert {key[4].removesuffix("_working") for key in told} == {"everyone", "newcomers", "regulars"}


def test_what_people_ask_for(published: Workspace, world: World) -> None:
    """People are counted once a period and theme, small themes together, beside those who write without a label."""
    labels = {talk.id: talk.labels for talk in world.talks if talk.kind == "issue"}
    acts = [
        (act["project_id"], act["occurred_on"], act["conversation_id"], act["person_id"])
        for act in world.activities
        if act["kind"] in ("issue_opened", "commented") and not act["is_bot"] and not act["is_own"]
        and act["person_id"] and act["conversation_id"] in labels
    ]  # fmt: skip
    told = _told(published, "feature_demand", "value, numerator, denominator")
    expected: dict[Key, tuple[float, int, int]] = {}
    asking = {act[0] for act in acts if "enhancement" in labels[act[2]]}
    for place in {key[:4] for key in told}:
        mine = [act for act in acts if act[0] in world.scopes[place[:2]] and place[2] <= act[1] < place[3]]
        themes: dict[str, set[str]] = defaultdict(set)
        people: dict[str, set[str]] = {"everyone": set(), "unlabelled": set()}
        for _, _, talk, person in mine:
            if not labels[talk]:
                people["unlabelled"].add(person)
            if "enhancement" in labels[talk]:
                people["everyone"].add(person)
                for theme in [one for one in labels[talk] if one.startswith("area/")] or ["enhancement"]:
                    themes[theme].add(person)
        people["other"] = set().union(*(each for each in themes.values() if len(each) < 5))
        people |= {theme: each for theme, each in themes.items() if len(each) >= 5}
        active = {talk for _, _, talk, _ in mine}
        if not asking & world.scopes[place[:2]]:  # where no label asks, only who writes without one is known
            people = {"unlabelled": people["unlabelled"]}
        for segment, each in people.items():
            expected[*place, segment] = (
                len(each), sum(bool(labels[talk]) for talk in active), len(active),
            )  # fmt: skip

    assert len(told) > 200
    assert told == expected
    assert "area/packaging" in {key[4] for key in told}


def test_how_long_wishes_take(published: Workspace, world: World) -> None:
    """The median from a request to its completion is lifelines' over all requests of a year, the declined waiting."""
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        observed = dict(
            connection.execute(
                "select project_id, observed_until from intermediate.int_observed where source = 'github'"
            ).fetchall()
        )
    with open_published(published.database) as connection:
        told = connection.execute(
            "select scope_kind, scope_id, period_start, period_end, requests, shipped, median_days "
            "from metrics.demand_to_ship"
        ).fetchall()
    found = []
    for kind, scope, start, end, *_ in told:
        mine = [
            talk
            for talk in world.talks
            if talk.kind == "issue" and talk.is_from_outside and "enhancement" in talk.labels
            and talk.project in world.scopes[kind, scope] and start <= talk.opened_on < end
        ]  # fmt: skip
        done = [talk.reason == "completed" and world.is_done_by_a_human(talk) for talk in mine]
        days = [
            ((talk.closed_at if is_done and talk.closed_at else observed[talk.project]) - talk.opened_at)
            / DAY
            for talk, is_done in zip(mine, done, strict=True)
        ]
        median = lifelines.KaplanMeierFitter().fit(days, done).median_survival_time_
        is_reached = sum(done) * 2 >= len(done)
        found.append((kind, scope, start, end, len(mine), sum(done), median if is_reached else None))

    assert len(told) > 1
    assert told == [(*row[:6], row[6] and pytest.approx(row[6], abs=1e-4)) for row in found]


STARS = SHARED / "F_numbers" / "daily-stars-forks"
PUBLISHED_MEDIANS = [
    ("elasticsearch_stars", "2020-02-03", "2021-02-03", 21),
    ("elasticsearch_stars", "2021-02-03", "2024-08-29", 14),
    ("elasticsearch_stars", "2024-08-29", "2025-04-03", 14),
    ("opensearch-stars", "2021-04-12", "2024-09-16", 5),
    ("opensearch-stars", "2024-09-16", "2025-04-03", 5),
    ("terraform-stars", "2021-08-10", "2023-08-10", 13),
    ("terraform-stars", "2023-08-10", "2024-08-10", 10),
    ("opentofu-stars", "2023-09-05", "2024-09-05", 20),
    ("redis-stars", "2022-03-20", "2024-03-20", 15),
    ("redis-stars", "2024-03-20", "2025-03-20", 14),
    ("valkey-stars", "2024-03-28", "2025-03-28", 17),
]


@pytest.mark.skipif(
    not STARS.is_dir(), reason="the star counts of the CHAOSS data science group are not on this machine"
)
def test_a_usual_day_of_stars_is_the_published_one(published: Workspace) -> None:
    """On the counts of the CHAOSS data science group thirteen days were recorded by nobody, and the medians are theirs.

    Taken for zeros, the days without a row would move one of them from 14 to 13.
    """
    with duckdb.connect() as connection:
        _star_models(connection, published)
        for path in sorted(STARS.glob("*stars.csv")):
            with path.open(encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    day = date(int(row["yr"]), int(row["mon"]), int(row["d"]))
                    connection.execute(
                        "insert into warehouse.core.fct_stars_daily values (?, ?, ?)",
                        [path.stem, day, int(row["stars"])],
                    )
            connection.execute(
                "insert into warehouse.meta.sources values ('github', 'star_history', ?, true, null)",
                [path.stem],
            )
        _run(connection, published, "int_star_projects")
        _run(connection, published, "int_star_days")
        outages = connection.execute(
            "select distinct day from warehouse.intermediate.int_star_days where is_outage order by day"
        ).fetchall()
        days = connection.execute(
            "select project_id, day, stars_given, is_outage from warehouse.intermediate.int_star_days"
        ).fetchall()

    def median(project: str, start: str, end: str, *, as_zero: bool) -> float:
        return statistics.median(
            stars or 0
            for name, day, stars, is_outage in days
            if name == project and start <= str(day) < end and (as_zero or not is_outage)
        )

    assert len(outages) == 13
    assert [median(*row[:3], as_zero=False) for row in PUBLISHED_MEDIANS] == [
        row[3] for row in PUBLISHED_MEDIANS
    ]
    assert median(*PUBLISHED_MEDIANS[1][:3], as_zero=True) == 13


def _star_models(connection: duckdb.DuckDBPyConnection, published: Workspace) -> None:
    """Empty tables of what the models of stars read, as the warehouse has them."""
    connection.execute("set timezone = 'UTC'")
    connection.execute("attach ':memory:' as warehouse")
    for schema in ("core", "intermediate", "meta"):
        connection.execute(f"create schema warehouse.{schema}")
    connection.execute(
        "create table warehouse.core.fct_stars_daily (project_id varchar, day date, stars_given bigint)"
    )
    connection.execute(
        "create table warehouse.intermediate.int_stars (project_id varchar, day date, giver varchar)"
    )
    connection.execute(
        "create table warehouse.core.dim_shocks (kind varchar, starts_on date, ends_on date, scope_kind varchar, "
        "scope_id varchar)"
    )
    connection.execute(
        "create table warehouse.meta.sources (source varchar, stream varchar, project_id varchar, "
        "is_configured boolean, observed_until timestamptz)"
    )


def _run(connection: duckdb.DuckDBPyConnection, published: Workspace, model: str) -> None:
    """Make a model's table with the very query that dbt compiled for the workspace."""
    (path,) = published.folder.glob(f"private/dbt/compiled/**/intermediate/{model}.sql")
    connection.execute(f"create table warehouse.intermediate.{model} as {path.read_text(encoding='utf-8')}")


def test_every_share_has_wilsons_interval(published: Workspace) -> None:
    """The bounds of all five shares are those of their k and n."""
    for metric in (
        "answered_within_48h", "resolution_rate_30d", "first_question_success", "first_pr_merge_rate",
        "good_first_issue_uptake",
    ):  # fmt: skip
        told = _told(published, metric, "value, lower, upper, numerator, denominator, sample_size")
        for value, lower, upper, k, n, size in told.values():
            low, high = wilson_interval(np.array([k]), np.array([n]))
            assert (value, lower, upper, size) == (k / n, pytest.approx(low[0]), pytest.approx(high[0]), n)
