"""What a marketing team keeps: its spreadsheets of goals, events and campaigns, and its calendar."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ospo_metrics.simulation import office_hours, plan
from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.happenings import Happenings
from ospo_metrics.simulation.people import Person
from ospo_metrics.simulation.plan import ZONE

_GOALS = (
    ("more-storage-authors", "More authors", "Developers who run fastfs", "Your patch is welcome",
     "sprint; blog; mailing list",
     "new_contributors", 10, "2026-10-31", "storage"),
    ("answers-at-the-edge", "Faster answers", "People new to Edge", "Somebody answers", "webinar; hack day",
     "first_response_time", 24, "2026-12-31", "edge"),
    ("tracing-that-stays", "People who stay", "Operators", "Come for the workshop, stay for the project",
     "workshop; podcast",
     "newcomer_retention", 0.33, "2026-06-30", "observability"),
    ("answers-at-storage", "Answers within a day", "Whoever asks about storage", "Somebody answers", "mailing list",
     "first_response_time", 24, "2026-10-31", "storage"),
)  # fmt: skip
_GOAL_OF = {
    "storage": "more-storage-authors",
    "edge": "answers-at-the-edge",
    "observability": "tracing-that-stays",
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CONTENT = (
    (
        "2025-02-11",
        "article",
        "Why small files are hard",
        "https://blog.example.com/small-files",
        "us",
        "example/fastfs",
        "storage",
    ),
    (
        "2025-06-03",
        "article",
        "fastfs 2.0 is here",
        "https://blog.example.com/fastfs-2",
        "us",
        "example/fastfs",
        "storage",
    ),
    (
        "2025-08-19",
        "video",
        "Tracing a bakery",
        "https://videos.example.org/bakery",
        "community",
        "example/tracewell",
        "observability",
    ),
    (
        "2025-11-05",
        "podcast",
        "Edge at sea",
        "https://casts.example.net/edge-at-sea",
        "community",
        "example/edgeward",
        "edge",
    ),
    (
        "2026-02-04",
        "article",
        "Five traces a day",
        "https://blog.example.com/five-traces",
        "us",
        "example/tracewell",
        "observability",
    ),
    (
        "2026-05-22",
        "translation",
        "A German guide to edgeward",
        "https://guides.example.org/edgeward-de",
        "community",
        "example/edgeward",
        "edge",
    ),
)
_FEED = (
    ("2025-06-03T09:00:00Z", "fastfs 2.0 is here", "https://blog.example.com/fastfs-2/", ""),
    (
        "2025-09-12T07:30:00Z",
        "What we learned from a summer of issues",
        "https://blog.example.com/summer",
        '<p>See <a href="https://github.com/example/edgeward/issues">the list</a>.</p>',
    ),
    ("2026-03-03T10:15:00Z", "Lunch at the office", "https://blog.example.com/lunch", "<p>Soup.</p>"),
)
_COSTS = (
    ("2025-01-31", "openbuild-days-2025", "travel", 2900, "EUR", 40),
    ("2026-01-30", "openbuild-days-2026", "travel", 3350, "EUR", 44),
    ("2025-06-10", "fastfs-2-launch", "video production", 2100, "USD", 0),
    ("2026-02-09", "trace-week", "studio", 1200, "EUR", 6),
    ("2026-04-09", "edge-hackday-2026", "printing", 900, "CHF", 2),
)
_RATES = (("USD", 0.92, "2025-01-01"), ("USD", 0.88, "2026-01-01"))
_ORGANIZATIONS = (
    ("Providers of mail", "; ".join(plan.MAIL_PROVIDERS), "", "mail provider"),
    ("Umberfield University", "umberfield.test", "", "university"),
    ("Orchard & Vane", "orchardvane.example", "Orchard and Vane", "company"),
    ("Lindenfold", "lindenfold.example.net", "", "company"),
    ("Copperdale Foundation", "copperdale.example.org", "Copperdale", "foundation"),
    ("Example Corp", "example.com", "Example", "company"),
)
"""Of the other organizations nobody wrote down what they are called in profiles and addresses."""
_INTRODUCTIONS = (
    ("2025-03-20", "c-001", "hiring", "example/fastfs", "storage-sprint-2025", "trial"),
    ("2025-10-15", "c-002", "a partner", "example/tracewell", "observability-workshop-2025", "no interest"),
    ("2026-04-20", "c-003", "a partner", "example/edgeward", "edge-hackday-2026", "partnership"),
)
_HEARD = (
    ("word_of_mouth", ("a colleague", "a friend who runs it", "my manager told me"), 30),
    ("code_host", ("saw it on GitHub",), 22),
    ("search", ("a search engine", "googled it"), 18),
    ("blog", ("your blog",), 9),
    ("event", ("a talk at a conference",), 8),
    ("newsletter", ("the newsletter",), 5),
    ("other", ("cannot remember",), 8),
)
"""What people say when they are asked how they heard of us, the channel that it means, and how often they say it."""


def write(folder: Path, happenings: Happenings, seed: int, schedules: dict[str, Any]) -> dict[str, Any]:
    """Write `outreach/*.csv` and .xlsx, `calendars/outreach.ics` and `feeds/blog.xml`; returns the rows of each.

    `schedules` says which talks are about us, and who gives them.
    """
    target = folder / "outreach"
    survey, surveys = _survey(Dice(seed, "survey"))
    talks = _submitted(_talks(happenings, schedules, Dice(seed, "speakers")), Dice(seed, "submissions"))
    target.mkdir(parents=True, exist_ok=True)
    tables: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
        "goals": (
            ("goal_id", "goal", "audience", "message", "channels", "metric", "target", "by", "communities"),
            list(_GOALS),
        ),
        "events": (
            ("event_id", "name", "starts_on", "ends_on", "city", "country", "role", "communities", "goal_id",
             "cost", "currency", "staff_hours"),
            _events(),
        ),
        "campaigns": (
            ("campaign_id", "name", "starts_on", "ends_on", "channels", "about", "metric", "window_days",
             "communities", "goal_id", "cost", "currency", "staff_hours"),
            _campaigns(),
        ),
        "talks": (
            ("event_id", "title", "speaker_handle", "project", "url", "counts", "submitted", "accepted",
             "sponsored"),
            talks,
        ),
        "content": (("published_on", "kind", "title", "url", "by", "about", "communities"), list(_CONTENT)),
        "costs": (("paid_on", "object_id", "what", "amount", "currency", "staff_hours"), list(_COSTS)),
        "introductions": (
            ("made_on", "consent_id", "to", "about", "event_id", "outcome"), list(_INTRODUCTIONS)
        ),
        "survey": (
            ("survey_id", "answered_on", "communities", "recommend", "heard_from", "invited"), survey
        ),
        "rates": (("currency", "rate", "from"), list(_RATES)),
        "event_matches": (("event", "other", "same", "reason"), _event_matches()),
        "organizations": (("organization", "domains", "aliases", "kind"), list(_ORGANIZATIONS)),
        "affiliations": (
            ("person", "organization", "starts_on", "ends_on", "reason"),
            _affiliations(happenings.people, Dice(seed, "affiliations")),
        ),
    }  # fmt: skip
    for name, (header, rows) in tables.items():
        if name == "costs":
            _workbook(target / f"{name}.xlsx", name, [header, *rows])
            continue
        with (target / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return {
        "spreadsheets": {name: len(rows) for name, (_, rows) in tables.items()},
        "surveys": surveys,
        "submissions": _decided(talks),
        "calendar": {"location": "calendars/outreach.ics", "entries": _calendar(folder / "calendars")},
        "feed": {"location": "feeds/blog.xml", "entries": _feed(folder / "feeds")},
    }


def _events() -> list[tuple[Any, ...]]:
    held = [
        (event.id, event.title, event.day, event.day, event.city, event.country, event.role, event.community,
         _GOAL_OF[event.community], event.cost, "EUR", event.staff_hours)
        for event in plan.EVENTS
    ]  # fmt: skip
    spoken = [
        (conference_id, title, day, day + timedelta(days=1), "Nowhere", "", "spoke",
         "; ".join(each.id for each in plan.COMMUNITIES), "more-storage-authors", 1500, "EUR", 60)
        for conference_id, title, day in plan.CONFERENCES
    ]  # fmt: skip
    return sorted([*held, *spoken], key=lambda row: str(row[2]))


def _event_matches() -> list[tuple[Any, ...]]:
    """A recurring entry has a name of its own for each day, so somebody says which list is of which."""
    return [
        (office_hours.name(plan.local(day.year, day.month, day.day, 16)), f"outreach.office-hour.{day}", "yes",
         "who called in that day")
        for day in plan.OFFICE_HOURS
    ]  # fmt: skip


def _affiliations(people: Sequence[Person], dice: Dice) -> list[tuple[Any, ...]]:
    """Half of those who came to us or left, as we know it ourselves, and a few others."""
    rows: list[tuple[Any, ...]] = []
    for person in people:
        is_ours = any(job.organization == plan.OWN_ORGANIZATION for job in person.employments)
        if not dice.chance(0.5 if is_ours and len(person.employments) > 1 else 0.03):
            continue
        who = f"@{person.login}" if person.login else person.private_address
        rows += [
            (who, job.organization, _first_day(job.since), _last_day(job.until), "told us")
            for job in person.employments
        ]
    return rows


def _first_day(at: int | None) -> date | str:
    return "" if at is None else datetime.fromtimestamp(at, ZONE).date()


def _last_day(at: int | None) -> date | str:
    """The day before the one on which somebody left."""
    return "" if at is None else datetime.fromtimestamp(at, ZONE).date() - timedelta(days=1)


def _talks(happenings: Happenings, schedules: dict[str, Any], dice: Dice) -> list[tuple[Any, ...]]:
    """A talk that no schedule shows, what we said at our own workshop; and who on GitHub gives some of the others."""
    logins = {person.id: person.login for person in happenings.people if person.login}
    rows = [("observability-workshop-2025", "Traces for beginners", "", "example/tracewell", "", "yes")]
    for event_id, schedule in schedules.items():
        titles = [talk["title"] for talk in schedule["our_talks"]]
        for talk in schedule["our_talks"]:
            known = [logins[person] for person in talk["speakers"] if person in logins]
            if known and titles.count(talk["title"]) == 1 and dice.chance(0.85):
                rows.append((event_id, talk["title"], f"@{known[0]}", "", "", ""))
    return rows


_CONFERENCES = frozenset(each[0] for each in plan.CONFERENCES)


def _submitted(talks: list[tuple[Any, ...]], dice: Dice) -> list[tuple[Any, ...]]:
    """The same talks with the day on which each was submitted; what was not accepted, or is not decided yet."""
    rows: list[tuple[Any, ...]] = []
    for conference_id, _, day in plan.CONFERENCES:
        mine = [row for row in talks if row[0] == conference_id]
        for place, row in enumerate(mine):
            submitted = day - timedelta(days=100 + dice.below(15))
            rows.append((*row, submitted, "yes" if dice.chance(0.8) else "", "yes" if place == 0 else ""))
        for _ in range(3 + dice.below(4)):
            project = dice.pick([each.id for one in plan.COMMUNITIES for each in one.repositories])
            title = f"What we would have said of it, part {len(rows)}"
            submitted = day - timedelta(days=100 + dice.below(15))
            rows.append((conference_id, title, "", project, "", "", submitted, "no", ""))
    others = [(*row, "", "", "") for row in talks if row[0] not in _CONFERENCES]
    waiting = (
        "openbuild-days-2027",
        "What is next",
        "",
        "example/fastfs",
        "",
        "",
        date(2026, 10, 20),
        "",
        "",
    )
    return [*others, *rows, waiting]


def _decided(talks: list[tuple[Any, ...]]) -> dict[str, list[int]]:
    """Of each conference how many of the talks that were submitted were accepted, and how many there were."""
    submitted = [row for row in talks if row[6] and row[0] in _CONFERENCES]
    return {
        event: [
            sum(row[0] == event and row[7] != "no" for row in submitted),
            sum(row[0] == event for row in submitted),
        ]
        for event in sorted({row[0] for row in submitted})
    }


def _survey(dice: Dice) -> tuple[list[tuple[Any, ...]], list[dict[str, Any]]]:
    """The answers to each survey, and what is true of them."""
    rows: list[tuple[Any, ...]] = []
    told = []
    for survey in plan.SURVEYS:
        answers = [_answer(survey, dice) for _ in range(survey.answers)]
        rows += [row for row, _ in answers]
        scores = [row[3] for row, _ in answers if row[3] != ""]
        told.append(
            {
                "id": survey.id,
                "invited": survey.invited,
                "answers": survey.answers,
                "promoters": sum(score >= 9 for score in scores),
                "detractors": sum(score <= 6 for score in scores),
                "scores": len(scores),
                "heard_from_a_person": sum(channel == "word_of_mouth" for _, channel in answers),
                "heard_answers": sum(bool(channel) for _, channel in answers),
            }
        )
    return rows, told


def _answer(survey: plan.Survey, dice: Dice) -> tuple[tuple[Any, ...], str]:
    """A row of the sheet, and the channel that its answer means; nobody has to answer every question."""
    day = survey.first_day + timedelta(days=dice.below(21))
    community = "" if dice.chance(0.1) else dice.pick(plan.COMMUNITIES).id
    group = dice.pick_weighted(("promoter", "passive", "detractor"), survey.shares)
    lowest, highest = {"promoter": (9, 10), "passive": (7, 8), "detractor": (2, 6)}[group]
    score: Any = "" if dice.chance(0.04) else lowest + dice.below(highest - lowest + 1)
    channel, texts, _ = dice.pick_weighted(_HEARD, [weight for _, _, weight in _HEARD])
    text = dice.pick(texts)
    if dice.chance(0.06):
        channel = text = ""
    return (survey.id, day, community, score, text, survey.invited), channel


def _campaigns() -> list[tuple[Any, ...]]:
    return [
        (campaign.id, campaign.title, datetime.fromtimestamp(campaign.starts, ZONE).date(),
         datetime.fromtimestamp(campaign.ends - 1, ZONE).date(), campaign.channels,
         plan.community(campaign.community).repositories[0].id, campaign.metric, 28, campaign.community,
         _GOAL_OF[campaign.community], campaign.cost, "EUR", campaign.staff_hours)
        for campaign in plan.CAMPAIGNS
    ]  # fmt: skip


def _workbook(path: Path, title: str, rows: Sequence[Sequence[Any]]) -> None:
    """A sheet as a spreadsheet program saves it, byte for byte the same each time."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append([date.fromisoformat(cell) if _DAY.fullmatch(str(cell)) else cell for cell in row])
    made = datetime.fromtimestamp(plan.HISTORY_FROM, UTC).replace(tzinfo=None)
    book.properties.created = book.properties.modified = made
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as saved, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in saved.namelist():
            # Saving stamps the hour on every part and into one of them.
            content = re.sub(
                rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2023-11-01T00:00:00Z", saved.read(name)
            )
            target.writestr(zipfile.ZipInfo(name, (2023, 11, 1, 0, 0, 0)), content)


def _feed(folder: Path) -> int:
    """Our blog as Atom: one article that the spreadsheet has too, one about a project, one about lunch."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        "<title>Example OSPO</title><id>https://blog.example.com/</id><updated>2026-03-03T10:15:00Z</updated>",
    ]
    for published, title, url, text in _FEED:
        lines += [
            f"<entry><id>{url}</id><title>{title}</title><link href={quoteattr(url)}/>",
            f"<published>{published}</published><updated>{published}</updated>",
            f'<content type="html">{escape(text)}</content></entry>',
        ]
    (folder / "blog.xml").write_text("\n".join([*lines, "</feed>", ""]), encoding="utf-8")
    return len(_FEED)


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
