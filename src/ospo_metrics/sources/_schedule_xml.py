"""Talks and speakers of a schedule in pentabarf XML, as FOSDEM, frab and pretalx write it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from zoneinfo import ZoneInfo, available_timezones

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from ospo_metrics.items import Item, Reject, SourceError, as_json


class _NoTalkError(Exception):
    """This is no talk; the text says why."""


class XmlSchedule:
    """One pass over a schedule: its own facts are complete when its talks have been read."""

    def __init__(self, calendar_id: str, name: str) -> None:
        self._calendar_id = calendar_id
        self._name = name
        self._zone: ZoneInfo | None = None
        self._day_change = time()
        self._day: date | None = None
        self._days: list[date] = []
        self._room: str | None = None
        self._seen: set[str] = set()
        self.facts: dict[str, str | None] = dict.fromkeys(
            ("title", "acronym", "venue", "city", "start", "end", "zone", "url")
        )

    def talks(self, text: bytes) -> Iterator[Item | Reject]:
        """The talks in the order of the file; `SourceError` if it is no schedule at all."""
        depth = found = 0
        in_event = False
        try:
            for kind, element in iterparse(io.BytesIO(text), events=("start", "end")):
                if kind == "start":
                    depth += 1
                    if depth == 1 and element.tag != "schedule":
                        raise self._error(f"is XML that begins with <{element.tag}>, not with <schedule>")
                    in_event = in_event or element.tag == "event"
                    if not in_event:
                        self._enter(element)
                    continue
                depth -= 1
                if element.tag == "conference":
                    self._conference(element)
                elif element.tag == "event":
                    in_event = False
                    found += 1
                    yield self._talk_or_reject(element, found)
                    element.clear()
        except DefusedXmlException:
            raise self._error("declares entities, which can be made to fill the memory") from None
        except (ParseError, ValueError, LookupError) as error:
            if depth == 0:
                raise self._error(
                    f"looks like {kind_of(text)}, not like a schedule in pentabarf XML"
                ) from None
            yield Reject(f"{self._name}:end", f"the XML breaks off here: {error}")
        self.facts["title"] = self.facts["title"] or self._calendar_id
        self.facts["start"] = self.facts["start"] or min(
            (day.isoformat() for day in self._days), default=None
        )
        self.facts["end"] = self.facts["end"] or max((day.isoformat() for day in self._days), default=None)

    def _error(self, what: str) -> SourceError:
        return SourceError(
            f"calendar '{self._calendar_id}': {self._name} {what}. Check 'location' in ospo.toml."
        )

    def _enter(self, element: Element) -> None:
        if element.tag == "day":
            self._day = day_of(element.get("date"))
            self._room = None
            if self._day:
                self._days.append(self._day)
        elif element.tag == "room":
            self._room = element.get("name")

    def _conference(self, element: Element) -> None:
        for name in ("title", "acronym", "venue", "city"):
            self.facts[name] = _said(element, name)
        self.facts["url"] = _said(element, "base_url") or _said(element, "url")
        for name in ("start", "end"):
            day = day_of(_said(element, name))
            self.facts[name] = day.isoformat() if day else None
        self._day_change = _clock(_said(element, "day_change")) or time()
        self._zone = zone_named(_said(element, "time_zone_name"))
        self.facts["zone"] = self._zone.key if self._zone else None

    def _talk_or_reject(self, event: Element, number: int) -> Item | Reject:
        key = event.get("id", "").strip() or event.get("guid", "").strip()
        location = f"{self._name}:event {number}"
        try:
            payload = self._talk(event, key)
        except _NoTalkError as error:
            return Reject(
                location, f"event {key!r}: {error}" if key else str(error), _said(event, "title") or ""
            )
        self._seen.add(key)
        return Item(key, as_json(payload), None, location)

    def _talk(self, event: Element, key: str) -> dict[str, Any]:
        title = _said(event, "title")
        if not key:
            raise _NoTalkError("an event without an id")
        if key in self._seen:
            raise _NoTalkError("this id was there before")
        if title is None:
            raise _NoTalkError("no title")
        start, zone_unknown = self._start(event)
        return {
            "id": key,
            "guid": event.get("guid"),
            "slug": _said(event, "slug"),
            "title": title,
            "subtitle": _said(event, "subtitle"),
            "track": _said(event, "track"),
            "room": _said(event, "room") or self._room,
            "type": _said(event, "type"),
            "language": _said(event, "language"),
            "abstract": _said(event, "abstract"),
            "description": _said(event, "description"),
            "start": start.isoformat(),
            "zone": self._zone.key if self._zone else None,
            "zone_unknown": zone_unknown,
            "duration_minutes": _minutes(_said(event, "duration")),
            "persons": _persons(event),
            "links": list(dict.fromkeys(href for link in event.iter("link") if (href := link.get("href")))),
            "url": _said(event, "url"),
        }

    def _start(self, event: Element) -> tuple[datetime, bool]:
        """When a talk starts, by its own date or by the clock on its day, and whether its zone is unknown.

        A clock before the day's change belongs to the night after that day. UTC stands in for no zone.
        """
        if exact := _moment(_said(event, "date")):
            return exact.replace(tzinfo=exact.tzinfo or self._zone or UTC), not (exact.tzinfo or self._zone)
        said = _said(event, "start")
        clock = _clock(said)
        if said is None:
            raise _NoTalkError("no start")
        if clock is None:
            raise _NoTalkError(f"its start {said!r} is no time of day")
        if self._day is None:
            raise _NoTalkError("it stands in no day that has a date")
        day = self._day + timedelta(days=1) if clock < self._day_change else self._day
        return datetime.combine(day, clock, self._zone or UTC), self._zone is None


def _said(element: Element, name: str) -> str | None:
    return (element.findtext(name) or "").strip() or None


def _persons(event: Element) -> list[dict[str, str | None]]:
    """The speakers, each once: some schedules list a person twice."""
    found: dict[str, dict[str, str | None]] = {}
    for person in event.iter("person"):
        name = (person.text or "").strip() or _said(person, "name") or _said(person, "public_name")
        identity = person.get("id")
        if name or identity:
            known_as = identity or f"name:{str(name).casefold()}"
            found.setdefault(known_as, {"id": known_as, "name": name})
    return list(found.values())


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text and len(text) > 10 else None
    except ValueError:
        return None


def _clock(text: str | None) -> time | None:
    found = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?", text or "", re.ASCII)
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else None
    except ValueError:
        return None


def _minutes(text: str | None) -> int | None:
    """A duration as "hh:mm" or "hh:mm:ss"."""
    found = re.fullmatch(r"(\d{1,3}):(\d\d)(?::\d\d)?", text or "", re.ASCII)
    return int(found[1]) * 60 + int(found[2]) if found else None


def zone_named(name: object) -> ZoneInfo | None:
    """The zone of that name, None unless the models know it too: what only some machines have would stop a build."""
    return ZoneInfo(name) if isinstance(name, str) and name in _zones() else None


@cache
def _zones() -> frozenset[str]:
    own = ("localtime", "posixrules", "Factory")
    return frozenset(
        name
        for name in available_timezones()
        if name not in own and not name.startswith(("posix/", "right/"))
    )


def day_of(text: str | None) -> date | None:
    """The day with which a text begins, where it is one."""
    try:
        day = date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None
    return day if 1970 <= day.year <= 2200 else None


def kind_of(text: bytes) -> str:
    """What a file that is no schedule seems to be, in words."""
    beginning = text.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if not beginning:
        return "an empty file"
    for mark, kind in (
        (b"begin:vcalendar", "an iCalendar file"),
        (b"<!doctype html", "a web page"),
        (b"<html", "a web page"),
        (b"{", "JSON"),
        (b"[", "JSON"),
        (b"<", "broken XML"),
        (b"pk\x03\x04", "a zip file"),
        (b"%pdf", "a PDF"),
    ):
        if beginning.startswith(mark):
            return kind
    return "plain text" if b"\0" not in beginning else "something binary"
