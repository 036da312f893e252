"""What Meetup's interface answered while it was open: events, and who said they would come, as saved JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from ospo_metrics.items import Item, Reject, as_json
from ospo_metrics.sources._attendance_forms import Seat, UnreadableError

_ANSWERS = {
    "yes": "registered",
    "no": "cancelled",
    "waitlist": "waiting",
    "yes_pending_payment": "registered",
}


def is_events(content: Any) -> bool:
    """Whether it is a list of events, an empty one too."""
    return isinstance(content, list) and all(
        isinstance(one, dict) and {"name", "time", "group"} <= set(one) for one in content
    )


def is_answers(content: Any) -> bool:
    """Whether it is a list of answers to an invitation."""
    return isinstance(content, list) and all(
        isinstance(one, dict) and {"member", "response"} <= set(one) for one in content
    )


def events_of(content: list[Mapping[str, Any]], name: str) -> Iterator[Item | Reject]:
    """Every event with its place and time; who hosts it is not kept."""
    for number, told in enumerate(content, 1):
        start = _moment(told.get("time"), told.get("utc_offset"))
        key = str(told.get("id") or "")
        if start is None or not key:
            yield Reject(
                f"{name}:event {number}", f"event {number}: no {'time that can be read' if key else 'id'}"
            )
            continue
        lasts = told.get("duration")
        end = start + timedelta(milliseconds=lasts) if isinstance(lasts, int) else start
        place = _part(told, "venue")
        payload = {
            "form": "entry",
            "uid": key,
            "title": " ".join(str(told.get("name")).split()),
            "acronym": None,
            "venue": place.get("name"),
            "city": place.get("city"),
            "start": start.isoformat(),
            "end": end.isoformat(),
            "is_all_day": False,
            "zone": None,
            "zone_unknown": False,
            "url": told.get("link"),
            "status": "cancelled" if told.get("status") == "cancelled" else "confirmed",
            "recurrence": None,
        }
        yield Item(key, as_json(payload), None, f"{name}:event {number}")


def seat_of(told: Mapping[str, Any]) -> Seat:
    """One answer: the member by number, what they answered, when, and with how many guests."""
    member = _part(told, "member")
    number = str(member.get("id") or "")
    if not number:
        raise UnreadableError("it names no member")
    status = _ANSWERS.get(str(told.get("response")).casefold())
    if status is None:
        raise UnreadableError(f"'response' holds none of the words that we know: {', '.join(_ANSWERS)}")
    hosts = bool(_part(member, "event_context").get("host"))
    offset = _part(told, "event").get("utc_offset")
    return Seat(
        ticket=number,
        status=status,
        member=f"meetup {number}",
        role="organiser" if hosts else "attendee",
        registered_at=_moment(told.get("created"), offset),
        guests=told["guests"] if isinstance(told.get("guests"), int) else 0,
    )


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What stands under a name, where that is an object; nothing where it is something else."""
    part = told.get(name)
    return part if isinstance(part, dict) else {}


def _moment(milliseconds: Any, offset: Any) -> datetime | None:
    """An instant from milliseconds since 1970, on the clock of the place."""
    if not isinstance(milliseconds, int) or not 0 < milliseconds < 7_258_118_400_000:
        return None
    shift = timedelta(milliseconds=offset) if isinstance(offset, int) and abs(offset) < 86_400_000 else None
    zone = timezone(shift) if shift is not None else UTC
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(zone)
