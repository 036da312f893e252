"""Talks and speakers of a schedule as JSON: frab's and pretalx's export, pretalx's own, Sessionize's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ospo_metrics.items import Item, Reject, SourceError, as_json
from ospo_metrics.sources._schedule_xml import day_of, zone_named


class _NoTalkError(Exception):
    """This is no talk; the text says why."""


class JsonSchedule:
    """One pass over a schedule: its own facts are complete when its talks have been read."""

    def __init__(self, calendar_id: str, name: str) -> None:
        self._calendar_id = calendar_id
        self._name = name
        self._zone: ZoneInfo | None = None
        self._seen: set[str] = set()
        self._days: list[str] = []
        self.facts: dict[str, str | None] = dict.fromkeys(
            ("title", "acronym", "venue", "city", "start", "end", "zone", "url")
        )

    def talks(self, text: bytes) -> Iterator[Item | Reject]:
        """The talks in the order of the file; `SourceError` if it is no schedule at all."""
        try:
            content = json.loads(text.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise self._error(f"is broken JSON ({error})") from None
        for number, told in enumerate(self._told(content), 1):
            yield self._talk_or_reject(told, number)
        self.facts["title"] = self.facts["title"] or self._calendar_id
        self.facts["start"] = self.facts["start"] or min(self._days, default=None)
        self.facts["end"] = self.facts["end"] or max(self._days, default=None)

    def _told(self, content: Any) -> Iterator[Any]:
        """The talks as their tool writes them, in the words of frab's export."""
        match content:
            case {"schedule": {"conference": {} as conference}}:
                yield from self._frab(conference)
            case {"talks": [*talks], "speakers": [*speakers]}:
                yield from self._pretalx(content, talks, speakers)
            case {"sessions": [*sessions], "speakers": [*speakers]}:
                rooms = {_key(room): _words(room.get("name")) for room in _dicts(content.get("rooms"))}
                names = {_key(each): _words(each.get("fullName")) for each in _dicts(speakers)}
                yield from (_sessionize(each, names, rooms) for each in sessions)
            case [{"sessions": [*_]}, *_] | [{"rooms": [*_]}, *_]:
                groups = [each for one in _dicts(content) for each in (_dicts(one.get("rooms")) or [one])]
                for group in groups:
                    yield from (_sessionize(each, {}, {}) for each in group.get("sessions") or ())
            case _:
                raise self._error("is JSON, and no schedule of frab, pretalx or Sessionize")

    def _frab(self, conference: Mapping[str, Any]) -> Iterator[Any]:
        for name in ("title", "acronym", "venue", "city"):
            self.facts[name] = _words(conference.get(name))
        self.facts["url"] = _words(conference.get("url")) or _words(conference.get("base_url"))
        for name in ("start", "end"):
            self._take_day(name, conference.get(name))
        self._take_zone(conference.get("time_zone_name"))
        for day in _dicts(conference.get("days")):
            for room, talks in (day.get("rooms") or {}).items():
                for talk in talks or ():
                    yield {"room": room, "day": day.get("date"), **talk} if isinstance(talk, dict) else talk

    def _pretalx(self, content: Mapping[str, Any], talks: list[Any], speakers: list[Any]) -> Iterator[Any]:
        self._take_zone(content.get("timezone"))
        self._take_day("start", content.get("event_start"))
        self._take_day("end", content.get("event_end"))
        rooms = {_key(room): _words(room.get("name")) for room in _dicts(content.get("rooms"))}
        tracks = {_key(track): _words(track.get("name")) for track in _dicts(content.get("tracks"))}
        names = {str(each.get("code")): _words(each.get("name")) for each in _dicts(speakers)}
        for talk in talks:
            if not isinstance(talk, dict):
                yield talk
                continue
            people = [{"id": code, "name": names.get(str(code))} for code in talk.get("speakers") or ()]
            yield {
                **talk,
                "id": talk.get("code") or talk.get("id"),
                "date": talk.get("start"),
                "room": rooms.get(str(talk.get("room"))),
                "track": tracks.get(str(talk.get("track"))),
                "persons": people,
            }

    def _take_zone(self, name: Any) -> None:
        self._zone = zone_named(name)
        self.facts["zone"] = self._zone.key if self._zone else None

    def _take_day(self, name: str, told: Any) -> None:
        day = day_of(_words(told))
        self.facts[name] = day.isoformat() if day else None

    def _talk_or_reject(self, told: Any, number: int) -> Item | Reject:
        location = f"{self._name}:event {number}"
        try:
            key, payload = self._talk(told)
        except _NoTalkError as error:
            return Reject(location, str(error))
        self._seen.add(key)
        return Item(key, as_json(payload), None, location)

    def _talk(self, told: Any) -> tuple[str, dict[str, Any]]:
        if not isinstance(told, dict):
            raise _NoTalkError("no description of a talk")
        key = str(told.get("id") or told.get("guid") or told.get("code") or "").strip()
        title = _words(told.get("title"))
        if not key:
            raise _NoTalkError("an event without an id")
        if key in self._seen:
            raise _NoTalkError(f"event {key!r}: this id was there before")
        if title is None:
            raise _NoTalkError(f"event {key!r}: no title")
        start, is_unknown = self._start(told, key)
        self._days.append(start.date().isoformat())
        return key, {
            "id": key,
            "guid": _words(told.get("guid")),
            "slug": _words(told.get("slug")),
            "title": title,
            "subtitle": _words(told.get("subtitle")),
            "track": _words(told.get("track")),
            "room": _words(told.get("room")),
            "type": _words(told.get("type")),
            "language": _words(told.get("language")),
            "abstract": _words(told.get("abstract")),
            "description": _words(told.get("description")),
            "start": start.isoformat(),
            "zone": self._zone.key if self._zone else None,
            "zone_unknown": is_unknown,
            "duration_minutes": _minutes(told, start),
            "persons": _persons(told.get("persons") or told.get("speakers")),
            "links": _links(told),
            "url": _words(told.get("url")),
        }

    def _start(self, told: Mapping[str, Any], key: str) -> tuple[datetime, bool]:
        """When a talk starts, and whether its zone is unknown, UTC standing in for it."""
        text = _words(told.get("date"))
        if not text and told.get("day") and told.get("start"):
            text = f"{told['day']}T{told['start']}"
        if not text:
            raise _NoTalkError(f"event {key!r}: no start")
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise _NoTalkError(f"event {key!r}: its start {text[:40]!r} is no date and time") from None
        if not 1970 <= found.year <= 2200:
            raise _NoTalkError(f"event {key!r}: its start lies in the year {found.year}")
        zone = found.tzinfo or self._zone
        return found.replace(tzinfo=zone or UTC), zone is None

    def _error(self, what: str) -> SourceError:
        return SourceError(
            f"calendar '{self._calendar_id}': {self._name} {what}. Check 'location' in ospo.toml."
        )


