"""Events of an iCalendar file, each recurrence by itself; who is invited is not kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from math import prod
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component

from ospo_metrics.items import Item, Reject, SourceError, as_json
from ospo_metrics.sources._schedule_xml import zone_named

MOST_RECURRENCES = 2_000
"""A weekly meeting of forty years; an entry that recurs more often was typed wrong."""
MOST_IN_A_DAY = 24
LONGEST = timedelta(days=3660)
"""Ten years; to work out the days of an entry that lasts for a century takes longer than a night."""
DAYS_AHEAD = 730
_NEEDED = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One VEVENT, and the line on which it begins."""

    line: int
    uid: str
    event: Component


def events_of(
    text: bytes, calendar_id: str, name: str, timezone: str, now: datetime
) -> Iterator[Item | Reject]:
    """Every event up to two years ahead; of an entry that stands twice the later version counts.

    Times without a zone are on the calendar's own clock, else on the clock of `timezone`. `SourceError` if it is no
    calendar at all.
    """
    lines = _unfolded(text)
    zones, blocks, is_whole = _blocks(lines)
    if not blocks and not is_whole:
        raise SourceError(
            f"calendar '{calendar_id}': {name} breaks off before its first entry. Check 'location' in ospo.toml."
        )
    told = next((line.split(":", 1)[1] for _, line in lines if line.upper().startswith("X-WR-TIMEZONE:")), "")
    zone = zone_named(told.strip()) or ZoneInfo(timezone)
    entries: dict[str, list[_Entry]] = defaultdict(list)
    for line, block in blocks:
        try:
            entry = _entry(line, block, zones)
        except _BadEntryError as error:
            yield Reject(f"{name}:{line}", f"entry on line {line}: {error}")
        else:
            entries[entry.uid].append(entry)
    for uid, found in entries.items():
        current, older = _newest_versions(found)
        yield from (
            Reject(
                f"{name}:{each.line}", f"entry on line {each.line}: a later version of this UID replaces it"
            )
            for each in older
        )
        try:
            yield from _occurrences(uid, current, name, zone, now)
        except _BadEntryError as error:
            yield Reject(f"{name}:{current[0].line}", f"entry on line {current[0].line}: {error}")
    if not is_whole:
        yield Reject(f"{name}:end", "the calendar breaks off here, within an entry or before its end")


class _BadEntryError(Exception):
    """This entry cannot be read; the text says why."""


def _unfolded(text: bytes) -> list[tuple[int, str]]:
    """The lines with their numbers; one that begins with a blank goes on from the one before."""
    found: list[tuple[int, list[str]]] = []
    content = text.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(content.split("\n"), 1):
        if line[:1] in (" ", "\t") and found:
            found[-1][1].append(line[1:])
        elif line:
            found.append((number, [line]))
    return [(number, "".join(parts)) for number, parts in found]


def _blocks(lines: list[tuple[int, str]]) -> tuple[list[str], list[tuple[int, list[str]]], bool]:
    """The zones, the entries with their line, and whether the calendar comes to its end."""
    zones: list[str] = []
    blocks: list[tuple[int, list[str]]] = []
    inside, begun, block = "", 0, list[str]()
    for number, line in lines:
        word = line.strip().upper()
        if not inside and word in ("BEGIN:VEVENT", "BEGIN:VTIMEZONE"):
            inside, begun, block = word.removeprefix("BEGIN:"), number, []
        elif inside and word == "BEGIN:VEVENT":  # the one before never ended
            blocks.append((begun, block))
            inside, begun, block = "VEVENT", number, []
        if inside:
            block.append(line)
        if inside and word == f"END:{inside}":
            if inside == "VEVENT":
                blocks.append((begun, block))
            else:
                zones += block
            inside = ""
    ended = bool(lines) and lines[-1][1].strip().upper() == "END:VCALENDAR"
    return zones, blocks, ended and not inside


