"""The pipeline against the simulation's truth: the numbers are not plausible but right."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import open_published


@pytest.fixture(scope="module")
def truth(published: Workspace) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((published.folder / "truth.json").read_text())
    return told


def _monthly(published: Workspace, metric: str) -> dict[tuple[str, str, str, str], float]:
    with open_published(published.database) as connection:
        rows = connection.execute(
            f"select scope_kind, scope_id, strftime(period_start, '%Y-%m'), segment, value from metrics.{metric} "
            "where period_end - period_start between 28 and 31 and status = 'ok'"
        ).fetchall()
    return {(kind, scope, month, segment): value for kind, scope, month, segment, value in rows}


def _true_monthly(truth: dict[str, Any], what: str) -> dict[tuple[str, str, str, str], float]:
    cells: dict[tuple[str, str, str, str], float] = {}
    for row in truth["monthly"]:
        key = (row["scope_kind"], row["scope_id"], row["month"], row["segment"])
        cells[key] = cells.get(key, 0) + row[f"{what}_as_told"]
    return cells


@pytest.mark.parametrize("segment", ["bots", "agents"])
@pytest.mark.parametrize("metric", ["contributors", "new_contributors"])
def test_bots_and_agents_are_counted_as_such(
    published: Workspace, truth: dict[str, Any], metric: str, segment: str
) -> None:
    """Every month, scope by scope, the bots and software agents are those that the simulation made."""
    found, true = _monthly(published, metric), _true_monthly(truth, metric)
    cells = [key for key in found if key[3] == segment]

    assert len(cells) > 100
    assert sum(found[key] for key in cells) > 0 or (metric, segment) == ("new_contributors", "bots")
    assert {key: found[key] for key in cells} == {key: true.get(key, 0) for key in cells}


def test_every_human_is_counted_once_a_month(published: Workspace, truth: dict[str, Any]) -> None:
    """The human contributors of each month are exactly those whom the sources tell apart."""
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select scope_kind, scope_id, strftime(occurred_on, '%Y-%m'), 'people', count(distinct person_id) "
            "from intermediate.int_contribution_days join intermediate.int_scopes using (project_id) "
            "where segment not in ('bots', 'agents') group by all"
        ).fetchall()
    true = _true_monthly(truth, "contributors")

    assert len(found) > 300
    assert {tuple(row[:4]): row[4] for row in found} == {
        key: value for key, value in true.items() if key[3] == "people" and value
    }


@pytest.mark.parametrize("segment", ["outside", "own"])
@pytest.mark.parametrize("metric", ["contributors", "new_contributors"])
def test_outside_and_own_people_are_close_to_the_truth(
    published: Workspace, truth: dict[str, Any], metric: str, segment: str
) -> None:
    """Nineteen of twenty months have exactly the people from outside and our own; the others are one or two off."""
    found, true = _monthly(published, metric), _true_monthly(truth, metric)
    cells = [key for key in found if key[3] == segment]
    right = sum(found[key] == true.get(key, 0) for key in cells)

    assert len(cells) > 300
    assert right / len(cells) >= 0.95
    assert max(abs(found[key] - true.get(key, 0)) for key in cells) <= 2


_CREDITED = """
    select a.actor_kind, a.actor, a.occurred_at, d.occurred_on, d.organization_id, o.name
    from intermediate.int_acts as a
    join core.fct_activities as f on f.activity_id = md5(a.source || '|' || coalesce(a.project_id, '') || '|' || a.act)
    left join intermediate.int_organization_names as n
        on a.actor_kind = 'address' and n.kind = 'domain' and n.spelling = split_part(a.actor, '@', 2)
    left join intermediate.int_affiliated_days as d
        on f.person_id = d.person_id and f.occurred_on = d.occurred_on
        and n.organization_id is not distinct from d.address_organization_id
    left join intermediate.int_organizations as o on d.organization_id = o.organization_id
