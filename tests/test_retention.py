"""How long anybody is known: with the clock moved on, old registrations and quiet people are let go."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ospo_metrics import retention, steps
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.status import status
from ospo_metrics.warehouse import open_warehouse


@pytest.fixture
def workspace(published: Workspace, tmp_path: Path) -> Workspace:
    """A published workspace that keeps registrations for two years and people for 400 days."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    settings = tmp_path / "workspace" / "ospo.toml"
    text = re.sub(
        r"keep_attendance_days = \d+.*",
        "keep_attendance_days = 730\nkeep_people_days = 400",
        settings.read_text(),
    )
    settings.write_text(text)
    return open_workspace(tmp_path / "workspace")


def ask(workspace: Workspace, query: str) -> list[Any]:
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        return connection.execute(query).fetchall()


SEATS = (
    "select key, payload ->> '$.event', payload ->> '$.status', payload ->> '$.role', payload ->> '$.attendee_id', "
    "try_cast(payload ->> '$.registered_at' as timestamptz), try_cast(payload ->> '$.checked_in_at' as timestamptz) "
    "from raw.attendance__registrations order by all"
)


def test_an_old_registration_is_counted_and_no_longer_matched(workspace: Workspace) -> None:
    """Event, status and role stay, the pseudonym goes: of those alone whose every date is older than two years."""
    before = ask(workspace, SEATS)
    now = datetime(2027, 6, 1, tzinfo=UTC)
    limit = now - timedelta(days=730)
    dates = {key: max(at for at in (registered, came) if at) for key, *_, registered, came in before}
    old = {key for key, *_, who, _, _ in before if who and dates[key] < limit}
    assert 0 < len(old) < len(before)
    settings = workspace.settings_file
    settings.write_text(settings.read_text().replace("keep_people_days = 400", ""))

    retained = retention.apply(open_workspace(workspace.folder), now)

    assert (len(old), 0) == (retained.registrations, retained.people)
    expected = [(*row[:4], None if row[0] in old else row[4], *row[5:]) for row in before]
    assert expected == ask(workspace, SEATS)
    assert retention.apply(open_workspace(workspace.folder), now) == retention.Retained()


def test_who_did_nothing_for_long_becomes_nobody(workspace: Workspace) -> None:
    """Their acts stay counted; whoever was active later stays who they are; no tombstone is left."""
    now = datetime(2026, 12, 1, tzinfo=UTC)
    people = dict(
        ask(workspace, "select person_id, last_seen_at from core.dim_people where last_seen_at is not null")
    )
    quiet = {person for person, seen in people.items() if seen < now - timedelta(days=400)}
    assert 20 < len(quiet) < len(people)
    count = "select project_id, source, kind, count(*) from core.fct_activities group by all order by all"
    counts = ask(workspace, count)
    acts = "select activity_id, person_id from core.fct_activities where person_id is not null order by all"
    kept = [row for row in ask(workspace, acts) if row[1] not in quiet]

    retained = retention.apply(workspace, now)
    result = steps.run(workspace, lambda step: step.do(Quiet()), ["build", "check", "publish"])

    assert result.ok, result.message
    assert len(quiet) == retained.people
    assert counts == ask(workspace, count)
    assert kept == ask(workspace, acts)
    assert set(people) - quiet == {
        person
        for (person,) in ask(
            workspace, "select person_id from core.dim_people where last_seen_at is not null"
        )
    }
    assert [(0,)] == ask(workspace, "select count(*) from meta.tombstones")


def test_who_is_back_is_not_let_go(workspace: Workspace) -> None:
    """Somebody quiet for long who did something since the last build stays who they are."""
    now = datetime(2026, 12, 1, tzinfo=UTC)
    ((login, person),) = ask(
        workspace,
        "select i.value, i.person_id from intermediate.int_identities as i join intermediate.int_people as p "
        "using (person_id) where i.kind = 'login' and p.last_seen_at < timestamptz '2025-06-01' order by all limit 1",
    )
    with open_warehouse(workspace.warehouse) as connection:
        payload = json.dumps({"number": 1, "author": {"__typename": "User", "login": login}})
        connection.execute(
            "insert into raw.github__issue_comments select instance, 'back', now(), $1, 'here', "
            "now() + interval 1 hour, 'r' from raw.github__issue_comments limit 1",
            [payload],
        )

    retention.apply(workspace, now)

    assert ask(
        workspace,
        f"select count(*) > 1 from raw.github__issues where payload::varchar like '%\"{login}\"%' union all "
        f"select count(*) = 1 from raw.github__issue_comments where key = 'back' and payload::varchar like '%{login}%'",
    )[-1] == (True,)
    assert person


def test_it_is_part_of_the_night_and_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step before the build lets go, its line and `status` say of how many, and the numbers are published."""

    def later(workspace: Workspace, now: datetime) -> retention.Retained:
        return at(workspace, now + timedelta(days=250))

    at = retention.apply
    monkeypatch.setattr(retention, "apply", later)

    result = steps.run(workspace, lambda step: step.do(Quiet()))

    assert result.ok, result.message
    names = [name for name, _ in result.outcomes]
    assert names.index("retain") == names.index("build") - 1
    told = dict(result.outcomes)["retain"].summary
    assert re.fullmatch(
        r"\d+ registrations lost their pseudonym and \d+ people became nobody, in [\d,]+ rows; registrations are "
        r"matched for 730 days, people are known 400 days after the last act\.",
        told,
    )
    kept = status(workspace).kept
    assert kept == [
        "Registrations are matched for 730 days, people are known 400 days after the last act.",
        f"Last let go: {told}",
    ]
