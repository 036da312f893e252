"""Events of an iCalendar file: recurrences, exceptions, zones, and entries that cannot be read."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospo_metrics.items import Checkpoint, Context, Instance, Item, Reject, SourceError
from ospo_metrics.sources import _icalendar, calendars

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ZONE = """BEGIN:VTIMEZONE
TZID:Our Zone
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*events: str, head: str = "", tail: str = "END:VCALENDAR\n") -> str:
    blocks = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//\n{head}{blocks}{tail}"


def read(folder: Path, text: str, cursor: dict[str, Any] | None = None, now: datetime = NOW) -> list[Any]:
    (folder / "team.ics").write_bytes(text.replace("\n", "\r\n").encode())
    instance = Instance("team", None, calendars.Calendar("team.ics", "Europe/Berlin"))
    return list(calendars.read(instance, "events", Context(folder, now, cursor or {})))


def events(handed: list[Any]) -> list[dict[str, Any]]:
    return [json.loads(one.payload) for one in handed if isinstance(one, Item)]


def spans(handed: list[Any]) -> list[tuple[str, str]]:
    return [(event["start"], event["end"]) for event in events(handed)]


def rejects(handed: list[Any]) -> list[tuple[str, str]]:
    return [(one.location, one.reason) for one in handed if isinstance(one, Reject)]


def test_what_is_kept_of_an_entry_and_what_is_not(tmp_path: Path) -> None:
    """Time with its zone, place and status; who is invited, who invites and what was written to them is left out."""
    text = calendar(
        """UID:Days-2026@example.org
DTSTART;TZID=Our Zone:20260328T233000
DTEND;TZID=Our Zone:20260329T040000
SUMMARY:Storage
  Days\\, with a very long name
LOCATION:Town Hall\\, Gent
ORGANIZER;CN=Ann Example:mailto:ann@example.org
ATTENDEE;CN=Bob Example;PARTSTAT=DECLINED:mailto:bob@example.org
DESCRIPTION:Write to cid@example.org
STATUS:TENTATIVE""",
        head=ZONE,
    )
    handed = read(tmp_path, text)
    assert events(handed) == [
        {
            "form": "entry",
            "uid": "Days-2026@example.org",
            "title": "Storage Days, with a very long name",
            "acronym": None,
            "venue": "Town Hall, Gent",
            "city": None,
            "start": "2026-03-28T23:30:00+01:00",
            "end": "2026-03-29T04:00:00+02:00",
            "is_all_day": False,
            "zone": None,
            "zone_unknown": False,
            "url": None,
            "status": "tentative",
            "recurrence": None,
        }
    ]
    assert not any(name in repr(handed) for name in ("Ann", "Bob", "bob@", "cid@"))
    assert (handed[-1].count, handed[-1].how) == (1, "events in the calendar")