"""


def test_people_are_credited_to_whom_they_worked_for(published: Workspace, truth: dict[str, Any]) -> None:
    """Of the days on which somebody with an employer acted, three in four are known, and one in 500 is wrong at most.

    Whoever has no employer is credited to none, and nobody is ever credited to one whom they never worked for.
    """
    people = {
        (identity["kind"], identity["value"].lower()): person
        for person in truth["people"]
        if person["kind"] == "human"
        for identity in person["identities"]
    }
    named_by_domain = {
        job["address"].rpartition("@")[2]: job["organization"]
        for person in truth["people"]
        for job in person["affiliations"]
    }
    days: dict[tuple[str, Any], set[str]] = {}
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        rows = connection.execute(_CREDITED).fetchall()
    for kind, actor, at, _, organization_id, name in rows:
        person = people.get((kind, actor and actor.lower()))
        if person is None:
            continue
        jobs = person["affiliations"]
        true = next((job["organization"] for job in jobs if _is_held(job, at)), None)
        credited = named_by_domain.get(organization_id, name) if organization_id else None
        assert credited is None or credited in {job["organization"] for job in jobs}
        verdict = (
            ("none" if true is None else "unknown") if credited is None
            else "right" if credited == true else "wrong"
        )  # fmt: skip
        days.setdefault((person["id"], at.date()), set()).add(verdict)
    count = {
        verdict: sum(verdict in day for day in days.values()) for verdict in ("right", "wrong", "unknown")
    }

    assert sum(count.values()) > 1_500
    assert count["right"] / sum(count.values()) >= 0.7
    assert count["wrong"] <= sum(count.values()) / 500


def _is_held(job: dict[str, Any], at: datetime) -> bool:
    since, until = (job[word] and datetime.fromisoformat(job[word]) for word in ("from", "until"))
    return (since is None or since <= at) and (until is None or at < until)


def test_a_company_is_the_sum_of_its_people(published: Workspace) -> None:
    """Each activity counts for the organization that the best rule of the day names, and for one only.

    The totals of every organization and month are those that follow from the published affiliations, person by
    person, so none is below what one of its people did.
    """
    with open_published(published.database) as connection:
        activities = connection.execute(
            "select person_id, occurred_on, organization_id, is_own from core.fct_activities "
            "where person_id is not null"
        ).fetchall()
        told = connection.execute(
            "select person_id, organization_id, starts_on, ends_on, rank from core.dim_affiliations"
        ).fetchall()
        own = connection.execute("select organization_id from core.dim_organizations where is_own").fetchall()
        totals = connection.execute(
            "select organization_id, date_trunc('month', occurred_on)::date, count(*) from core.fct_activities "
            "where person_id is not null group by all"
        ).fetchall()
    by_person: dict[str, list[Any]] = {}
    for person, *rest in told:
        by_person.setdefault(person, []).append(rest)
    by_people: dict[tuple[str, Any], dict[str, int]] = {}
    for person, day, organization, is_own in activities:
        valid = [
            (rank, name)
            for name, since, until, rank in by_person.get(person, [])
            if (since is None or since <= day) and (until is None or day <= until)
        ]
        best = {name for rank, name in valid if rank == min(valid)[0]} or {"unknown"}
        assert organization in best
        assert is_own == ((organization,) in own)
        month = by_people.setdefault((organization, day.replace(day=1)), {})
        month[person] = month.get(person, 0) + 1

    assert len(by_people) > 100
    assert {row[:2]: row[2] for row in totals} == {
        key: sum(month.values()) for key, month in by_people.items()
    }


def test_first_responses_are_those_of_the_simulation(published: Workspace, truth: dict[str, Any]) -> None:
    """Each conversation has the first human answer by another person, to the second, or none."""

    def instant(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None

    expected = {}
    for row in truth["conversations"]:
        source = "mailing_lists" if row["kind"] == "mail_thread" else "github"
        project = row["project"] if source == "github" else ""  # a thread may run through several lists
        key = row["key"].rpartition("#")[2] if source == "github" else row["key"].strip("<>")
        digest = hashlib.md5(f"{source}|{project}|{key}".encode()).hexdigest()
        expected[digest] = (row["kind"], instant(row["opened_at"]), instant(row["first_response_at"]))
    with open_published(published.database) as connection:
        rows = connection.execute(
            "select conversation_id, kind, opened_at, first_response_at from core.fct_conversations "
            "where not is_opened_by_bot"
        ).fetchall()
    found = {row[0]: (row[1], row[2].astimezone(UTC), row[3] and row[3].astimezone(UTC)) for row in rows}

    assert len(found) > 500
    wrong = {key: (value, expected.get(key)) for key, value in found.items() if value != expected.get(key)}
    assert wrong == {}


def test_absence_factors_are_those_of_the_simulation(published: Workspace, truth: dict[str, Any]) -> None:
    """On how few people the commits of twelve months rest is what the simulation planted."""
    with open_published(published.database) as connection:
        rows = connection.execute(
            "select scope_kind, scope_id, period_start, value from metrics.contributor_absence_factor "
            "where segment = 'commits' and status = 'ok'"
        ).fetchall()
    found = {(kind, scope, str(start)): value for kind, scope, start, value in rows}
    true = {
        (row["scope_kind"], row["scope_id"], row["period_start"]): row["commits_and_co_authors"]
        for row in truth["contributor_absence_factor"]
    }

    assert len(true) >= 8
    assert {key: found[key] for key in true} == true


def test_newcomers_stay_as_planted(published: Workspace, truth: dict[str, Any]) -> None:
    """The share who stay, over all newcomers of the last two years, lies within its own interval of the planted one."""
    planted = truth["entry_channels"]["organic"]["still_here"]
    with open_published(published.database) as connection:
        rows = connection.execute(
            "select segment, sum(numerator), sum(denominator) from metrics.newcomer_retention "
            "where scope_kind = 'program' and status = 'ok' and period_end - period_start < 40 "
            "and starts_with(segment, 'day_') group by segment"
        ).fetchall()

    assert len(rows) == 3
    for segment, k, n in rows:
        assert n > 50
        assert abs(k / n - planted[segment]) < 0.13, (segment, k, n)


def test_merge_and_agent_marks_agree(published: Workspace, truth: dict[str, Any]) -> None:
    """Merges and commits with a software agent as co-author are as many as were written."""
    repositories = truth["files"]["git"].values()
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        row = connection.execute(
            "select count(*) filter (kind = 'commit_merged'), count(*) filter (is_agent_assisted) "
            "from core.fct_activities where activity_id in (select md5(source || '|' || project_id || '|' || act) "
            "from intermediate.int_acts where source = 'git' and not is_coauthor)"
        ).fetchone()

    assert row == (
        sum(repository["merges"] for repository in repositories),
        sum(repository["agent_assisted"] for repository in repositories),
    )


def test_mail_is_accounted_for(published: Workspace, truth: dict[str, Any]) -> None:
    """Every separator in the archives ended as a message, a duplicate or a reject, as many as were planted."""
    with open_published(published.database) as connection:
        rows = connection.execute(
            "select instance, held, duplicates, claimed, gap from meta.reconciliation "
            "where source = 'mailing_lists' order by all"
        ).fetchall()
    wanted = truth["files"]["mailing_lists"]

    assert [(name, held, twice, total, 0) for name, held, twice, total, _ in rows] == rows
    assert {name: (held, twice, total) for name, held, twice, total, _ in rows} == {
        name: (entry["messages"], entry["duplicates"], entry["separators"]) for name, entry in wanted.items()
    }
