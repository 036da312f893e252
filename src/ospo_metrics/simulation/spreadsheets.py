"""What a marketing team keeps: its spreadsheets of goals, events and campaigns, and its calendar."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ospo_metrics.simulation import plan
from ospo_metrics.simulation.plan import ZONE

_GOALS = (
    ("more-storage-authors", "Developers who run fastfs", "Your patch is welcome", "sprint;blog;mailing list",
     "new_contributors", "10 a month by the end of 2026"),
    ("answers-at-the-edge", "People new to Edge", "Somebody answers", "webinar;hack day",
     "first_response_time", "half of all within 24 hours"),
    ("tracing-that-stays", "Operators", "Come for the workshop, stay for the project", "workshop;podcast",
     "newcomer_retention", "a third still here after 180 days"),
)  # fmt: skip
_GOAL_OF = {
    "storage": "more-storage-authors",
    "edge": "answers-at-the-edge",
    "observability": "tracing-that-stays",
}
_CONTENT = (
    ("2025-02-11", "Why small files are hard", "article", "us", "storage", "https://blog.example.com/small-files"),
    ("2025-06-03", "fastfs 2.0 is here", "article", "us", "storage", "https://blog.example.com/fastfs-2"),
    ("2025-08-19", "Tracing a bakery", "video", "community", "observability", "https://videos.example.org/bakery"),
    ("2025-11-05", "Edge at sea", "podcast", "community", "edge", "https://casts.example.net/edge-at-sea"),
    ("2026-02-04", "Five traces a day", "article", "us", "observability", "https://blog.example.com/five-traces"),
    ("2026-05-22", "A German guide to edgeward", "translation", "community", "edge",
     "https://guides.example.org/edgeward-de"),
)  # fmt: skip
_COSTS = (
    ("2025-01-31", "event", "openbuild-days-2025", "travel", "2900", "EUR", "40"),
    ("2026-01-30", "event", "openbuild-days-2026", "travel", "3350", "EUR", "44"),
    ("2025-06-10", "campaign", "fastfs-2-launch", "video production", "2100", "USD", "0"),
    ("2026-02-09", "campaign", "trace-week", "studio", "1200", "EUR", "6"),
)
_INTRODUCTIONS = (
    ("2025-03-20", "storage-sprint-2025", "yes", "trial"),
    ("2025-10-15", "observability-workshop-2025", "yes", "no interest"),
    ("2026-04-20", "edge-hackday-2026", "yes", "partnership"),
)


def write(folder: Path) -> dict[str, Any]:
    """Write `outreach/*.csv` and `calendars/outreach.ics`; returns the rows of each."""
    target = folder / "outreach"
    target.mkdir(parents=True, exist_ok=True)
    tables: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
        "goals": (("id", "audience", "message", "channels", "metric", "target"), list(_GOALS)),
        "events": (
            ("id", "title", "starts_on", "ends_on", "city", "country", "role", "cost", "currency",
             "staff_hours", "communities", "goal"),
            _events(),
        ),
        "campaigns": (
            ("id", "title", "channels", "starts_on", "ends_on", "cost", "currency", "staff_hours",
             "communities", "projects", "metric", "window_days", "goal"),
            _campaigns(),
        ),
        "content": (("published_on", "title", "kind", "by", "communities", "url"), list(_CONTENT)),
        "costs": (("paid_on", "for", "id", "what", "amount", "currency", "staff_hours"), list(_COSTS)),
        "introductions": (("made_on", "event", "consented", "outcome"), list(_INTRODUCTIONS)),
    }  # fmt: skip
    for name, (header, rows) in tables.items():
        with (target / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return {
        "spreadsheets": {name: len(rows) for name, (_, rows) in tables.items()},
        "calendar": {"location": "calendars/outreach.ics", "entries": _calendar(folder / "calendars")},
    }


def _events() -> list[tuple[Any, ...]]:
    held = [
        (event.id, event.title, event.day, event.day, event.city, event.country, event.role, event.cost,
         "EUR", event.staff_hours, event.community, _GOAL_OF[event.community])
        for event in plan.EVENTS
    ]  # fmt: skip
    spoken = [
        (conference_id, title, day, day + timedelta(days=1), "Nowhere", "", "spoke", 1500, "EUR", 60,
         ";".join(each.id for each in plan.COMMUNITIES), "more-storage-authors")
        for conference_id, title, day in plan.CONFERENCES
    ]  # fmt: skip
    return sorted([*held, *spoken], key=lambda row: str(row[2]))


def _campaigns() -> list[tuple[Any, ...]]:
    return [
        (campaign.id, campaign.title, campaign.channels, datetime.fromtimestamp(campaign.starts, ZONE).date(),
         datetime.fromtimestamp(campaign.ends - 1, ZONE).date(), campaign.cost, "EUR", campaign.staff_hours,
         campaign.community, plan.community(campaign.community).repositories[0].id, "new_contributors", 28,
         _GOAL_OF[campaign.community])
        for campaign in plan.CAMPAIGNS
    ]  # fmt: skip


def _calendar(folder: Path) -> int:
    """Our events as iCalendar: with a zone, all-day, recurring with an exception, and cancelled."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example OSPO//Simulated//EN"]
    for event in plan.EVENTS:
        place = ", ".join(part for part in (event.city, event.country) if part) or "online"
        lines += [
            *_begin(event.id),
            f"DTSTART;TZID={plan.TIMEZONE}:{_stamp(event.starts)}",
            f"DTEND;TZID={plan.TIMEZONE}:{_stamp(event.ends)}",
            f"SUMMARY:{event.title}",
            f"LOCATION:{place.replace(',', chr(92) + ',')}",
            f"DESCRIPTION:A simulated event of the {plan.community(event.community).name} community: bring a "
            "laptop and a question\\, and stay for something to eat afterwards.",
            "END:VEVENT",
        ]
    for conference_id, title, day in plan.CONFERENCES:
        lines += [
            *_begin(conference_id),
            f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
            "DURATION:P2D",
            f"SUMMARY:{title}",
            "LOCATION:Nowhere",
            "END:VEVENT",
        ]
    lines += [
        *_begin("office-hour"),
        f"DTSTART;TZID={plan.TIMEZONE}:20250107T160000",
        f"DTEND;TZID={plan.TIMEZONE}:20250107T170000",
        "RRULE:FREQ=MONTHLY;COUNT=20;BYDAY=1TU",
        f"EXDATE;TZID={plan.TIMEZONE}:20250805T160000",
        "SUMMARY:Office hour",
        "END:VEVENT",
        *_begin("edge-picnic-2026"),
        f"DTSTART;TZID={plan.TIMEZONE}:20260711T120000",
        f"DTEND;TZID={plan.TIMEZONE}:20260711T170000",
        "STATUS:CANCELLED",
        "SUMMARY:Edge picnic",
        "END:VEVENT",
    ]
    lines.append("END:VCALENDAR")
    text = "".join(_folded(line) for line in lines)
    (folder / "outreach.ics").write_bytes(text.encode())
    return lines.count("BEGIN:VEVENT")


def _begin(name: str) -> list[str]:
    stamp = datetime.fromtimestamp(plan.HISTORY_FROM, UTC)
    return ["BEGIN:VEVENT", f"UID:{name}@calendar.example.com", f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}"]


def _stamp(at: int) -> str:
    return f"{datetime.fromtimestamp(at, ZONE):%Y%m%dT%H%M%S}"


def _folded(line: str) -> str:
    """A line of at most 75 characters, continued on the next after a blank, as the format wants it."""
    pieces = [line[:75]]
    rest = line[75:]
    while rest:
        pieces.append(" " + rest[:74])
        rest = rest[74:]
    return "".join(f"{piece}\r\n" for piece in pieces)
