"""Archives of mail on this machine: mbox and Pipermail texts, zipped exports, Maildir, public-inbox."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ospo_metrics.paths import expand, within
from ospo_metrics.sources import _public_inbox
from ospo_metrics.sources._archive import Archive, FormatError, News, Part
from ospo_metrics.sources._mailbox import (
    KEPT_OF_A_MESSAGE,
    NO_SEPARATOR,
    Piece,
    looks_at,
    pieces,
    zipped_pieces,
)

MESSAGES_AT_ONCE = 5_000

_PIPERMAIL = re.compile(rb"\s*From \S+ (?:at|@end\|ng \|rom|@ending from|m@iii@g oii|m@ili@g off) \S")


def open_files(location: str, wanted: str, workspace: Path) -> Archive:
    """The archive that a path or glob stands for; raises `FormatError` where it is not of the wanted format."""
    found = expand(workspace, location)
    if not found or not any(path.is_file() or any(path.iterdir()) for path in found):
        raise FormatError(f"{location} matches no file")
    if len(found) == 1 and found[0].is_dir():
        folder = found[0]
        if wanted in ("auto", "maildir") and (boxes := _maildirs(folder)):
            return Archive("Maildir", [_maildir(box, within(workspace, box)) for box in boxes])
        if wanted == "maildir":
            raise FormatError(f"there is no folder 'cur' in {folder}, so it is no Maildir")
        if wanted in ("auto", "public-inbox") and (epochs := _public_inbox.repositories(folder)):
            shown = _public_inbox.version(epochs[0])
            return Archive(shown, [_public_inbox.part(one, within(workspace, one)) for one in epochs])
    if wanted in ("maildir", "public-inbox"):
        raise FormatError(f"{found[0]} is no {wanted} folder")
    files = [
        file
        for path in found
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
        if file.is_file() and not file.name.startswith(".")
    ]
    names = _names(files, workspace)
    kinds = sorted({_kind(file) for file in files})
    if wanted == "groupsio" and kinds != ["Groups.io export"]:
        raise FormatError(f"{found[0]} is no zipped export of Groups.io but {' and '.join(kinds) or 'empty'}")
    return Archive(
        " and ".join(kinds), [file_part(file, name) for file, name in zip(files, names, strict=True)]
    )


def file_part(path: Path, name: str) -> Part:
    """A file that is read again as a whole when it changed."""
    return Part(name, partial(_file_news, path, name))


def text_pieces(path: Path, name: str) -> Iterator[tuple[str, Piece]]:
    """The pieces of one file, each with its place: the file and the byte at which it begins."""
    if not looks_at(path).startswith(b"PK\x03\x04"):
        for piece in pieces(path):
            yield f"{name}:{piece.offset}", piece
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            for member in members:
                inner = name if len(members) == 1 else f"{name}/{member.filename}"
                for piece in zipped_pieces(archive, member):
                    yield f"{inner}:{piece.offset}", piece
    except (zipfile.BadZipFile, NotImplementedError) as error:
        yield f"{name}:0", Piece(0, NO_SEPARATOR, b"", 0, f"the zip file cannot be read: {error}")


def _file_news(path: Path, name: str, before: Mapping[str, Any]) -> Iterator[News]:
    seen = path.stat()
    mark = {"size": seen.st_size, "changed_ns": seen.st_mtime_ns}
    if not mark.items() <= before.items():
        yield News(mark, text_pieces(path, name))


def _kind(path: Path) -> str:
    try:
        beginning = looks_at(path)
    except OSError:  # said where it is read
        return "mbox"
    if beginning.startswith(b"PK\x03\x04"):
        return "Groups.io export"
    return "Pipermail" if _PIPERMAIL.match(beginning) else "mbox"


def _names(files: Sequence[Path], workspace: Path) -> list[str]:
    """What each file is called; one that would be called like another goes by its whole path."""
    names: dict[str, None] = {}
    for file in files:
        name = within(workspace, file)
        names[file.as_posix() if name in names else name] = None
    return list(names)


def _maildirs(folder: Path) -> list[Path]:
    """A Maildir, and the folders in it."""
    inner = [path for path in sorted(folder.iterdir()) if path.name.startswith(".") and path.is_dir()]
    return [path for path in (folder, *inner) if (path / "cur").is_dir() and (path / "new").is_dir()]


def _maildir(folder: Path, name: str) -> Part:
    return Part(name, partial(_maildir_news, folder, name))


def _maildir_news(folder: Path, name: str, before: Mapping[str, Any]) -> Iterator[News]:
    """The messages that came since last time; where one is moved, or its flags change, it keeps its name."""
    known = dict.fromkeys(before.get("names", ()))
    found = {
        path.name.partition(":")[0]: path
        for inner in ("cur", "new")
        for path in sorted((folder / inner).iterdir())
        if not path.name.startswith(".")
    }
    new = [key for key in found if key not in known]
    for start in range(0, len(new), MESSAGES_AT_ONCE):
        portion = new[start : start + MESSAGES_AT_ONCE]
        known |= dict.fromkeys(portion)
        yield News({"names": list(known)}, _whole_files(found, portion, name), adds=True)


def _whole_files(found: Mapping[str, Path], keys: Sequence[str], name: str) -> Iterator[tuple[str, Piece]]:
    for key in keys:
        place = f"{name}/{key}:0"
        try:
            with found[key].open("rb") as file:
                text = file.read(KEPT_OF_A_MESSAGE)
                yield place, Piece(0, NO_SEPARATOR, text, found[key].stat().st_size)
        except OSError as error:
            reason = f"the file cannot be read: {error.strerror or error}"
            yield place, Piece(0, NO_SEPARATOR, b"", 0, reason)
