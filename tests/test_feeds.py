"""Feeds in RSS and Atom: every entry arrives or is named, and nobody's address with it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ospo_metrics.items import Checkpoint, Claim, Context, Instance, Item, Reject, SourceError
from ospo_metrics.sources import feeds

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RSS = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>Casts</title>
<item><title>Edge at sea</title><guid>cast-1</guid><link>https://casts.example.net/1</link>
<author>ann@example.org (Ann)</author><pubDate>Tue, 03 Mar 2026 11:15:00 +0100</pubDate>
<enclosure url="https://casts.example.net/1.mp3" type="audio/mpeg" length="1"/><category>edge</category>
<description>&lt;a href="https://github.com/example/edgeward"&gt;Code&lt;/a&gt;,
or write to bob@example.org</description></item>
<item><guid>cast-2</guid><link>https://casts.example.net/2</link>
<pubDate>Tue, 03 Mar 2026 11:15:00 +0100</pubDate></item>
<item><title>When?</title><guid>cast-3</guid></item>
<item><title>Nowhere</title><pubDate>Tue, 03 Mar 2026 11:15:00 +0100</pubDate></item>
<item><title>Again</title><guid>cast-1</guid><pubDate>Tue, 03 Mar 2026 11:15:00 +0100</pubDate></item>
</channel></rss>
"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title><id>b</id><updated>2026-03-03T10:15:00Z</updated>
<entry><id>{id}</id><title>Fast</title><link href="https://blog.example.com/fast"/><updated>2026-03-03T10:15:00Z</updated>
</entry></feed>"""


def read(folder: Path, text: str, cursor: dict[str, Any] | None = None) -> list[Any]:
    (folder / "feed.xml").write_text(text)
    instance = Instance("casts", None, feeds.Feed("feed.xml"))
    return list(feeds.read(instance, "entries", Context(folder, NOW, cursor or {})))


def test_what_is_kept_of_an_entry(tmp_path: Path) -> None:
    """Title, address, time in UTC, and the text with its links; the author and every e-mail address are left out."""
    handed = read(tmp_path, RSS)
    (item,) = [one for one in handed if isinstance(one, Item)]
    payload = json.loads(item.payload)
    assert "github.com/example/edgeward" in payload.pop("text")
    assert payload == {
        "id": "cast-1",
        "title": "Edge at sea",
        "url": "https://casts.example.net/1",
        "published": "2026-03-03T10:15:00+00:00",
        "enclosure": "https://casts.example.net/1.mp3",
        "categories": ["edge"],
        "feed_title": "Casts",
    }
    assert "@" not in repr(handed)


def test_an_entry_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Its number and what it lacks; both add up to the claim."""
    handed = read(tmp_path, RSS)
    assert [(one.location, one.reason) for one in handed if isinstance(one, Reject)] == [
        ("feed.xml:entry 2", "entry 2: it has no title"),
        ("feed.xml:entry 3", "entry 3: it has no date that can be read"),
        ("feed.xml:entry 4", "entry 4: it has neither id nor link"),
        ("feed.xml:entry 5", "entry 5: its id was there before"),
    ]
    assert (handed[-1].count, handed[-1].how) == (5, "entries that the feed has listed so far")


def test_what_a_feed_no_longer_lists_stays(tmp_path: Path) -> None:
    """Feeds show the newest entries only; what was read is held and counted on."""
    first = read(tmp_path, ATOM.format(id="one"))
    (cursor,) = (dict(one.cursor) for one in first if isinstance(one, Checkpoint))
    assert [type(one) for one in read(tmp_path, ATOM.format(id="one"), cursor)] == [Checkpoint, Claim]
    after = read(tmp_path, ATOM.format(id="two"), cursor)
    assert [one.key for one in after if isinstance(one, Item)] == ["two"]
    assert after[-1].count == 2


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<html><body>Not found</body></html>", "is no RSS or Atom feed"),
        ("", "is no RSS or Atom feed"),
        ('<!DOCTYPE r [<!ENTITY a "aa">]><rss version="2.0"/>', "declares entities"),
    ],
)
def test_what_is_no_feed_is_told(tmp_path: Path, text: str, what: str) -> None:
    """The sentence names the feed, the file, and where to look."""
    with pytest.raises(SourceError, match=f"feed 'casts': feed.xml {what}.*Check 'location' in ospo.toml"):
        read(tmp_path, text)


def test_a_feed_is_one_file(tmp_path: Path) -> None:
    """No file is told, not taken for an empty feed."""
    with pytest.raises(SourceError, match=r"feed 'casts': nothing\.xml matches no file"):
        list(
            feeds.read(Instance("casts", None, feeds.Feed("nothing.xml")), "entries", Context(tmp_path, NOW))
        )


@pytest.mark.parametrize(
    "text", ["x" * 2_000_000, "&lt;" * 1_000_000, "x@" * 1_000_000], ids=["word", "<", "@"]
)
def test_a_long_text_costs_no_more_time_than_it_is_long(tmp_path: Path, text: str) -> None:
    """A picture within the text is one word of a million letters."""
    begun = time.process_time()
    (item,) = [one for one in read(tmp_path, RSS.replace("or write to", text)) if isinstance(one, Item)]
    assert time.process_time() - begun < 5
    assert "bob@" not in item.payload
