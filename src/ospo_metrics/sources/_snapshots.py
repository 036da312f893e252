"""Files that people change by hand: what is in them now counts, and a row that was taken out is taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ospo_metrics.items import Checkpoint, Claim, Context, Handed, Item, Reject, as_json
from ospo_metrics.sources._tables import fingerprint


@dataclass(slots=True)
class Snapshot:
    """What one file holds at the moment, in one stream."""

    name: str
    mark: str
    items: list[Item] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def hand_over(
    found: Iterator[Snapshot],
    marks: Mapping[str, str],
    context: Context,
    how: str,
    until: datetime | None,
) -> Iterator[Handed]:
    """Hand over what changed since the cursor, and what was taken out as an item that says so.

    `marks` has each file that is there with its fingerprint; `found` reads those that changed. What a file held
    stays when the file goes: a list may be thrown away once it was read. What was wrong with it goes with it, and
    what it held goes too where the same file is there under another name.
    """
    known: dict[str, Any] = {name: dict(file) for name, file in context.cursor.get("files", {}).items()}
    renamed = [name for name, file in known.items() if name not in marks and file["mark"] in marks.values()]
    for snapshot in [*found, *(Snapshot(name, "") for name in renamed)]:
        before = known.get(snapshot.name, {"keys": [], "gone": [], "rejects": 0})
        keys = [item.key for item in snapshot.items]
        others = {key for name, file in known.items() if name != snapshot.name for key in file["keys"]}
        gone = [key for key in [*before["keys"], *before["gone"]] if key not in others | set(keys)]
        if not snapshot.items and not gone and before["rejects"]:
            gone = [f"file:{snapshot.name}"]
        yield from snapshot.rejects
        yield from snapshot.items
        yield from (_taken_out(key, snapshot.name) for key in gone)
        known[snapshot.name] = {
            "mark": snapshot.mark, "keys": keys, "gone": gone, "rejects": len(snapshot.rejects)
        }  # fmt: skip
    for name, file in known.items():
        if name not in marks and file["rejects"]:
            file["rejects"] = 0
            file["gone"] = [*file["gone"], f"file:{name}"]
            yield _taken_out(f"file:{name}", name)
    yield Checkpoint({"files": known})
    held = {key for file in known.values() for key in (*file["keys"], *file["gone"])}
    yield Claim(len(held) + sum(file["rejects"] for file in known.values()), how, until)


def mark_of(path: Path, setting: str, largest: int) -> str:
    """A fingerprint of what is in a file; of one that is too large, or cannot be opened, nothing is read."""
    try:
        size = path.stat().st_size
        return fingerprint(setting, path.read_bytes() if size <= largest else f"{size} bytes")
    except OSError as error:
        return fingerprint(setting, type(error).__name__)


def last_saved(paths: Iterable[Path], now: datetime) -> datetime | None:
    """When the newest of these files was saved: of what happened since, they cannot tell; None where there is none."""
    saved = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in paths]
    return min(max(saved), now) if saved else None


def changed(marks: Mapping[str, str], context: Context) -> list[str]:
    """The files that are not as they were at the last reading."""
    files = context.cursor.get("files", {})
    return [name for name, mark in marks.items() if files.get(name, {}).get("mark") != mark]


def _taken_out(key: str, name: str) -> Item:
    return Item(key, as_json({"is_taken_out": True}), None, f"{name}:0")
