"""Schedules as JSON: frab's and pretalx's export, pretalx's own, and Sessionize's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ospo_metrics.items import Context, Instance, Item, Reject, SourceError
from ospo_metrics.sources import calendars

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FRAB = {
    "schedule": {
        "version": "3",
        "base_url": "https://pretalx.example.org/days/",
        "conference": {
            "acronym": "days", "title": "Storage Days", "start": "2026-03-28", "end": "2026-03-29",
            "time_zone_name": "Europe/Berlin",
            "days": [
                {
                    "index": 1, "date": "2026-03-28",
                    "rooms": {
                        "Big room": [
                            {
                                "id": 1, "guid": "g-1", "date": "2026-03-28T23:30:00+01:00", "start": "23:30",
                                "duration": "00:25", "slug": "fast", "title": "How fast & why", "track": "Storage",
                                "type": "Talk", "language": "en", "abstract": "Fast.",
                                "persons": [
                                    {"id": 7, "public_name": "Ann Example"}, {"id": 7, "name": "Ann Example"},
                                    {"guid": "b", "name": "Bob Example"},
                                ],
                                "links": [{"url": "https://github.com/example/fastfs", "title": "Code"}],
                            },
                            {"id": 2, "start": "09:00", "duration": "1:05", "title": "Breakfast"},
                        ]
                    },
                }
            ],
        },
    }
}  # fmt: skip
PRETALX = {
    "timezone": "Europe/Berlin",
    "event_start": "2026-03-28",
    "event_end": "2026-03-29",
    "talks": [
        {
            "code": "AB12",
            "title": {"de": "Schnell", "en": "Fast"},
            "abstract": "Fast.",
            "speakers": ["ANN"],
            "start": "2026-03-28T23:30:00+01:00",
            "end": "2026-03-28T23:55:00+01:00",
            "room": 3,
            "track": 9,
        }
    ],
    "speakers": [{"code": "ANN", "name": "Ann Example"}],
    "rooms": [{"id": 3, "name": {"en": "Big room"}}],
    "tracks": [{"id": 9, "name": "Storage"}],
}
SESSION = {
    "id": "14022",
    "title": "Fast",
    "description": "Very.",
    "startsAt": "2026-03-28T09:00:00",
    "endsAt": "2026-03-28T09:45:00",
    "isServiceSession": False,
    "roomId": 3,
}
SESSIONIZE = {
    "sessions": [{**SESSION, "speakers": ["a-1"]}],
    "speakers": [{"id": "a-1", "fullName": "Ann Example"}],
    "rooms": [{"id": 3, "name": "Big room"}],
}
SESSIONIZE_GROUPS = [
    {
        "groupId": None,
        "sessions": [{**SESSION, "speakers": [{"id": "a-1", "name": "Ann Example"}], "room": "Big room"}],
    }
]
SESSIONIZE_GRID = [{"date": "2026-03-28", "rooms": [{"id": 3, "sessions": SESSIONIZE_GROUPS[0]["sessions"]}]}]


def read(folder: Path, content: Any, stream: str = "talks") -> list[Any]:
    (folder / "days.json").write_text(json.dumps(content))
    instance = Instance("days-2026", None, calendars.Calendar("days.json"))
    return list(calendars.read(instance, stream, Context(folder, NOW)))


def payloads(handed: list[Any]) -> list[dict[str, Any]]:
    return [json.loads(one.payload) for one in handed if isinstance(one, Item)]


def test_frabs_export_gives_what_its_xml_gives(tmp_path: Path) -> None:
    """The same payload, key for key; a talk without a date of its own is on its day's clock."""
    talk, breakfast = payloads(read(tmp_path, FRAB))
    assert talk == {
        "id": "1",
        "guid": "g-1",
        "slug": "fast",
        "title": "How fast & why",
        "subtitle": None,
        "track": "Storage",
        "room": "Big room",
        "type": "Talk",
        "language": "en",
        "abstract": "Fast.",
        "description": None,
        "start": "2026-03-28T23:30:00+01:00",
        "zone": "Europe/Berlin",
        "zone_unknown": False,
        "duration_minutes": 25,
        "persons": [{"id": "7", "name": "Ann Example"}, {"id": "b", "name": "Bob Example"}],
        "links": ["https://github.com/example/fastfs"],
        "url": None,
    }
    assert (breakfast["start"], breakfast["duration_minutes"]) == ("2026-03-28T09:00:00+01:00", 65)
    (event,) = payloads(read(tmp_path, FRAB, "events"))
    assert (event["title"], event["start"], event["end"], event["zone"]) == (
        "Storage Days", "2026-03-28", "2026-03-29", "Europe/Berlin"
    )  # fmt: skip


