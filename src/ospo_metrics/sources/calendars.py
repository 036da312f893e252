"""Events and their talks, from schedules in pentabarf XML or as JSON, and from calendars in iCalendar form."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from ospo_metrics.items import (
    Checkpoint,
    Claim,
    Context,
    Handed,
    Instance,
    Item,
    Reject,
    SourceError,
    Stream,
    as_json,
)
from ospo_metrics.paths import expand, is_url, within
from ospo_metrics.sources import _meetup as _meetup_events
from ospo_metrics.sources._icalendar import events_of
from ospo_metrics.sources._schedule_json import JsonSchedule
from ospo_metrics.sources._schedule_xml import XmlSchedule
from ospo_metrics.sources._snapshots import last_saved

NAME = "calendars"
STREAMS = (Stream("talks", versions=True), Stream("events", versions=True))

LARGEST_SCHEDULE = 100 << 20
"""FOSDEM's thousand talks take 3 MB; a schedule of 100 MB is something else."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where the schedule of an event lies, or a calendar of events; the zone is for times that name none."""

    location: str
    timezone: str = "UTC"


class _Schedule(Protocol):
    """A schedule: its own facts are complete when its talks have been read."""

    facts: dict[str, str | None]

    def talks(self, text: bytes) -> Iterator[Item | Reject]: ...


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One schedule or calendar for each `[[sources.calendars]]`; talks count for no project by themselves."""
    del workspace
    zone = settings.ospo.timezone
    return [Instance(one.id, None, Calendar(one.location, zone)) for one in settings.sources.calendars]


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over every talk of a schedule, or its event, or the events of a calendar, unless nothing changed.

    Everything in the file ends as an item or as a reject, so that both add up to what the claim says. What is no
    longer in it stays when its time had come, for many calendars drop what is over; else it was taken back.
    """
    name, text = _text(instance, context)
    mark = hashlib.sha256(text).hexdigest()
    if _is_calendar(text):  # what recurs for ever goes on a little further each month
        mark += f" {context.now:%Y-%m}"
    cursor = dict(context.cursor)
    if cursor.get("sha256") != mark or "keys" not in cursor:
        read_now = _calendar if _is_calendar(text) else _meetup if _is_meetup(text) else _schedule
        keys: dict[str, str] = {}
        count, end, is_whole = 0, None, True
        for handed in read_now(instance, stream, name, text, context):
            if isinstance(handed, str):
                end = handed
                continue
            count += 1
            if isinstance(handed, tuple):
                item, start = handed
                keys[item.key] = start
                yield item
            else:
                is_whole &= not handed.location.endswith(":end")
                yield handed
        if not is_whole:  # what stood behind the break is still there, as far as anybody knows
            count += len(set(cursor.get("keys", ())) - set(keys))
            keys = {**cursor.get("keys", {}), **keys}
        gone = set(cursor.get("gone", ())) | set(cursor.get("keys", ()))
        for key in sorted(set(cursor.get("keys", ())) - set(keys)):
            if cursor["keys"][key] > context.now.isoformat():
                yield Item(key, as_json({"is_taken_out": True}), None, f"{name}:0")
        cursor = {"sha256": mark, "count": count, "end": end, "keys": keys, "gone": sorted(gone - set(keys))}
    yield Checkpoint(cursor)
    end = cursor["end"]
    over = (
        datetime.combine(date.fromisoformat(end) + timedelta(days=1), time(), UTC)
        if end
        else _until(instance, context)
    )
    how = {"talks": "talks in the schedule", "events": "events in the calendar"}[stream]
    yield Claim(cursor["count"] + len(cursor["gone"]), how, min(over, context.now))


_Read = Iterator[tuple[Item, str] | Reject | str]
"""Items with the time at which they begin, rejects, and the last day where the file has one."""


def _schedule(instance: Instance, stream: str, name: str, text: bytes, context: Context) -> _Read:
    del context
    schedule: _Schedule = (JsonSchedule if _is_json(text) else XmlSchedule)(instance.id, name)
    for handed in schedule.talks(text):
        if stream == "talks":
            yield (handed, str(_start_of(handed))) if isinstance(handed, Item) else handed
    facts = schedule.facts
    if facts["end"]:
        yield facts["end"]
    if stream == "events":
        payload = {"form": "schedule", "uid": instance.id, **facts, "status": "confirmed"}
        yield Item(instance.id, as_json(payload), None, name), facts["start"] or ""


def _calendar(instance: Instance, stream: str, name: str, text: bytes, context: Context) -> _Read:
    if stream != "events":
        return
    for handed in events_of(text, instance.id, name, instance.options.timezone, context.now):
        yield (handed, str(_start_of(handed))) if isinstance(handed, Item) else handed


def _meetup(instance: Instance, stream: str, name: str, text: bytes, context: Context) -> _Read:
    del instance, context
    if stream != "events":
        return
    for handed in _meetup_events.events_of(json.loads(text.decode("utf-8-sig")), name):
        yield (handed, str(_start_of(handed))) if isinstance(handed, Item) else handed


def _start_of(item: Item) -> str:
    return str(json.loads(item.payload)["start"])


def _until(instance: Instance, context: Context) -> datetime:
    """Until when a calendar can tell: now on the web, on disk when it was saved."""
    location = instance.options.location
    saved = None if is_url(location) else last_saved(expand(context.workspace, location), context.now)
    return saved or context.now


def _is_json(text: bytes) -> bool:
    return text.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def _is_meetup(text: bytes) -> bool:
    try:
        return _is_json(text) and _meetup_events.is_events(json.loads(text.decode("utf-8-sig")))
    except (ValueError, RecursionError):
        return False


def _is_calendar(text: bytes) -> bool:
    return text.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].upper() == b"BEGIN:VCALENDAR"


def _text(instance: Instance, context: Context) -> tuple[str, bytes]:
    """The name and the unpacked text of a schedule, from disk or from the web."""
    location = instance.options.location
    if is_url(location):
        parts = urlsplit(location)
        name = f"{parts.scheme}://{parts.hostname}{parts.path}"  # no login, no query: they may be secrets
        raw = _download(instance.id, location, context.now)
    else:
        found = [path for path in expand(context.workspace, location) if path.is_file()]
        if len(found) != 1:
            amount = f"{len(found)} files, and a calendar is one file" if found else "no file"
            raise SourceError(
                f"calendar '{instance.id}': {location} matches {amount}. Check 'location' in ospo.toml."
            )
        name = within(context.workspace, found[0])
        with found[0].open("rb") as file:
            raw = file.read(LARGEST_SCHEDULE + 1)
    problem = ""
    if raw.startswith(b"\x1f\x8b"):
        try:
            raw = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(LARGEST_SCHEDULE + 1)
        except (OSError, EOFError, zlib.error) as error:
            problem = f"breaks off while it is unpacked: {error}. Fetch it again"
    if len(raw) > LARGEST_SCHEDULE:
        problem = f"is larger than {LARGEST_SCHEDULE >> 20} MB, which no schedule is"
    if problem:
        raise SourceError(f"calendar '{instance.id}': {name} {problem}. Check 'location' in ospo.toml.")
    return name, raw


@lru_cache(maxsize=1)
def _download(calendar_id: str, url: str, now: datetime) -> bytes:
    """Fetch a schedule once in a run, for both of its streams."""
    from ospo_metrics import web

    del now
    try:
        return web.download(url, LARGEST_SCHEDULE)
    except web.WebError as error:
        raise SourceError(f"calendar '{calendar_id}': {error}. Check 'location' in ospo.toml.") from None
