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
            "where period_end - period_start < 40 and status = 'ok'"
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


@pytest.mark.parametrize(("metric", "least"), [("contributors", 0.65), ("new_contributors", 0.8)])
def test_outside_people_are_close_to_the_truth(
    published: Workspace, truth: dict[str, Any], metric: str, least: float
) -> None:
    """Our own people are known by their addresses only, so some look like outsiders; few enough to be useful."""
    found, true = _monthly(published, metric), _true_monthly(truth, metric)
    cells = [key for key in found if key[3] == "outside"]
    right = sum(found[key] == true.get(key, 0) for key in cells)

    assert right / len(cells) >= least
    assert max(abs(found[key] - true.get(key, 0)) for key in cells) <= 4


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
            "where scope_kind = 'program' and status = 'ok' and period_end - period_start < 40 group by segment"
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
