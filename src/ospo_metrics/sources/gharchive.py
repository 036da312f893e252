"""What happened on GitHub by the hour, from the files of GH Archive in their old and their present shape.

An hour holds up to 200,000 events, so they are handed over as Arrow tables. isal unpacks, in a third of the time
that zlib takes, and DuckDB reads the JSON, in memory: it never sees the warehouse. DuckDB's own reader of .gz would be
no faster, stops at the first damage, and does not tell on which line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from isal import isal_zlib

from ospo_metrics.items import (
    Batch,
    Checkpoint,
    Claim,
    Context,
    Handed,
    Instance,
    Reject,
    SourceError,
    Stream,
    as_json,
)
from ospo_metrics.paths import expand, is_url, within

NAME = "gharchive"
STREAMS = (Stream("events", versions=False),)

READ_AT_ONCE = 8 << 20
_PACKED_AT_ONCE = 1 << 18
_IN_CACHE = 1 << 17
"""So much is looked through at once for line breaks, that what comes of it needs no fresh memory."""

_BLANKS = pa.array([b" ", b"\t", b"\v", b"\f", b"\r"], pa.binary())
LONGEST_LINE = 64 << 20
"""The largest event seen had 31 kB; what is longer than 64 MiB is no event, and must not fill the memory."""

_READ = """
select
    coalesce(found[1], md5(line)) as key,
    coalesce(try_cast(found[2] as timestamptz), try_strptime(found[2], '%Y/%m/%d %H:%M:%S %z')) as updated_at,
    $file || ':' || number as location,
    found[3] <> '' and updated_at is not null as is_event