@pytest.mark.parametrize("stream", ["talks", "events"])
@pytest.mark.parametrize("end", ["31.01.2026", "2026-02-30", "9999-12-31", "", None])
def test_an_end_that_is_no_day_is_left_to_the_talks(tmp_path: Path, stream: str, end: str | None) -> None:
    """As in XML: the schedule arrives, and its last talk tells when it ended."""
    conference = {**FRAB["schedule"]["conference"], "start": end, "end": end}  # type: ignore[dict-item]
    frab = read(tmp_path, {"schedule": {"conference": conference}}, stream)
    pretalx = read(tmp_path, {**PRETALX, "event_start": end, "event_end": end}, stream)
    assert [handed[-1].observed_until for handed in (frab, pretalx)] == [
        datetime(2026, 3, 29, tzinfo=UTC)
    ] * 2
    if stream == "events":
        days = [(event["start"], event["end"]) for event in (*payloads(frab), *payloads(pretalx))]
        assert days == [("2026-03-28", "2026-03-28")] * 2


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin", 7])
def test_a_zone_that_the_models_do_not_know_is_none(tmp_path: Path, zone: Any) -> None:
    """UTC stands in, and says so."""
    (event,) = payloads(read(tmp_path, {**PRETALX, "timezone": zone}, "events"))
    assert event["zone"] is None


def test_pretalx_names_rooms_tracks_and_speakers_elsewhere(tmp_path: Path) -> None:
    """They are put back into the talk; of several languages English is taken."""
    (talk,) = payloads(read(tmp_path, PRETALX))
    assert {
        name: talk[name] for name in ("id", "title", "room", "track", "start", "duration_minutes", "persons")
    } == {
        "id": "AB12",
        "title": "Fast",
        "room": "Big room",
        "track": "Storage",
        "start": "2026-03-28T23:30:00+01:00",
        "duration_minutes": 25,
        "persons": [{"id": "ANN", "name": "Ann Example"}],
    }


@pytest.mark.parametrize(
    "content", [SESSIONIZE, SESSIONIZE_GROUPS, SESSIONIZE_GRID], ids=["all", "sessions", "grid"]
)
def test_each_of_sessionizes_exports_gives_the_same_talk(tmp_path: Path, content: Any) -> None:
    """Times have no zone there, which is marked."""
    (talk,) = payloads(read(tmp_path, content))
    assert (talk["id"], talk["title"], talk["start"], talk["zone_unknown"], talk["duration_minutes"]) == (
        "14022", "Fast", "2026-03-28T09:00:00+00:00", True, 45
    )  # fmt: skip
    assert talk["persons"] == [{"id": "a-1", "name": "Ann Example"}]
    assert talk["room"] == "Big room"


def test_a_bad_talk_is_named_and_the_rest_taken(tmp_path: Path) -> None:
    """Every talk of the file ends as an item or as a reject."""
    bad = [
        {**SESSION, "id": None},
        {**SESSION, "id": "2", "title": ""},
        {**SESSION, "id": "3", "startsAt": None},
        {**SESSION, "id": "4", "startsAt": "tomorrow"},
        SESSION,
        "no talk",
    ]
    handed = read(tmp_path, {**SESSIONIZE, "sessions": [SESSION, *bad]})
    assert [(one.location, one.reason) for one in handed if isinstance(one, Reject)] == [
        ("days.json:event 2", "an event without an id"),
        ("days.json:event 3", "event '2': no title"),
        ("days.json:event 4", "event '3': no start"),
        ("days.json:event 5", "event '4': its start 'tomorrow' is no date and time"),
        ("days.json:event 6", "event '14022': this id was there before"),
        ("days.json:event 7", "no description of a talk"),
    ]
    assert (len(payloads(handed)), handed[-1].count) == (1, 7)


def test_other_json_is_no_schedule(tmp_path: Path) -> None:
    """The Meetup connectors' events, for one: their service is gone."""
    with pytest.raises(SourceError, match="is JSON, and no schedule of frab, pretalx or Sessionize"):
        read(tmp_path, {"events": []})
