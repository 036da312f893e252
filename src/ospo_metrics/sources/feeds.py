"""What was published about our projects, from the feeds of blogs, podcasts and video channels."""

from __future__ import annotations

import calendar
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
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
from ospo_metrics.sources._snapshots import last_saved

NAME = "feeds"
STREAMS = (Stream("entries", versions=True),)
LARGEST_FEED = 20 << 20
_LONGEST_TEXT = 60_000
"""Of the text of an entry, with its mark-up; three times what is kept of it."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Where a feed lies."""

    location: str


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One for each `[[sources.feeds]]`."""
    del workspace
    return [Instance(one.id, None, Feed(one.location)) for one in settings.sources.feeds]


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over every entry of an RSS or Atom feed that changed; what a feed no longer lists stays held."""
    del stream
    name, raw = _text(instance, context)
    mark = hashlib.sha256(raw).hexdigest()
    seen = set(context.cursor.get("keys", ()))
    rejects = int(context.cursor.get("rejects", 0))
    if context.cursor.get("sha256") != mark:
        rejects = 0
        for handed in _entries(instance.id, name, raw):
            if isinstance(handed, Item):
                seen.add(handed.key)
            else:
                rejects += 1
            yield handed
    yield Checkpoint({"sha256": mark, "keys": sorted(seen), "rejects": rejects})
    yield Claim(len(seen) + rejects, "entries that the feed has listed so far", _until(instance, context))


def _entries(feed_id: str, name: str, raw: bytes) -> Iterator[Item | Reject]:
    import feedparser

    if re.search(rb"<!ENTITY", raw[:5_000], re.IGNORECASE):
        raise _error(feed_id, name, "declares entities, which can be made to fill the memory")
    feed = feedparser.parse(io.BytesIO(raw), sanitize_html=False, resolve_relative_uris=False)
    if not feed.get("version"):
        raise _error(feed_id, name, "is no RSS or Atom feed")
    keys: set[str] = set()
    for number, entry in enumerate(feed.entries, 1):
        location = f"{name}:entry {number}"
        published = entry.get("published_parsed") or entry.get("updated_parsed")
        title = " ".join(str(entry.get("title") or "").split())
        link = next(
            (
                link.href
                for link in entry.get("links", ())
                if link.get("rel") == "enclosure" and link.get("href")
            ),
            None,
        )
        key = str(entry.get("id") or entry.get("link") or link or "").strip()
        problem = (
            "it has neither id nor link" if not key
            else "its id was there before" if key in keys
            else "it has no title" if not title
            else "it has no date that can be read" if not published
            else ""
        )  # fmt: skip
        if problem:
            yield Reject(location, f"entry {number}: {problem}", title[:100])
            continue
        keys.add(key)
        at = datetime.fromtimestamp(calendar.timegm(published), UTC)
        payload = {
            "id": key,
            "title": title,
            "url": entry.get("link") or link,
            "published": at.isoformat(),
            "enclosure": link,
            "categories": sorted({str(tag.get("term")) for tag in entry.get("tags", ()) if tag.get("term")}),
            "text": _plain(entry)[:20_000],
            "feed_title": " ".join(str(feed.feed.get("title") or "").split()) or None,
        }
        yield Item(key, as_json(payload), at, location)
    if feed.bozo and not feed.entries:
        yield Reject(f"{name}:end", "the feed breaks off before its first entry")


def _plain(entry: Any) -> str:
    """The text of an entry with the addresses that its links point to, and without anybody's e-mail address."""
    parts = [
        str(entry.get("summary") or ""),
        *(str(each.get("value") or "") for each in entry.get("content", ())),
    ]
    whole = " ".join(parts)[:_LONGEST_TEXT]
    links = " ".join(re.findall(r"""href=["'](https?://[^"']+)""", whole))
    text = re.sub(r"<[^<>]+>", " ", whole) + " " + links
    return re.sub(
        r"(?<![^\s@<>])[^\s@<>]+@[^\s@<>]+", "", text
    )  # begins only where a word does: time stays linear


def _until(instance: Instance, context: Context) -> datetime | None:
    location = instance.options.location
    return context.now if is_url(location) else last_saved(expand(context.workspace, location), context.now)


def _text(instance: Instance, context: Context) -> tuple[str, bytes]:
    location = instance.options.location
    if is_url(location):
        from ospo_metrics import web

        parts = urlsplit(location)
        try:
            return f"{parts.scheme}://{parts.hostname}{parts.path}", web.download(location, LARGEST_FEED)
        except web.WebError as error:
            raise SourceError(f"feed '{instance.id}': {error}. Check 'location' in ospo.toml.") from None
    found = [path for path in expand(context.workspace, location) if path.is_file()]
    if len(found) != 1:
        amount = f"{len(found)} files, and a feed is one" if found else "no file"
        raise SourceError(
            f"feed '{instance.id}': {location} matches {amount}. Check 'location' in ospo.toml."
        )
    with found[0].open("rb") as file:
        raw = file.read(LARGEST_FEED + 1)
    if len(raw) > LARGEST_FEED:
        raise _error(instance.id, location, f"is larger than {LARGEST_FEED >> 20} MB, which no feed is")
    return within(context.workspace, found[0]), raw


def _error(feed_id: str, name: str, what: str) -> SourceError:
    return SourceError(f"feed '{feed_id}': {name} {what}. Check 'location' in ospo.toml.")