from (select number, line, try(json_extract_string(line, ['$.id', '$.created_at', '$.type'])) as found from lines)
"""
"""Before 2015 events have no id; the same line is then the same event, in whichever file it stands."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Where the hourly files lie: paths or globs."""

    locations: tuple[str, ...]


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """All files are one log, so that an hour that lies in two folders counts once."""
    del workspace
    locations = tuple(one.location for one in settings.sources.gharchive)
    return [Instance("gharchive", None, Archive(locations))] if locations else []


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over the events of every file that is new or has changed, a checkpoint after each file.

    Every line that is not blank ends as an event, a duplicate or a reject, so that they add up to the claim. A
    file that was read and is gone stays in the claim: whoever needs the room may delete it.
    """
    del stream
    files: dict[str, dict[str, Any]] = dict(context.cursor.get("files", {}))
    unread = 0
    reader = duckdb.connect(config={"threads": 1, "autoload_known_extensions": "false"})
    reader.execute("set timezone = 'UTC'")
    for path in _files(instance.options.locations, context.workspace):
        name = within(context.workspace, path)
        try:
            seen = path.stat()
            mark = {"size": seen.st_size, "changed_ns": seen.st_mtime_ns}
            if mark.items() <= files.get(name, {}).items():
                continue
            found, newest = 0, None
            with path.open("rb") as raw:
                for handed in _events(reader, raw, name):
                    if isinstance(handed, Batch):
                        found += len(handed.table)
                        latest = pc.max(handed.table["updated_at"]).as_py()
                        newest = max(newest or latest, latest) if latest else newest
                    else:
                        found += 1
                    yield handed
        except OSError as error:
            unread += 1
            yield Reject(f"{name}:0", f"the file cannot be read: {error.strerror or error}")
            continue
        files = {**files, name: {**mark, "found": found, "newest": newest and newest.isoformat()}}
        yield Checkpoint({"files": files})
    newest_of_all = max((file["newest"] for file in files.values() if file["newest"]), default=None)
    yield Claim(
        unread + sum(file["found"] for file in files.values()),
        "lines in the hourly files" + (f", and {unread} files that cannot be read" if unread else ""),
        min(datetime.fromisoformat(newest_of_all), context.now) if newest_of_all else None,
    )


def _files(locations: Sequence[str], workspace: Path) -> list[Path]:
    found: dict[Path, None] = {}
    for location in locations:
        if is_url(location):
            raise SourceError(
                f"GH Archive: {location} is a web address, and its files are read from disk. "
                "Download them, and write their path or glob as 'location' in ospo.toml."
            )
        matched = [
            file
            for path in expand(workspace, location)
            for file in (sorted(path.glob("*.json*")) if path.is_dir() else [path])
        ]
        if not matched:
            raise SourceError(f"GH Archive: {location} matches no file. Check 'location' in ospo.toml.")
        found |= dict.fromkeys(matched)
    return list(found)


def _events(reader: duckdb.DuckDBPyConnection, raw: BinaryIO, name: str) -> Iterator[Batch | Reject]:
    """The events of one file, and a reject for each line that is none."""
    number, parts, size, damage = 1, list[bytes](), 0, ""
    pieces = _unpacked(raw)
    while True:
        try:
            piece = next(pieces, b"")
        except (EOFError, isal_zlib.error) as error:  # type: ignore[misc]  # its stub says instance, and means class
            piece, damage = b"", f"the file breaks off here: {error}"
        parts.append(piece)
        size += len(piece)
        if piece and size < READ_AT_ONCE:
            continue
        text = b"".join(parts)
        end = len(text) if not piece and not damage else text.rfind(b"\n") + 1
        if end:
            lines = _lines(text, end)
            yield from _read(reader, lines, number, name)
            number += len(lines)
        parts, size = [text[end:]], len(text) - end
        if size > LONGEST_LINE:
            damage = f"a line of more than {LONGEST_LINE >> 20} MiB; not read further"
        if damage:
            yield Reject(f"{name}:{number}", damage, _excerpt(text[end:]))
        if damage or not piece:
            return


def _lines(text: bytes, end: int) -> pa.Array:
    """The lines of a text up to a place, blank ones too: one copy without line breaks, and where each begins in it."""
    data = np.frombuffer(text, np.uint8, end)
    breaks = np.concatenate(
        [np.flatnonzero(data[at : at + _IN_CACHE] == ord("\n")) + at for at in range(0, end, _IN_CACHE)]
    )
    if not breaks.size or breaks[-1] < end - 1:
        breaks = np.append(breaks, end)
    offsets = np.zeros(len(breaks) + 1, np.int32)
    offsets[1:] = breaks - np.arange(len(breaks))
    unbroken = text.replace(b"\n", b"")
    return pa.Array.from_buffers(
        pa.binary(), len(breaks), [None, pa.py_buffer(offsets), pa.py_buffer(unbroken)]
    )


def _unpacked(raw: BinaryIO) -> Iterator[bytes]:
    """The text of a file, packed with gzip or not; at damage it raises, after everything that was good."""
    packed = raw.read(_PACKED_AT_ONCE)
    if not packed.startswith(b"\x1f\x8b"):
        while packed:
            yield packed
            packed = raw.read(_PACKED_AT_ONCE)
        return
    while packed:
        unpacker = isal_zlib.decompressobj(wbits=31)
        while not unpacker.eof:
            text = unpacker.decompress(packed, READ_AT_ONCE)
            packed = unpacker.unconsumed_tail
            if text:
                yield text
            elif not packed and not unpacker.eof:  # isal may hold back text, but never gives nothing then
                packed = raw.read(_PACKED_AT_ONCE)
                if not packed:
                    raise EOFError("it ends in the middle of its compressed data")
        packed = unpacker.unused_data.lstrip(b"\0")
        while not packed and (more := raw.read(_PACKED_AT_ONCE)):
            packed = more.lstrip(b"\0")


def _read(
    reader: duckdb.DuckDBPyConnection, lines: pa.Array, first: int, name: str
) -> Iterator[Batch | Reject]:
    """Some lines as one table; what DuckDB refuses is looked at again, a line at a time."""
    try:
        texts = lines.cast(pa.string())
    except pa.ArrowInvalid:  # not UTF-8
        texts = pa.array([_text(line) for line in lines.to_pylist()], pa.string())
    if pc.any(pc.is_in(pc.binary_slice(lines, -1), _BLANKS)).as_py():
        texts = pc.ascii_rtrim_whitespace(texts)
    numbers = pa.array(np.arange(first, first + len(lines)))
    reader.register("lines", pa.table({"number": numbers, "line": texts}))
    table = reader.execute(_READ, {"file": name}).to_arrow_table(len(lines))
    is_event = pc.fill_null(table["is_event"], False)
    table = table.drop_columns("is_event").append_column(
        "payload", pa.ExtensionArray.from_storage(pa.json_(pa.string()), texts)
    )
    if pc.all(is_event).as_py():
        yield Batch(table)
        return
    if good := table.filter(is_event):
        yield Batch(good)
    for place in np.flatnonzero(~is_event.to_numpy()).tolist():
        if line := lines[place].as_py().strip():
            yield from _second_look(reader, line, first + place, name)


def _second_look(
    reader: duckdb.DuckDBPyConnection, line: bytes, number: int, name: str
) -> Iterator[Batch | Reject]:
    """Why a line is no event; what only DuckDB cannot read, such as half a surrogate pair, is mended."""
    try:
        record = json.loads(line)
        mended = as_json(record).encode()
    except ValueError as error:
        yield Reject(f"{name}:{number}", f"no JSON: {_reason(error)}", _excerpt(line))
        return
    if not isinstance(record, dict) or not record.get("type"):
        reason = "no event: it has no type"
    elif mended == line:
        reason = "no event: it does not say when it happened"
    else:
        yield from _read(reader, pa.array([mended]), number, name)
        return
    yield Reject(f"{name}:{number}", reason, _excerpt(line))


def _reason(error: ValueError) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__


def _text(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _excerpt(line: bytes) -> str:
    return line[:200].decode("utf-8", "replace")
