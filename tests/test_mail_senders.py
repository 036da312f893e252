"""Who wrote a message: through obfuscation where it is certain, and behind lists that send under their own name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospo_metrics.sources._message import read_message, topic_of
from ospo_metrics.sources._sender import Sender, real_sender, sender

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def facts(headers: str) -> dict[str, Any]:
    return read_message(headers.encode() + b"\n\nHello.\n", b"From -", NOW).payload


@pytest.mark.parametrize(
    ("raw", "address", "is_obfuscated"),
    [
        ("Ann <ann at example.org>", "ann@example.org", True),
        ("ann at example.org (Ann)", "ann@example.org", True),
        ("Ann <ann (at) example.org>", "ann@example.org", True),
        ("Ann <ann[at]example.org>", "ann@example.org", True),
        ("Ann <ann AT example DOT org>", "ann@example.org", True),
        ("Ann <ann (at) mail (dot) example (dot) org>", "ann@mail.example.org", True),
        ("Ann <ann () example ! org>", "ann@example.org", True),
        ("Ann <ann@example.org.INVALID>", "ann@example.org", False),
        # Letters are lost: nobody can tell the address.
        ("Ann <an...@example.org>", None, True),
        ("Ann <a…@example.org>", None, True),
        ("Ann <xxxx@example.org>", None, True),
        ("Ann <hidden@example.org>", None, True),
        ("Ann at Work", None, False),
        ("Meet me at noon", None, False),
        ("look at localhost", None, False),
    ],
)
def test_only_what_is_certain_is_an_address(raw: str, address: str | None, is_obfuscated: bool) -> None:
    """An obfuscated address is written out where it can be only one; otherwise the name stands in."""
    found = sender(raw)
    assert (address, is_obfuscated) == (found.address, found.is_obfuscated)
    assert found.name is not None


@pytest.mark.parametrize(
    ("headers", "name", "address", "source"),
    [
        # Mailman: the list's address, and Reply-To tells who it was.
        (
            "From: Ann Example via Dev <dev@x.org>\nReply-To: Ann Example <ann@a.org>",
            "Ann Example",
            "ann@a.org",
            "reply-to",
        ),
        # Reply-To names the list as well, or several: the name alone is left.
        ("From: Ann Example via Dev <dev@x.org>\nReply-To: dev@x.org", "Ann Example", None, "name"),
        (
            "From: Ann Example via Dev <dev@x.org>\nReply-To: ann@a.org, bob@b.org",
            "Ann Example",
            None,
            "name",
        ),
        ("From: Ann Example via Dev <dev@x.org>", "Ann Example", None, "name"),
        # Google Groups.
        (
            "From: \"'Ann Example' via Dev\" <dev@googlegroups.com>\nX-Original-From: Ann Example <ann@a.org>\n"
            "Reply-To: Other <other@b.org>",
            "Ann Example",
            "ann@a.org",
            "x-original-from",
        ),
        # Groups.io packs the address into its own.
        ("From: Ann Example via groups.io <ann=a.org@groups.io>", "Ann Example", "ann@a.org", "address"),
        # In other languages.
        (
            "From: Ann Example über Dev <dev@x.org>\nReply-To: ann@a.org",
            "Ann Example",
            "ann@a.org",
            "reply-to",
        ),
        ("From: Ann Example przez Dev <dev@x.org>", "Ann Example", None, "name"),
        # The list is known by its headers, whatever it calls the sender.
        (
            "From: Ann Example <dev@x.org>\nList-Post: <mailto:dev@x.org>\nReply-To: Ann Example <ann@a.org>",
            "Ann Example",
            "ann@a.org",
            "reply-to",
        ),
        (
            "From: Ann <dev@x.org>\nList-Id: Dev <dev.x.org>\nReply-To: ann@a.org",
            "Ann",
            "ann@a.org",
            "reply-to",
        ),
        # The kernel's relay.
        (
            "From: Ann Example via B4 Relay <devnull+ann.a.org@kernel.org>\nReply-To: ann@a.org",
            "Ann Example",
            "ann@a.org",
            "reply-to",
        ),
        # A masked list's address stands for nobody.
        ("From: dev @end|ng |rom x@org (Ann Example via Dev)", "Ann Example", None, "name"),
        # Punctuation around both, and a list of nothing else.
        ("From: \"-- ('Ann E. Example', x) -- via [Dev]!\" <dev@x.org>", "Ann E. Example', x", None, "name"),
        ("From: Ann Example via ... <ann@a.org>", "Ann Example via ...", "ann@a.org", "from"),
        # Somebody whose name has "via" in it, and a list that only sets Reply-To.
        ("From: Maria Via Verde <maria@a.org>", "Maria Via Verde", "maria@a.org", "from"),
        ("From: Ann via Mobile <ann@a.org>", "Ann via Mobile", "ann@a.org", "from"),
        (
            "From: Ann <ann@a.org>\nList-Post: <mailto:dev@x.org>\nReply-To: dev@x.org",
            "Ann",
            "ann@a.org",
            "from",
        ),
    ],
)
def test_who_wrote_what_a_list_sent(headers: str, name: str, address: str | None, source: str) -> None:
    """Behind "X via list" stands X: by the original header, by Reply-To, or by name; never the list."""
    found = facts(headers)
    assert (name, address, None, source) == (
        found["from_name"],
        found["from_address"],
        found["from_address_masked"],
        found["sender_source"],
    )


@pytest.mark.parametrize(
    ("subject", "topic", "is_reply"),
    [
        ("[dev] How fast?", "How fast?", False),
        ("Re: [dev] How fast?", "How fast?", True),
        ("[dev] Re: AW: Re[2]: How fast?", "How fast?", True),
        ("Fwd: [dev] How fast?", "How fast?", False),
        ("RE:How fast?", "How fast?", True),
        ("回复：How fast?", "How fast?", True),
        ("[PATCH v2 1/3] fix", "fix", False),
        ("Regarding speed", "Regarding speed", False),
        ("[dev]", "", False),
        ("", "", False),
    ],
)
def test_topics(subject: str, topic: str, is_reply: bool) -> None:
    """List tags and the prefixes of replies, in any order and language, are not the topic."""
    assert (topic, is_reply) == topic_of(subject)


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ("Subject: [PATCH v2 1/3] fix", "no diff here", True),
        ("Subject: Re: [RFC PATCH] fix", "no diff here", True),
        ("Subject: patch", "> --- a/x\n> +++ b/x\n> @@ -1 +1 @@", False),
        ("Subject: patch", "diff --git a/x b/x\n--- a/x\n+++ b/x", True),
        ("Subject: x", "*** a/x 2015\n--- b/x 2015", True),
        (
            "Subject: x\nContent-Type: multipart/mixed; boundary=b",
            "--b\nContent-Type: text/x-patch\n\nx\n--b--",
            True,
        ),
        ("Subject: x", "--- my opinion ---", False),
    ],
)
def test_patches(headers: str, body: str, expected: bool) -> None:
    """A patch is one by its subject, its lines, or its attachment; a quoted one is somebody else's."""
    text = f"From: a@b.org\n{headers}\n\n{body}\n".encode()
    assert expected == read_message(text, b"From -", NOW).payload["has_patch"]