def _entry(line: int, block: list[str], zones: list[str]) -> _Entry:
    if block[-1].strip().upper() != "END:VEVENT":
        raise _BadEntryError("it does not end")
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-", *zones, *block, "END:VCALENDAR", ""]
    try:
        calendar = Calendar.from_ical("\r\n".join(whole))
        (event,) = calendar.walk("VEVENT")
    except Exception as error:  # the library raises whatever its parts raise
        raise _BadEntryError(f"it cannot be read ({type(error).__name__})") from None
    broken = sorted({str(name) for name, _ in event.errors})
    if needed := [name for name in broken if name in _NEEDED]:
        raise _BadEntryError(f"{', '.join(needed)} cannot be read")
    start = event.get("DTSTART")
    moment = getattr(start, "dt", None)
    if moment is None:
        raise _BadEntryError("it has no DTSTART that can be read")
    if not 1970 <= moment.year <= 2200:
        raise _BadEntryError(f"it begins in the year {moment.year}")
    # The library would take the end for the beginning, and another day than anybody wrote for that of the event.
    lasts = _lasts(moment, event)
    if lasts < timedelta():
        raise _BadEntryError("it ends before it begins")
    if lasts > LONGEST:
        raise _BadEntryError(f"it lasts longer than {LONGEST.days // 366} years, which no event does")
    told = event.get("RRULE")
    for rule in told if isinstance(told, list) else [told] if told else []:
        if str((rule.get("FREQ") or [""])[0]).upper() in ("SECONDLY", "MINUTELY", "HOURLY"):
            raise _BadEntryError("it recurs within the hour, which no event does")
        if prod(len(rule.get(part) or [0]) for part in ("BYHOUR", "BYMINUTE", "BYSECOND")) > MOST_IN_A_DAY:
            raise _BadEntryError(f"it recurs more than {MOST_IN_A_DAY} times a day, which no event does")
    uid = str(event.get("UID") or "").strip() or f"{event.get('SUMMARY', '')}|{moment.isoformat()}"
    return _Entry(line, uid, calendar)


def _lasts(start: date, event: Component) -> timedelta:
    """How long an entry says that it lasts; in whole days where its two ends are not on the same kind of clock."""
    length, end = (getattr(event.get(word), "dt", None) for word in ("DURATION", "DTEND"))
    if isinstance(length, timedelta):
        return length
    if not isinstance(end, date):
        return timedelta()
    if (
        isinstance(start, datetime)
        and isinstance(end, datetime)
        and (start.tzinfo is None) == (end.tzinfo is None)
    ):
        return end - start
    first, last = (one.date() if isinstance(one, datetime) else one for one in (start, end))
    return last - first


def _newest_versions(found: list[_Entry]) -> tuple[list[_Entry], list[_Entry]]:
    """Of each recurrence the version with the highest sequence, then the newest stamp, then the last in the file."""
    by_recurrence: dict[str, list[_Entry]] = defaultdict(list)
    for entry in found:
        recurrence = _event(entry).get("RECURRENCE-ID")
        by_recurrence[recurrence.dt.isoformat() if recurrence is not None else ""].append(entry)
    current, older = [], []
    for versions in by_recurrence.values():
        ordered = sorted(versions, key=_version)
        current.append(ordered[-1])
        older += ordered[:-1]
    return sorted(current, key=lambda entry: entry.line), older


def _version(entry: _Entry) -> tuple[int, str, int]:
    event = _event(entry)
    stamp = event.get("LAST-MODIFIED") or event.get("DTSTAMP")
    when = stamp.dt.isoformat() if stamp is not None and hasattr(stamp, "dt") else ""
    sequence = str(event.get("SEQUENCE", 0))
    return int(sequence) if sequence.isdigit() else 0, when, entry.line


