"""GitHub's answers as a folder of files keeps them, read like GitHub itself.

`<folder>/<owner>/<name>/<stream>.jsonl` holds one payload a line, as the raw log has it; `repositories.jsonl` must
be there, another file that is missing says that there is nothing of it. `<folder>/recorded_at.txt` says when that was.
The cursor: `read`, of each file that was read a digest and how much was in it; and while one is being read its name
as `file`, its `digest` and the last `line`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ospo_metrics.items import Checkpoint, Claim, Context, Handed, Item, Reject, SourceError
from ospo_metrics.paths import within
from ospo_metrics.sources._github_api import parse
from ospo_metrics.sources._github_nodes import instant, item
from ospo_metrics.web import redact

_LINES_A_CHECKPOINT = 1000


@dataclass(frozen=True, slots=True)
class Recording:
    """One repository's recorded answers; `id` is the permanent one."""

    workspace: Path
    root: Path
    folder: Path
    id: str

    @property
    def recorded_at(self) -> datetime | None:
        """When it was recorded, if the recording says so."""
        file = self.root / "recorded_at.txt"
        if not file.is_file():
            return None
        text = file.read_text(encoding="utf-8").strip()
        if (found := instant(text)) is None:
            raise SourceError(f"GitHub: {file} holds {text[:40]!r}. Write an instant: 2026-01-31T00:00:00Z.")
        return found


def look(workspace: Path, recorded: str, names: Sequence[str]) -> dict[str, Recording | SourceError]:
    """Each repository by the name it was asked for, or why it cannot be read."""
    return {name: _find(workspace, recorded, name) for name in names}


def repositories_of(workspace: Path, recorded: str, owner: str) -> list[str]:
    """The full names of an owner's repositories, as the recording spells them."""
    folder = _child(workspace / recorded, owner)
    held = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    return sorted(f"{folder.name}/{path.name}" for path in held)


def read_recorded(recording: Recording, streams: Sequence[str], context: Context) -> Iterator[Handed]:
    """What the files of a stream, and of the streams that come with it, hold and the cursor does not."""
    place, observed = {"read": {}, **context.cursor}, recording.recorded_at
    for name in streams:
        file = recording.folder / f"{name}.jsonl"
        if not file.is_file():
            continue
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "blake2b").hexdigest()[:32]
        if place["read"].get(name, [""])[0] != digest:
            count = yield from _read(recording, name, streams[0], digest, place)
            place = {"read": {**place["read"], name: [digest, count]}}
            yield Checkpoint(place)
        how = f"what {within(recording.workspace, file)} holds"
        yield Claim(place["read"][name][1], how, observed, "" if name == streams[0] else name)


def _read(
    recording: Recording, name: str, stream: str, digest: str, place: Mapping[str, Any]
) -> Generator[Handed, None, int]:
    """One file from where an interrupted run left it; the number of different things in it."""
    is_under_way = (place.get("file"), place.get("digest")) == (name, digest)
    start = int(place["line"]) if is_under_way else 0
    keys, flaws = set[str](), 0
    for number, found in _records(recording, name, stream):
        if isinstance(found, Item):
            keys.add(found.key)
        else:
            flaws += 1
        if number <= start:
            continue
        yield found
        if number % _LINES_A_CHECKPOINT == 0:
            yield Checkpoint({"read": place["read"], "file": name, "digest": digest, "line": number})
    return len(keys) + flaws


def _records(recording: Recording, name: str, stream: str) -> Iterator[tuple[int, Item | Reject]]:
    """Each line of a file with its number, as an item or a reject."""
    file = recording.folder / f"{name}.jsonl"
    place, recorded_at = within(recording.workspace, file), recording.recorded_at
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{place}:{number}"
            try:
                payload = parse(line.decode("utf-8"))
            except ValueError as error:
                excerpt = redact(line[:200].decode("utf-8", "replace"))
                yield number, Reject(where, f"no JSON: {error}", excerpt, "" if name == stream else name)
                continue
            as_of = instant(payload.get("asOf")) if isinstance(payload, dict) else None
            yield number, item(name, payload, where, stream, as_of or recorded_at)


def _find(workspace: Path, recorded: str, name: str) -> Recording | SourceError:
    root = workspace / recorded
    owner, repository = name.split("/")
    folder = _child(_child(root, owner), repository)
    file = folder / "repositories.jsonl"
    if not file.is_file():
        return SourceError(
            f"GitHub, {name}: the recording {recorded!r} has no file {within(workspace, file)}. "
            "Check 'recorded' and 'projects' in ospo.toml."
        )
    for _, found in _records(Recording(workspace, root, folder, ""), "repositories", "repositories"):
        if isinstance(found, Item):
            return Recording(workspace, root, folder, found.key)
    return SourceError(f"GitHub, {name}: {within(workspace, file)} holds no repository with its databaseId.")


def _child(folder: Path, name: str) -> Path:
    """The subfolder of that name, in whatever capitals."""
    if (folder / name).is_dir() or not folder.is_dir():
        return folder / name
    alike = (path for path in folder.iterdir() if path.name.casefold() == name.casefold())
    return next(alike, folder / name)