def _sessionize(session: Any, names: Mapping[str, str | None], rooms: Mapping[str, str | None]) -> Any:
    """A session of Sessionize in the words of frab's export."""
    if not isinstance(session, dict):
        return session
    people = [
        {"id": one.get("id"), "name": one.get("name")}
        if isinstance(one, dict)
        else {"id": one, "name": names.get(str(one))}
        for one in session.get("speakers") or ()
    ]
    return {
        "id": session.get("id"),
        "title": session.get("title"),
        "description": session.get("description"),
        "date": session.get("startsAt"),
        "end": session.get("endsAt"),
        "room": session.get("room") or rooms.get(str(session.get("roomId"))),
        "type": "service session" if session.get("isServiceSession") else None,
        "persons": people,
        "url": session.get("liveUrl") or session.get("recordingUrl"),
    }


def _words(value: Any) -> str | None:
    """A text, also where it is kept in several languages: English before others."""
    if isinstance(value, dict):
        value = value.get("en") or value.get("name") or next((each for each in value.values() if each), None)
    return (
        str(value).strip() or None if isinstance(value, str | int) and not isinstance(value, bool) else None
    )


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _key(thing: Mapping[str, Any]) -> str:
    return str(thing.get("id"))


def _minutes(told: Mapping[str, Any], start: datetime) -> int | None:
    """The duration as minutes, as "hh:mm", or from the end."""
    duration = told.get("duration")
    if isinstance(duration, int) and not isinstance(duration, bool):
        return duration
    if found := re.fullmatch(r"(\d{1,3}):(\d\d)(?::\d\d)?", str(duration or ""), re.ASCII):
        return int(found[1]) * 60 + int(found[2])
    try:
        end = datetime.fromisoformat(str(told.get("end") or ""))
    except ValueError:
        return None
    span = end.replace(tzinfo=end.tzinfo or start.tzinfo) - start
    return int(span / timedelta(minutes=1)) if span >= timedelta() else None


def _persons(value: Any) -> list[dict[str, str | None]]:
    """The speakers, each once."""
    found: dict[str, dict[str, str | None]] = {}
    for person in _dicts(value):
        name = (
            _words(person.get("public_name"))
            or _words(person.get("name"))
            or _words(person.get("full_public_name"))
        )
        identity = _words(person.get("id")) or _words(person.get("guid")) or _words(person.get("code"))
        if name or identity:
            known_as = identity or f"name:{str(name).casefold()}"
            found.setdefault(known_as, {"id": known_as, "name": name})
    return list(found.values())


def _links(told: Mapping[str, Any]) -> list[str]:
    found = [
        _words(link.get("url") or link.get("href"))
        for link in _dicts(told.get("links")) + _dicts(told.get("resources"))
    ]
    return list(dict.fromkeys(link for link in found if link))
