"""Conferences to plan from, out of catalogues in the form of tech-conferences: a list for each year and topic."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

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
from ospo_metrics.sources._snapshots import last_saved

NAME = "catalogues"
STREAMS = (Stream("conferences", versions=True),)
_WORDS = (
    "name",
    "url",
    "startDate",
    "endDate",
    "city",
    "country",
    "online",
    "cfpUrl",
    "cfpEndDate",
    "locales",
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Where the files of a catalogue lie."""

    location: str


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One for each `[[sources.catalogues]]`."""
    del workspace
    return [Instance(one.id, None, Catalogue(one.location)) for one in settings.sources.catalogues]


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over every conference once, by its name, first day and city, with all topics under which it stands."""
    del stream
    paths = _paths(instance, context.workspace)
    files = [(within(context.workspace, path), path.read_bytes()) for path in paths]
    marks = hashlib.sha256()
    for name, raw in files:
        marks.update(name.encode() + b"\0" + raw + b"\0")
    cursor = dict(context.cursor)
    if cursor.get("sha256") != marks.hexdigest():
        found: dict[str, dict[str, Any]] = {}
        places: dict[str, str] = {}
        records = rejects = 0
        for name, raw in files:
            for number, told in _records(name, raw):
                records += 1
                if isinstance(told, str):
                    rejects += 1
                    yield Reject(f"{name}:record {number}", f"record {number}: {told}")
                    continue
                key = "|".join(str(told.get(word) or "") for word in ("name", "startDate", "city"))
                kept = found.setdefault(key, {word: told.get(word) for word in _WORDS} | {"topics": []})
                places.setdefault(key, f"{name}:record {number}")
                kept["topics"] = sorted({*kept["topics"], Path(name).stem})
        for key, conference in found.items():
            yield Item(key, as_json(conference), None, places[key])
        gone = sorted((set(cursor.get("keys", ())) | set(cursor.get("gone", ()))) - set(found))
        for key in gone:
            yield Item(key, as_json({"is_taken_out": True}), None, f"{files[0][0]}:0")
        cursor = {"sha256": marks.hexdigest(), "keys": sorted(found), "gone": gone,
                  "records": records, "rejects": rejects}  # fmt: skip
    yield Checkpoint(cursor)
    yield Claim(
        len(cursor["keys"]) + len(cursor["gone"]) + cursor["rejects"],
        f"different conferences in {cursor['records']:,} records",
        last_saved(paths, context.now),
    )


def _paths(instance: Instance, workspace: Path) -> list[Path]:
    location = instance.options.location
    if is_url(location):
        raise SourceError(
            f"catalogue '{instance.id}': {location} is a web address. Fetch the files and write where they lie."
        )
    paths = [path for path in expand(workspace, location) if path.is_file()]
    if not paths:
        raise SourceError(
            f"catalogue '{instance.id}': {location} matches no file. Check 'location' in ospo.toml."
        )
    return paths


def _records(name: str, raw: bytes) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Each record of a file, or what is wrong with it."""
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        yield 0, f"{Path(name).name} is broken JSON ({error})"
        return
    if not isinstance(content, list):
        yield 0, f"{Path(name).name} is no list of conferences"
        return
    for number, told in enumerate(content, 1):
        yield number, _problem(told) or told


def _problem(told: Any) -> str:
    if not isinstance(told, dict) or not str(told.get("name") or "").strip():
        return "a conference without a name"
    for word in ("startDate", "endDate"):
        if told.get(word) is None and word == "endDate":
            continue
        try:
            day = date.fromisoformat(str(told.get(word)))
        except ValueError:
            return f"{word} {str(told.get(word))[:40]!r} is no date; write it as 2026-01-31"
        if not 1970 <= day.year <= 2200:
            return f"{word} lies in the year {day.year}"
    return ""