def test_the_end_of_an_all_day_event_is_its_last_day(tmp_path: Path) -> None:
    """The format names the day after; an entry without an end is one day; a duration counts too."""
    handed = read(
        tmp_path,
        calendar(
            "UID:a\nDTSTART;VALUE=DATE:20260131\nDTEND;VALUE=DATE:20260202\nSUMMARY:Two days",
            "UID:b\nDTSTART;VALUE=DATE:20260131\nSUMMARY:One day",
            "UID:c\nDTSTART;VALUE=DATE:20260131\nDURATION:P3D\nSUMMARY:Three days",
        ),
    )
    assert spans(handed) == [
        ("2026-01-31", "2026-02-01"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31", "2026-02-02"),
    ]


@pytest.mark.parametrize(
    ("head", "start", "expected"),
    [
        ("", "20260705T100000Z", ("2026-07-05T10:00:00+00:00", "UTC", False)),
        ("", "20260705T100000", ("2026-07-05T10:00:00+02:00", "Europe/Berlin", True)),
        (
            "X-WR-TIMEZONE:America/New_York\n",
            "20260705T100000",
            ("2026-07-05T10:00:00-04:00", "America/New_York", True),
        ),
        (
            "X-WR-TIMEZONE:Moon/Base\n",
            "20260705T100000",
            ("2026-07-05T10:00:00+02:00", "Europe/Berlin", True),
        ),
        *(
            (
                f"X-WR-TIMEZONE:{name}\n",
                "20260705T100000",
                ("2026-07-05T10:00:00+02:00", "Europe/Berlin", True),
            )
            for name in ("localtime", "posixrules", "Factory", "posix/America/New_York", "right/Europe/Paris")
        ),
    ],
)
def test_whose_clock_a_time_is_on(
    tmp_path: Path, head: str, start: str, expected: tuple[str, str, bool]
) -> None:
    """Its own zone, else the calendar's, else the OSPO's; what was assumed is marked."""
    (event,) = events(read(tmp_path, calendar(f"UID:a\nDTSTART:{start}\nSUMMARY:x", head=head)))
    assert (event["start"], event["zone"], event["zone_unknown"]) == expected


def test_a_series_with_exceptions(tmp_path: Path) -> None:
    """Weekly over the change of the clock, one left out, one moved, one cancelled, one added."""
    text = calendar(
        "UID:w\nDTSTART;TZID=Europe/Berlin:20260318T160000\nDTEND;TZID=Europe/Berlin:20260318T170000\nSUMMARY:Call\n"
        "RRULE:FREQ=WEEKLY;COUNT=5\nEXDATE;TZID=Europe/Berlin:20260401T160000\nRDATE;TZID=Europe/Berlin:20260430T090000",
        "UID:w\nRECURRENCE-ID;TZID=Europe/Berlin:20260408T160000\nDTSTART;TZID=Europe/Berlin:20260409T100000\n"
        "DTEND;TZID=Europe/Berlin:20260409T110000\nSUMMARY:Call, moved",
        "UID:w\nRECURRENCE-ID;TZID=Europe/Berlin:20260415T160000\nDTSTART;TZID=Europe/Berlin:20260415T160000\n"
        "DTEND;TZID=Europe/Berlin:20260415T170000\nSUMMARY:Call\nSTATUS:CANCELLED",
    )
    handed = read(tmp_path, text)
    assert rejects(handed) == []
    assert sorted((event["start"], event["title"], event["status"]) for event in events(handed)) == [
        ("2026-03-18T16:00:00+01:00", "Call", "confirmed"),
        ("2026-03-25T16:00:00+01:00", "Call", "confirmed"),
        ("2026-04-09T10:00:00+02:00", "Call, moved", "confirmed"),
        ("2026-04-15T16:00:00+02:00", "Call", "cancelled"),
        ("2026-04-30T09:00:00+02:00", "Call", "confirmed"),
    ]
    assert len({one.key for one in handed if isinstance(one, Item)}) == 5


def test_a_series_without_an_end_goes_two_years_ahead_and_on_next_month(tmp_path: Path) -> None:
    """It is worked out anew each month although the file is the same."""
    text = calendar("UID:m\nDTSTART:20260105T100000Z\nRRULE:FREQ=MONTHLY\nSUMMARY:Call")
    first = read(tmp_path, text)
    (cursor,) = (json.loads(json.dumps(one.cursor)) for one in first if isinstance(one, Checkpoint))
    assert max(spans(first))[0] == "2028-05-05T10:00:00+00:00"
    assert events(read(tmp_path, text, cursor)) == []
    assert (
        max(spans(read(tmp_path, text, cursor, datetime(2026, 7, 6, tzinfo=UTC))))[0]
        == "2028-07-05T10:00:00+00:00"
    )


def test_of_an_entry_that_stands_twice_the_later_version_counts(tmp_path: Path) -> None:
    """By its sequence, then its stamp, wherever it stands; the other one is set aside, not lost."""
    handed = read(
        tmp_path,
        calendar(
            "UID:a\nSEQUENCE:2\nDTSTAMP:20260101T000000Z\nDTSTART:20260705T100000Z\nSUMMARY:New",
            "UID:a\nSEQUENCE:1\nDTSTAMP:20260301T000000Z\nDTSTART:20260704T100000Z\nSUMMARY:Old",
            "UID:b\nDTSTAMP:20260301T000000Z\nDTSTART:20260705T100000Z\nSUMMARY:New",
            "UID:b\nDTSTAMP:20260101T000000Z\nDTSTART:20260704T100000Z\nSUMMARY:Old",
        ),
    )
    assert [event["title"] for event in events(handed)] == ["New", "New"]
    assert rejects(handed) == [
        ("team.ics:11", "entry on line 11: a later version of this UID replaces it"),
        ("team.ics:24", "entry on line 24: a later version of this UID replaces it"),
    ]
    assert handed[-1].count == 4


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("UID:x\nSUMMARY:No start", "it has no DTSTART that can be read"),
        ("UID:x\nDTSTART:20260230T100000Z\nSUMMARY:x", "DTSTART cannot be read"),
        ("UID:x\nDTSTART:20260130T100000Z\nRRULE:FREQ=NEVERLY\nSUMMARY:x", "RRULE cannot be read"),
        ("UID:x\nDTSTART:20260130T100000Z\nRRULE:FREQ=SECONDLY\nSUMMARY:x", "it recurs within the hour"),
        (
            "UID:x\nDTSTART:20260130T100000Z\nRRULE:FREQ=DAILY;BYHOUR=9,10;BYMINUTE="
            + ",".join(map(str, range(60)))
            + ";BYSECOND="
            + ",".join(map(str, range(60)))
            + "\nSUMMARY:x",
            "it recurs more than 24 times a day",
        ),
        (
            "UID:x\nDTSTART:20260130T100000Z\nRRULE:FREQ=DAILY;COUNT=2\nRRULE:FREQ=HOURLY\nSUMMARY:x",
            "it recurs within the hour",
        ),
        ("UID:x\nDTSTART:19800130T100000Z\nRRULE:FREQ=DAILY\nSUMMARY:x", "it recurs more than 2,000 times"),
        ("UID:x\nDTSTART:10260130T100000Z\nSUMMARY:x", "it begins in the year 1026"),
    ],
)
def test_a_bad_entry_is_named_and_the_rest_taken(tmp_path: Path, event: str, reason: str) -> None:
    """Its line and what is wrong with it; the entries around it arrive."""
    good = "UID:{}\nDTSTART:20260705T100000Z\nSUMMARY:Good"
    handed = read(tmp_path, calendar(good.format("a"), event, good.format("b")))
    assert [event["uid"] for event in events(handed)] == ["a", "b"]
    ((location, told),) = rejects(handed)
    assert location == "team.ics:9"
    assert told.startswith(f"entry on line 9: {reason}")
    assert handed[-1].count == 3