HUGE = 1_000_000


@pytest.mark.parametrize(
    "mark", ["-", " ", "- ", "' via ", " via", "@", "@(", "(", "<", '"', "=?", "a at ", "\n "]
)
def test_of_a_name_of_any_length_the_beginning_is_read(mark: str) -> None:
    """A header of a megabyte is cut before it is searched, whatever it is made of."""
    found = facts(f"From: x{mark * (HUGE // len(mark))}")
    assert found["from_raw"][0] == "x"
    assert len(found["from_raw"]) <= 2_000
    assert len(found["from_name"] or "") <= 2_000


@given(st.text("-' \"()@x", max_size=60), st.integers(1, 3_000))
@settings(max_examples=50, deadline=None)
def test_any_name_via_a_list_is_told_from_it(part: str, times: int) -> None:
    """However much punctuation there is around a name: it is what stands before the mark, without that."""
    person = part * times
    found = real_sender(Sender(f"{person} via Dev", "dev@x.org"), "", "", frozenset())
    assert (person.strip("-' \"()@") or None, None, "name") == (found.name, found.address, found.source)


@pytest.mark.parametrize("size", [30, 100_000])
def test_punctuation_around_a_name_is_no_part_of_it(size: int) -> None:
    """The name is what is between its first letter and its last, the list's name likewise."""
    marks = "-' " * size
    found = real_sender(
        Sender(f"{marks}Ann{marks}Example{marks} via {marks}Dev{marks}", "dev@x.org"), "", "", frozenset()
    )
    assert (f"Ann{marks}Example", None, "name") == (found.name, found.address, found.source)


ANYTHING = st.text(max_size=60) | st.text("<>@() at.dotvia\"'=|…-+", max_size=60)


@given(ANYTHING, ANYTHING, ANYTHING, st.frozensets(st.text(max_size=10), max_size=2))
@settings(max_examples=300, deadline=None)
def test_any_header_has_some_sender(raw: str, original: str, reply_to: str, lists: frozenset[str]) -> None:
    """Whatever stands there: no exception, and what is taken for an address looks like one."""
    found = real_sender(sender(raw), original, reply_to, lists)
    assert found.address is None or ("@" in found.address and " " not in found.address)
    assert found.address not in lists or found.source == "from"
