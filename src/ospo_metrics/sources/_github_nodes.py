"""What GitHub answers, one thing at a time, as an item with its key and time or as a reject with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ospo_metrics.items import Item, Reject, as_json
from ospo_metrics.web import redact

_IDENTITIES = {
    "repositories": ("databaseId", ""),
    "issues": ("fullDatabaseId", "updatedAt"),
    "issue_comments": ("fullDatabaseId", "updatedAt"),
    "issue_events": ("id", "createdAt"),
    "change_requests": ("fullDatabaseId", "updatedAt"),
    "change_request_comments": ("fullDatabaseId", "updatedAt"),
    "change_request_events": ("id", "createdAt"),
    "reviews": ("fullDatabaseId", "updatedAt"),
    "review_comments": ("fullDatabaseId", "updatedAt"),
    "discussions": ("databaseId", "updatedAt"),
    "discussion_comments": ("databaseId", "updatedAt"),
    "releases": ("databaseId", "updatedAt"),
    "stars": ("node.id", "starredAt"),
    "forks": ("databaseId", "createdAt"),
    "commits": ("oid", "committedDate"),
    "people": ("id", ""),
    "star_history": ("week", ""),
    "traffic": ("", ""),
    "labels": ("id", ""),
    "milestones": ("id", "updatedAt"),
}
"""The key of each stream's payloads, and the time of their last change where every one has it."""

_ACTORS = frozenset({"User", "Bot", "Organization", "Mannequin", "EnterpriseUserAccount"})
_PERSON = ("__typename", "id", "databaseId", "login", "name", "company", "location", "createdAt")


def item(
    stream: str, payload: Any, location: str, within: str = "", updated_at: datetime | None = None
) -> Item | Reject:
    """One payload as an item of its stream, named where it came `within` the reading of another."""
    named = stream if within and stream != within else ""
    if not isinstance(payload, dict):
        return Reject(location, "no object", redact(as_json(payload)[:200]), named)
    key, time = _key(stream, payload), _time(stream, payload)
    if isinstance(key, bool) or not isinstance(key, int | str) or key == "":
        return Reject(location, "a record without an id", redact(as_json(payload)[:200]), named)
    if _IDENTITIES[stream][1] and time is None:
        return Reject(
            location, "a record without the time of its last change", redact(as_json(payload)[:200]), named
        )
    number = payload.get("number", 1)
    if isinstance(number, bool) or not (isinstance(number, int) and 0 < number < 2**31):
        return Reject(location, "a record whose number is none", redact(as_json(payload)[:200]), named)
    text = str(key).encode("utf-8", "replace").decode("utf-8")
    return Item(text, as_json(payload), time or updated_at, str(payload.get("url") or location), named)


def _key(stream: str, payload: Mapping[str, Any]) -> Any:
    if stream == "traffic":
        day = str(payload.get("timestamp") or payload.get("asOf") or "")[:10]
        return f"{payload['kind']} {day}" if day and payload.get("kind") else ""
    key: Any = payload
    for part in _IDENTITIES[stream][0].split("."):
        key = key.get(part) if isinstance(key, dict) else None
    return key


def _time(stream: str, payload: Mapping[str, Any]) -> datetime | None:
    match stream:
        case "star_history":
            week = payload.get("week")
            return datetime.fromtimestamp(week, UTC) if isinstance(week, int) and 0 <= week < 2**32 else None
        case "traffic":
            return instant(payload.get("timestamp") or payload.get("asOf"))
        case _:
            return instant(payload.get(_IDENTITIES[stream][1]))


def without_people(value: Any, people: dict[str, Any]) -> Any:
    """The value with who acted in it by type, login and number; what else it told of them is put into `people`."""
    if isinstance(value, list):
        return [without_people(one, people) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("__typename") in _ACTORS and "id" in value:
        people[str(value["id"])] = {field: value.get(field) for field in _PERSON}
        return {field: value.get(field) for field in ("__typename", "login", "databaseId")}
    return {field: without_people(one, people) for field, one in value.items()}


def latest(node: Mapping[str, Any]) -> str:
    """The newest of a node's times, as text that sorts by time."""
    return max(str(node.get(field) or "") for field in ("createdAt", "updatedAt", "submittedAt"))


def instant(text: Any) -> datetime | None:
    """An instant as GitHub writes it; nothing where it is none."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def second(found: datetime) -> str:
    """An instant as GitHub writes it: such text sorts by time."""
    return f"{found.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