def test_a_zone_that_the_models_do_not_know_is_not_named(tmp_path: Path) -> None:
    """The offset is kept, and the build does not stop at its name."""
    text = calendar("UID:a\nDTSTART;TZID=posix/Europe/Paris:20260705T100000\nSUMMARY:x")
    (event,) = events(read(tmp_path, text))
    assert (event["start"], event["zone"]) in [
        ("2026-07-05T10:00:00+02:00", None),
        ("2026-07-05T10:00:00+02:00", "Europe/Berlin"),
        ("2026-07-05T10:00:00+02:00", "Europe/Paris"),
    ]


def test_a_line_of_many_parts_costs_no_more_time_than_it_is_long(tmp_path: Path) -> None:
    """A picture within an entry is a line of a hundred thousand parts."""
    text = calendar("UID:a\nDTSTART:20260705T100000Z\nX-PICTURE:" + "\n ".join(["x" * 60] * 150_000))
    begun = time.process_time()
    lines = _icalendar._unfolded(text.encode())
    assert time.process_time() - begun < 2
    assert max(len(line) for _, line in lines) == len("X-PICTURE:") + 60 * 150_000


@pytest.mark.parametrize(
    ("start", "rest", "what"),
    [
        (":20260131T100000Z", "DTEND:20260131T095959Z", "it ends before it begins"),
        (";VALUE=DATE:20260131", "DTEND;VALUE=DATE:20260101", "it ends before it begins"),
        (";VALUE=DATE:20260131", "DURATION:-P3D", "it ends before it begins"),
        (";VALUE=DATE:20260131", "DTEND:20260130T100000Z", "it ends before it begins"),
        (
            ":20260131T100000Z",
            "DTEND:20260131T090000Z\nRRULE:FREQ=WEEKLY;COUNT=2",
            "it ends before it begins",
        ),
        (
            ";VALUE=DATE:20260131",
            "DTEND;VALUE=DATE:22060201",
            "it lasts longer than 10 years, which no event does",
        ),
    ],
)
def test_an_entry_ends_after_it_begins_and_within_ten_years(
    tmp_path: Path, start: str, rest: str, what: str
) -> None:
    """Else the end would change places with the beginning; and of a whole century nobody works out the days."""
    handed = read(tmp_path, calendar(f"UID:a\nDTSTART{start}\n{rest}", "UID:b\nDTSTART:20260705T100000Z"))
    assert [event["uid"] for event in events(handed)] == ["b"]
    assert rejects(handed) == [("team.ics:4", f"entry on line 4: {what}")]
    assert handed[-1].count == 2


