"""Mailing-list messages, from mbox and Pipermail archives; their bodies are deliberately not kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
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
from ospo_metrics.sources._mailbox import Piece, pieces
from ospo_metrics.sources._message import UnreadableError, read_message

NAME = "mailing_lists"
STREAMS = (Stream("messages", versions=False),)


@dataclass(frozen=True, slots=True)
class Archive:
    """Where the archive of a list lies."""

    location: str


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One list for each `[[sources.mailing_lists]]`, a project of its own kind."""
    del workspace
    return [Instance(one.id, one.id, Archive(one.location)) for one in settings.sources.mailing_lists]


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over the messages of every file that is new or has changed, a checkpoint after each file.

    Every separator ends as an item or as a reject, so that both add up to what the claim says.
    """
    del stream
    location = instance.options.location
    known: dict[str, dict[str, Any]] = dict(context.cursor.get("files", {}))
    files: dict[str, dict[str, Any]] = {}
    unread = 0
    for path in _files(instance.id, location, context.workspace):
        name = within(context.workspace, path)
        name = name if name not in files else path.as_posix()
        try:
            seen = path.stat()
            mark = {"size": seen.st_size, "changed_ns": seen.st_mtime_ns}
            if (before := known.get(name)) and mark.items() <= before.items():
                files[name] = before
                continue
            found, newest = 0, None
            for piece in pieces(path):
                found += 1
                handed = _handed(piece, name, context.now)
                if isinstance(handed, Item) and handed.updated_at:
                    newest = max(newest or handed.updated_at, handed.updated_at)
                yield handed
        except OSError as error:
            unread += 1
            yield Reject(f"{name}:0", f"the file cannot be read: {error.strerror or error}")
            continue
        files[name] = {**mark, "found": found, "newest": newest.isoformat() if newest else None}
        yield Checkpoint({"files": {**known, **files}})
    yield Checkpoint({"files": files})
    newest_of_all = max((file["newest"] for file in files.values() if file["newest"]), default=None)
    yield Claim(
        unread + sum(file["found"] for file in files.values()),
        "message separators found" + (f", and {unread} files that cannot be read" if unread else ""),
        min(datetime.fromisoformat(newest_of_all), context.now) if newest_of_all else None,
    )


def _files(list_id: str, location: str, workspace: Path) -> list[Path]:
    if is_url(location):
        raise SourceError(
            f"mailing list '{list_id}': {location} is a web address, and archives are read from disk. "
            "Download it, and write the files' path or glob as 'location' in ospo.toml."
        )
    found = [
        file
        for path in expand(workspace, location)
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
        if file.is_file() and not file.name.startswith(".")
    ]
    if not found:
        raise SourceError(
            f"mailing list '{list_id}': {location} matches no file. Check 'location' in ospo.toml."
        )
    return found


def _handed(piece: Piece, name: str, now: datetime) -> Item | Reject:
    location = f"{name}:{piece.offset}"
    if piece.broken:
        return Reject(location, piece.broken)
    try:
        message = read_message(piece.text, piece.separator, now)
    except UnreadableError as error:
        reason = str(error) if piece.separator else f"text before the first separator: {error}"
        return Reject(location, reason)
    except Exception as error:  # no single message may cost the rest of its list
        return Reject(location, f"unreadable ({type(error).__name__})")
    payload = {**message.payload, "size_bytes": piece.size, "is_cut": piece.is_cut}
    return Item(message.key, as_json(payload), message.sent_at, location)
