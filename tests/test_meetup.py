"""What was saved of Meetup's interface: events and answers, from the recordings of a connector that it outlived."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import SHARED
from ospo_metrics.items import Context, Instance, Item, Reject
from ospo_metrics.pseudonyms import KEY_FILE, pseudonym
from ospo_metrics.sources import attendance, calendars

NOW = datetime(2026, 6, 1, tzinfo=UTC)
REAL = SHARED / "C_events" / "meetup-perceval"
KEY = bytes(32)


def events(folder: Path, name: str) -> list[Any]:
    instance = Instance("group", None, calendars.Calendar(name))
    return list(calendars.read(instance, "events", Context(folder, NOW)))


def answers(folder: Path, text: str) -> list[Any]:
    (folder / KEY_FILE).parent.mkdir(exist_ok=True)
    (folder / KEY_FILE).write_text(KEY.hex())
    (folder / KEY_FILE).chmod(0o600)
    (folder / "outreach" / "attendance").mkdir(parents=True, exist_ok=True)
    (folder / "outreach" / "attendance" / "evening.json").write_text(text)
    instance = Instance("outreach", None, attendance.Lists("outreach/attendance"))
    return list(attendance.read(instance, "registrations", Context(folder, NOW)))


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the recordings are not in {REAL}")
def test_the_recorded_events(tmp_path: Path) -> None:
    """Two, one, one and none: place, and time on the clock of the place; nobody's name."""
    counts = {}
    for path in sorted(REAL.glob("meetup_events*.json")):
        shutil.copyfile(path, tmp_path / path.name)
        handed = events(tmp_path, path.name)
        found = [json.loads(one.payload) for one in handed if isinstance(one, Item)]
        counts[path.stem] = len(found)
        hosts = {host["name"] for told in json.loads(path.read_text()) for host in told["event_hosts"]}
        assert not [host for host in hosts if f'"{host}"' in repr(handed)]
        assert handed[-1].count == len(found)
        assert all(event["city"] == "Madrid" and event["start"].endswith("+02:00") for event in found)
    assert counts == {
        "meetup_events": 2, "meetup_events_empty": 0, "meetup_events_next": 1, "meetup_events_range": 1
    }  # fmt: skip


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the recordings are not in {REAL}")
def test_the_recorded_answers(tmp_path: Path) -> None:
    """Three said yes, one of them the host; members are pseudonyms and no name or biography is kept."""
    text = (REAL / "meetup_rsvps.json").read_text()
    handed = answers(tmp_path, text)
    found = [json.loads(one.payload) for one in handed if isinstance(one, Item)]
    assert [(seat["status"], seat["role"], seat["guests"]) for seat in found] == [
        ("registered", "organiser", 0),
        ("registered", "attendee", 0),
        ("registered", "attendee", 0),
    ]
    members = [told["member"] for told in json.loads(text)]
    assert [seat["attendee_id"] for seat in found] == [
        pseudonym(KEY, "member", f"meetup {member['id']}") for member in members
    ]
    assert not [member["name"] for member in members if member["name"] in repr(handed)]


def test_a_bad_answer_is_named_and_the_rest_taken(tmp_path: Path) -> None:
    """Its place and what is wrong, without what stands in it; anything else than answers is refused."""
    good = {
        "member": {"id": 7, "name": "Ann"},
        "response": "waitlist",
        "guests": 2,
        "created": 1_473_326_428_000,
    }
    handed = answers(
        tmp_path,
        json.dumps([good, {"member": {"name": "Bob"}, "response": "yes"}, {**good, "response": "Bob"}]),
    )
    assert [json.loads(one.payload)["status"] for one in handed if isinstance(one, Item)] == ["waiting"]
    assert [(one.location, one.reason) for one in handed if isinstance(one, Reject)] == [
        ("outreach/attendance/evening.json:2", "row 2: it names no member"),
        (
            "outreach/attendance/evening.json:3",
            "row 3: 'response' holds none of the words that we know: yes, no, waitlist, yes_pending_payment",
        ),
    ]
    (reject,) = [one for one in answers(tmp_path, "{}") if isinstance(one, Reject)]
    assert "it is no list of answers as Meetup's interface gave them" in reject.reason