def test_an_entry_may_be_over_at_once(tmp_path: Path) -> None:
    """Some programs write the same instant, or the same day, at both ends, or a time beside a day."""
    handed = read(
        tmp_path,
        calendar(
            "UID:a\nDTSTART:20260131T100000Z\nDTEND:20260131T100000Z",
            "UID:b\nDTSTART;VALUE=DATE:20260131\nDTEND;VALUE=DATE:20260131",
            "UID:c\nDTSTART:20260131T100000Z\nDTEND;VALUE=DATE:20260201",
        ),
    )
    assert spans(handed) == [
        ("2026-01-31T10:00:00+00:00", "2026-01-31T10:00:00+00:00"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T10:00:00+00:00", "2026-02-01T00:00:00+00:00"),
    ]


def test_a_calendar_that_breaks_off_gives_what_is_before(tmp_path: Path) -> None:
    """Its whole entries arrive, and the break is named; what came before its first entry is no calendar."""
    whole = calendar(
        "UID:a\nDTSTART:20260705T100000Z\nSUMMARY:x", "UID:b\nDTSTART:20260705T100000Z\nSUMMARY:y"
    )
    handed = read(tmp_path, whole[: whole.index("SUMMARY:y")])
    assert [event["uid"] for event in events(handed)] == ["a"]
    assert rejects(handed) == [
        ("team.ics:end", "the calendar breaks off here, within an entry or before its end")
    ]
    with pytest.raises(SourceError, match=r"calendar .team.: team\.ics breaks off before its first entry"):
        read(tmp_path, "BEGIN:VCALENDAR\nVERSION:2.0\n")
    assert events(read(tmp_path, calendar())) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(1980, 1, 1), datetime(2030, 1, 1)),
            st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=200),
        ),
        max_size=12,
    )
)
def test_every_entry_arrives_however_long_its_lines(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[datetime, str]]
) -> None:
    """Names of any script, folded wherever 60 characters end, come back with their times."""
    blocks = []
    for number, (at, name) in enumerate(entries):
        escaped = name.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        line = f"SUMMARY:{escaped}"
        folded = "\n ".join(line[place : place + 60] for place in range(0, len(line), 60))
        blocks.append(f"UID:{number}\nDTSTART:{at:%Y%m%dT%H%M%S}Z\n{folded}")
    handed = read(tmp_path_factory.mktemp("property"), calendar(*blocks))
    assert rejects(handed) == []
    assert [(event["start"], event["title"]) for event in events(handed)] == [
        (at.replace(microsecond=0, tzinfo=UTC).isoformat(), " ".join(name.split()) or None)
        for at, name in entries
    ]
