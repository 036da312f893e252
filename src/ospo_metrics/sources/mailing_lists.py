"""Mailing-list messages, from archives of every usual format; their bodies are deliberately not kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

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
)
from ospo_metrics.paths import is_url
from ospo_metrics.sources import _mail_web
from ospo_metrics.sources._archive import Archive, FormatError, News, Part, PartError
from ospo_metrics.sources._mail_files import open_files
from ospo_metrics.sources._mail_readers import Chunk, Readers, Sheet, chunks

NAME = "mailing_lists"
STREAMS = (Stream("messages", versions=False),)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Location:
    """Where the archive of a list lies, and its format, or that it is to be recognised."""

    location: str
    format: str = "auto"


@dataclass(frozen=True, slots=True)
class _Begun:
    """From here on comes what is new in a part."""

    part: Part
    news: News


@dataclass(frozen=True, slots=True)
class _Ended:
    """What was new in the part is all there; or it could not be read, for this reason."""

    problem: str = ""


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One list for each `[[sources.mailing_lists]]`, a project of its own kind."""
    del workspace
    return [
        Instance(one.id, one.id, Location(one.location, getattr(one, "format", "auto")))
        for one in settings.sources.mailing_lists
    ]


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over the messages of every part that is new or has changed, a checkpoint after each part.

    Every separator ends as a message, a duplicate or a reject, so that they add up to what the claim says.
    """
    del stream
    known: dict[str, dict[str, Any]] = dict(context.cursor.get("files", {}))
    files: dict[str, dict[str, Any]] = {}
    unread = 0
    archive = _open(instance, context, known)
    begun, found, wrong, newest = None, 0, 0, -1
    with Readers(context.now) as readers:
        for done in readers.sheets(_jobs(archive, known, files)):
            match done:
                case Sheet():
                    found += done.found
                    wrong += done.wrong_charsets
                    newest = max([newest, *(at for at in done.sent_at if at is not None)])
                    if done.keys:
                        yield Batch(_table(done))
                    yield from (Reject(place, reason) for place, reason in done.rejects)
                case _Begun():
                    begun, found, wrong, newest = done, 0, 0, -1
                case _Ended(problem="") if begun:
                    name, news = begun.part.name, begun.news
                    before = files.get(name) or known.get(name) or {}
                    files[name] = _remembered(news, before, found, wrong, newest)
                    if news.claimed is not None and news.claimed > found:
                        short = news.claimed - found
                        files[name]["found"] += short
                        yield Reject(
                            f"{name}:end",
                            f"the archive says it has {short:,} more messages than it handed out",
                        )
                    yield Checkpoint({"files": {**known, **files}})
                case _Ended() as ended if begun:
                    unread += 1
                    yield Reject(f"{begun.part.name}:0", ended.problem)
    yield Checkpoint({"files": files})
    newest_of_all = max((file["newest"] for file in files.values() if file.get("newest")), default=None)
    until = min(datetime.fromisoformat(newest_of_all), context.now) if newest_of_all else None
    wrong_in_all = sum(file.get("wrong_charsets", 0) for file in files.values())
    yield Claim(
        unread + sum(file["found"] for file in files.values()),
        f"message separators found ({archive.format})"
        + (f", {wrong_in_all} of them in no or another character set than they say" if wrong_in_all else "")
        + (f", and {unread} parts that cannot be read" if unread else ""),
        context.now if archive.is_live and not unread else until,
    )


def _open(instance: Instance, context: Context, known: Mapping[str, Any]) -> Archive:
    location, wanted = instance.options.location, instance.options.format
    try:
        if is_url(location):
            return _mail_web.open_archive(location, wanted, context.workspace, context.now, known)
        return open_files(location, wanted, context.workspace)
    except FormatError as error:
        raise SourceError(
            f"mailing list '{instance.id}': {error}. Check {_keys(wanted)} in ospo.toml."
        ) from None


def _keys(wanted: str) -> str:
    return "'location'" if wanted == "auto" else "'location' and 'format'"


def _jobs(
    archive: Archive, known: Mapping[str, dict[str, Any]], files: dict[str, dict[str, Any]]
) -> Iterator[Chunk | _Begun | _Ended]:
    for part in archive.parts:
        before = known.get(part.name, {})
        begun = False
        try:
            for news in part.look(before):
                yield _Begun(part, news)
                begun = True
                yield from chunks(news.pieces)
                yield _Ended()
        except (OSError, PartError) as error:
            if not begun:
                yield _Begun(part, News({}, ()))
            yield _Ended(str(error) if isinstance(error, PartError) else _unreadable(error))
            begun = False
        if not begun and before:
            files.setdefault(part.name, before)


def _unreadable(error: OSError) -> str:
    return f"the file cannot be read: {error.strerror or error}"


def _remembered(news: News, before: Mapping[str, Any], found: int, wrong: int, newest: int) -> dict[str, Any]:
    """What the next run has to know of a part."""
    at = (_EPOCH + timedelta(microseconds=newest)).isoformat() if newest >= 0 else None
    if news.adds:
        found += before.get("found", 0)
        wrong += before.get("wrong_charsets", 0)
        at = max(filter(None, (at, before.get("newest"))), default=None)
    return {**news.mark, "found": found, "wrong_charsets": wrong, "newest": at}


def _table(sheet: Sheet) -> pa.Table:
    """A sheet as a table of the envelope; the payloads are not copied."""
    ends = pa.array(sheet.ends, pa.int32()).buffers()[1]
    payloads = pa.Array.from_buffers(pa.string(), len(sheet.keys), [None, ends, pa.py_buffer(sheet.payloads)])
    return pa.table(
        {
            "key": pa.array(sheet.keys, pa.string()),
            "updated_at": pa.array(sheet.sent_at, pa.int64()).cast(pa.timestamp("us", tz="UTC")),
            "payload": pa.ExtensionArray.from_storage(pa.json_(pa.string()), payloads),
            "location": pa.array(sheet.places, pa.string()),
        }
    )