def _occurrences(
    uid: str, entries: list[_Entry], name: str, zone: tzinfo, now: datetime
) -> Iterator[Item | Reject]:
    """Each recurrence of an entry; a cancelled one is an event that is cancelled."""
    whole = Calendar()
    lines: dict[str, int] = {}
    for entry in entries:
        for part in entry.event.subcomponents:
            if part.name == "VEVENT" or len(entries) == 1:
                whole.add_component(part)
        recurrence = _event(entry).get("RECURRENCE-ID")
        lines[recurrence.dt.isoformat() if recurrence is not None else ""] = entry.line
    recurs = any(_event(entry).get(word) for entry in entries for word in ("RRULE", "RDATE", "RECURRENCE-ID"))
    last = (now + timedelta(days=DAYS_AHEAD)).date()
    try:
        found = (
            list(islice(recurring_ical_events.of(whole).after(date(1970, 1, 1)), MOST_RECURRENCES + 1))
            if not recurs
            else _bounded(recurring_ical_events.of(whole).after(date(1970, 1, 1)), last)
        )
    except _BadEntryError:
        raise
    except Exception as error:  # the library raises whatever its parts raise
        raise _BadEntryError(f"its recurrence cannot be worked out ({type(error).__name__})") from None
    for event in found:
        payload = _payload(uid, event, zone, recurs=recurs)
        own = event.get("RECURRENCE-ID")
        line = lines.get(own.dt.isoformat() if own is not None else "", entries[0].line)
        suffix = f"|{payload['recurrence']}" if recurs else ""
        yield Item(f"{uid}{suffix}", as_json(payload), None, f"{name}:{line}")


def _bounded(events: Iterator[Any], last: date) -> list[Any]:
    found: list[Any] = []
    for event in events:
        start = event["DTSTART"].dt
        if (start.date() if isinstance(start, datetime) else start) > last:
            break
        found.append(event)
        if len(found) > MOST_RECURRENCES:
            raise _BadEntryError(f"it recurs more than {MOST_RECURRENCES:,} times")
    return found


def _payload(uid: str, event: Any, zone: tzinfo, *, recurs: bool) -> dict[str, Any]:
    start = event["DTSTART"].dt
    end = event.end if event.get("DTEND") is not None or event.get("DURATION") is not None else start
    is_all_day = not isinstance(start, datetime)
    begins, ends = _on_a_clock(start, zone), _on_a_clock(end, zone)
    if is_all_day and ends > begins:
        ends -= timedelta(days=1)  # the end of a day that is over is not a day of the event
    own = event.get("RECURRENCE-ID")
    status = str(event.get("STATUS") or "CONFIRMED").lower()
    has_zone = isinstance(start, datetime) and start.tzinfo is not None
    return {
        "form": "entry",
        "uid": uid,
        "title": _line(event.get("SUMMARY")),
        "acronym": None,
        "venue": _line(event.get("LOCATION")),
        "city": None,
        "start": begins.date().isoformat() if is_all_day else begins.isoformat(),
        "end": ends.date().isoformat() if is_all_day else ends.isoformat(),
        "is_all_day": is_all_day,
        "zone": _zone_name(start, zone),
        "zone_unknown": not is_all_day and not has_zone,
        "url": _line(event.get("URL")),
        "status": status if status in ("confirmed", "tentative", "cancelled") else "confirmed",
        "recurrence": (own.dt if own is not None else start).isoformat() if recurs else None,
    }


def _event(entry: _Entry) -> Any:
    return entry.event.walk("VEVENT")[0]


def _on_a_clock(moment: date | datetime, zone: tzinfo) -> datetime:
    if isinstance(moment, datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return datetime.combine(moment, time(), zone)


def _zone_name(moment: date | datetime, zone: tzinfo) -> str | None:
    """The zone as the time zone database has it; None for one that the calendar made up, whose offsets are kept."""
    own = moment.tzinfo if isinstance(moment, datetime) and moment.tzinfo else zone
    named = zone_named(getattr(own, "key", None))
    return "UTC" if own == UTC else named.key if named else None


def _line(value: Any) -> str | None:
    return " ".join(str(value).split()) or None if value is not None else None
