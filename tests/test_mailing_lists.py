"""Every separator of an archive ends as a message or as a reject, whatever stands in the file."""

from __future__ import annotations

import gzip
import io
import json
import re
import tracemalloc
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospo_metrics.items import Batch, Checkpoint, Claim, Context, Instance, Item, Reject, SourceError
from ospo_metrics.sources import mailing_lists
from ospo_metrics.sources._mailbox import pieces, split
from ospo_metrics.sources._message import UnreadableError, read_message

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 12, 1, tzinfo=UTC)
DATA = Path(__file__).parents[2] / "shared" / "data" / "A_mail"
needs_archives = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real archives are not in {DATA}")

SEPARATOR = b"From ann at example.org  Fri Jan  2 10:00:00 2015\n"
HEADERS = (
    b"From: ann at example.org (Ann Example)\n"
    b"Date: Fri, 2 Jan 2015 11:00:00 +0100\n"
    b"Subject: [fastfs-dev] How fast?\n"
    b"Message-ID: <one@example.org>\n"
)


class Read:
    """What one reading of a list handed over."""

    def __init__(self, workspace: Path, location: str, cursor: dict[str, Any] | None = None) -> None:
        entry = SimpleNamespace(id="fastfs-dev", location=location)
        chosen = SimpleNamespace(sources=SimpleNamespace(mailing_lists=[entry]))
        (instance,) = mailing_lists.instances(chosen, workspace)
        now = LATER if workspace == DATA else NOW
        handed = list(mailing_lists.read(instance, "messages", Context(workspace, now, cursor or {})))
        self.items = [
            Item(row["key"], row["payload"], row["updated_at"], row["location"])
            for one in handed
            if isinstance(one, Batch)
            for row in one.table.to_pylist()
        ]
        self.rejects = [one for one in handed if isinstance(one, Reject)]
        self.cursors = [json.loads(json.dumps(one.cursor)) for one in handed if isinstance(one, Checkpoint)]
        (self.claim,) = (one for one in handed if isinstance(one, Claim))

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [json.loads(item.payload) for item in self.items]


def cut(text: bytes, **sizes: int) -> list[tuple[int, bytes, bytes]]:
    return [(one.offset, one.separator, one.text) for one in split(io.BytesIO(text).read, **sizes)]


def facts(headers: bytes, body: bytes = b"Hello.\n", separator: bytes = SEPARATOR) -> dict[str, Any]:
    return read_message(headers + b"\n" + body, separator, NOW).payload


# The real archives


@needs_archives
@pytest.mark.parametrize(
    ("location", "messages", "distinct", "rejected"),
    [
        ("r-package-devel/*.txt.gz", 11_114, 11_111, 0),
        ("r-sig-mixed-models/*.txt.gz", 18_619, 17_916, 0),
        ("r-announce/*.txt", 699, 684, 0),
        ("ponymail/httpd-users-2020-07*.mbox", 216, 108, 0),
        ("ponymail/*.mbox", 318, 209, 1),
        ("perceval-tests/data/mbox/*.mbox", 14, 10, 0),
        ("perceval-tests/data/pipermail/*.mbox", 8, 8, 0),
        ("cpython-test_email/*.txt", 41, 32, 7),
    ],
)
def test_counts_of_real_archives(location: str, messages: int, distinct: int, rejected: int) -> None:
    """Messages, distinct ids and rejects are what was counted independently, and add up to the claim."""
    read = Read(DATA, location)
    keys = {item.key for item in read.items}
    assert (messages, distinct, rejected) == (len(read.items), len(keys), len(read.rejects))
    assert messages + rejected == read.claim.count
    assert messages + rejected == len({one.location for one in [*read.items, *read.rejects]})


@needs_archives
def test_an_unchanged_night_reads_nothing_and_still_knows_the_total() -> None:
    """A second run over unchanged files hands over no item and claims the same."""
    first = Read(DATA, "r-announce/*.txt")
    second = Read(DATA, "r-announce/*.txt", first.cursors[-1])
    assert ([], [], first.claim) == (second.items, second.rejects, second.claim)


@needs_archives
def test_every_sender_of_the_real_archives_is_someone() -> None:
    """Each message has an address or its masked form, a name, and a date from its own header."""
    for payload in Read(DATA, "r-package-devel/*.txt.gz").payloads:
        assert (payload["from_address"] is None) != (payload["from_address_masked"] is None)
        assert payload["from_name"]
        assert payload["date_source"] == "date"


# Separators


@pytest.mark.parametrize(
    "line",
    [
        b"From ann@example.org Fri Jan  2 10:00:00 2015",
        b"From ann at example.org  Fri Jan  2 10:00:00 2015",
        b"From ann @end|ng |rom ex@mp|e@org  Fri Jan 12 10:00:00 2015",
        b"From ann@example.org Fri Jan  2 10:00 2015",
        b"From ann@example.org Fri Jan  2 10:00:00 CET 2015",
        b"From ann@example.org Fri Jan  2 10:00:00 2015 +0100",
        b"From 1234567@xxx Fri Jan 02 10:00:00 +0000 2015",
        b"From - Fri Jan  2 10:00:00 2015",
        b"From ann@example.org  Fri Jan  2 10:00:00 2015 remote from host",
        b"From \xe9l\xe8ve at example.org  Fri Jan  2 10:00:00 2015",
        b"From ann@example.org Fri Jan  2 10:00:00 2015\r",
    ],
)
def test_a_separator_ends_with_a_date(line: bytes) -> None:
    """Every usual form of the line divides two messages."""
    before, after = SEPARATOR + HEADERS + b"\nHello.\n\n", HEADERS + b"\nBye.\n"
    whole = before + line + b"\n" + after
    expected = [
        (0, SEPARATOR.strip(), before.partition(b"\n")[2]),
        (len(before), line.strip(), after),
    ]
    assert expected == cut(whole)


@pytest.mark.parametrize(
    "body",
    [
        b"\nFrom what I saw, it works.\n",
        b"\nFrom 2014 on it was 10:00:00 every day.\n",
        b"as Ann said\nFrom ann at example.org  Fri Jan  2 10:00:00 2015\n",
        b"\n>From ann at example.org  Fri Jan  2 10:00:00 2015\n",
        b"\nFrom 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: Ann\n",
        b"\nFrom: ann at example.org\n",
        b"\nFrom " + b"x" * 5000 + b" Fri Jan  2 10:00:00 2015\n",
    ],
)
def test_a_line_of_the_text_stays_text(body: bytes) -> None:
    """A line that begins with "From " in a body, quoted or not, or a patch in it, divides nothing."""
    text = HEADERS + b"\nHello.\n" + body
    assert [(0, SEPARATOR.strip(), text)] == cut(SEPARATOR + text)


def test_the_first_line_of_a_file_needs_no_date() -> None:
    """An mbox may begin with a separator of any form, after a byte-order mark too."""
    assert [(0, b"From nobody", b"Subject: x\n")] == cut(b"From nobody\nSubject: x\n")
    assert [(3, b"From nobody", b"Subject: x\n")] == cut(b"\xef\xbb\xbfFrom nobody\nSubject: x\n")


def test_a_file_of_patches_is_divided_at_its_patches() -> None:
    """Where the file itself comes from `git format-patch`, its separators are separators."""
    line = PATCH + b"\n"
    assert [0, len(line) + 9] == [one[0] for one in cut(line + b"From: A\n\n" + line + b"From: B\n")]


def test_text_before_the_first_separator_is_not_lost() -> None:
    """A file without any separator is one piece; blank lines at its beginning are none."""
    assert [(0, b"", b"Subject: x\n\nHello.\n")] == cut(b"Subject: x\n\nHello.\n")
    assert [(2, SEPARATOR.strip(), b"A: b\n")] == cut(b"\n\n" + SEPARATOR + b"A: b\n")
    assert [] == cut(b"")
    assert [] == cut(b" \n\n")


def test_of_a_long_message_the_beginning_is_kept() -> None:
    """A message larger than the limit is cut, says how large it was, and the next one is whole."""
    text = SEPARATOR + b"A: b\n\n" + b"x" * 10_000 + b"\n\n" + SEPARATOR + b"C: d\n"
    first, second = split(io.BytesIO(text).read, at_once=100, keep=50)
    assert (50, 10_008, True) == (len(first.text), first.size, first.is_cut)
    assert (b"C: d\n", False) == (second.text, second.is_cut)


def test_memory_is_bounded_whatever_the_size() -> None:
    """A stream of 64 MB of one message and of many takes less than 8 MB."""
    block = SEPARATOR + HEADERS + b"\n" + b"y" * 60_000 + b"\n\n"
    for chunk in (b"x" * 65_536, block):
        left = iter([SEPARATOR + HEADERS + b"\n", *[chunk] * 1000])
        tracemalloc.start()
        size = sum(one.size for one in split(lambda _: next(left, b"")))  # noqa: B023 - used at once
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert size > 59_000_000
        assert peak < 8_000_000


PATCH = b"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001"
FRAGMENTS = st.sampled_from(
    [
        SEPARATOR,
        SEPARATOR.replace(b"\n", b"\r\n"),
        HEADERS,
        b"From ",
        b"From someone\n",
        PATCH + b"\n",
        b"\n",
        b"\r\n",
        b"\n\n",
        b"Content-Type: multipart/mixed; boundary=x\n",
        b"Content-Type: text/html; charset=utf-7\nContent-Transfer-Encoding: base64\n",
        b"Subject: =?utf-8?b?4pyT?= =?nonsense?q?=ff?= =?utf-16?b?//4=?=\n",
        b"Date: Thu, 31 Feb 99999 25:61:61 +9999\n",
        b'From: "\xff" <a at b> (=?utf-8?q?=00?=)\n',
        b"--x\n",
        b"> quoted?\n",
        b"\xef\xbb\xbf",
    ]
)
MAILBOXES = st.lists(st.one_of(FRAGMENTS, st.binary(max_size=40)), max_size=25).map(b"".join)


@given(MAILBOXES, st.integers(1, 200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_accounted_for(text: bytes, at_once: int) -> None:
    """Any bytes in: no exception, every byte and every separator in one piece, however it is read."""
    found = list(split(io.BytesIO(text).read, at_once=at_once))
    assert cut(text) == [(one.offset, one.separator, one.text) for one in found]
    begins = [one.offset for one in found if one.separator]
    first = 3 if text.startswith(b"\xef\xbb\xbf") else 0
    lines = [
        (line.end() - 2 + first, line[1].rstrip(b" \t\r"))
        for line in re.finditer(rb"\n\r?\n(?=(From [^\n]*))", b"\n\n" + text[first:])
    ]
    expected = [
        offset
        for offset, line in lines
        if offset == first
        or line.endswith(b" Fri Jan  2 10:00:00 2015")
        or (line.endswith(b" Mon Sep 17 00:00:00 2001") and (line != PATCH or lines[0] == (first, PATCH)))
    ]
    assert expected == begins
    for one in found:
        assert text[one.offset :].startswith(one.separator)
        with suppress(UnreadableError):
            message = read_message(one.text, one.separator, NOW)
            assert json.dumps(message.payload).encode()
            assert message.key.encode()


WORDS = st.text(st.characters(categories=["L", "N"], include_characters=" ?!.,"), min_size=1, max_size=60)


@given(
    st.lists(
        st.tuples(
            st.uuids(),
            WORDS.filter(str.strip),
            st.datetimes(datetime(1990, 1, 1), datetime(2026, 1, 1)),
            st.integers(-12 * 60, 14 * 60),
            st.lists(WORDS | st.just("From here on, text."), max_size=5),
        ),
        max_size=6,
        unique_by=lambda message: message[0],
    ),
    st.integers(20, 2000),
)
@settings(max_examples=100, deadline=None)
def test_well_formed_mailboxes_read_back(messages: list[Any], at_once: int) -> None:
    """What was written as an mbox comes back: ids, subjects, and instants with their offsets."""
    text, expected = b"", []
    for identity, subject, at, offset, lines in messages:
        zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}{abs(offset) % 60:02}"
        text += (
            f"From ann@example.org {at:%a %b %d %H:%M:%S %Y}\nFrom: Ann <ann@example.org>\n"
            f"Date: {at:%a, %d %b %Y %H:%M:%S} {zone}\nSubject: {subject}\nMessage-ID: <{identity}@x>\n\n"
            + "\n".join(lines)
            + "\n\n"
        ).encode()
        instant = (at.replace(microsecond=0) - timedelta(minutes=offset)).replace(tzinfo=UTC)
        expected.append((f"{identity}@x", subject.strip(), instant, offset))
    found = [
        read_message(one.text, one.separator, NOW) for one in split(io.BytesIO(text).read, at_once=at_once)
    ]
    assert expected == [
        (one.key, one.payload["subject"], one.sent_at, one.payload["utc_offset_minutes"]) for one in found
    ]


# Messages


def test_what_is_kept_of_a_message(tmp_path: Path) -> None:
    """The whole payload of a plain message: facts, and no body."""
    body = b"On Thu, Bob wrote:\n> Is it fast?\n\nIt is, thank you! But how\nfast?\n\n-- \nAnn, thanks\n"
    (tmp_path / "list.txt").write_bytes(SEPARATOR + HEADERS + b"References: <a@x>\n <b@x>\n\n" + body)
    read = Read(tmp_path, "list.txt")
    assert [
        Item("one@example.org", read.items[0].payload, datetime(2015, 1, 2, 10, tzinfo=UTC), "list.txt:0")
    ] == read.items
    assert [
        {
            "message_id": "one@example.org",
            "from_raw": "ann at example.org (Ann Example)",
            "from_name": "Ann Example",
            "from_address": "ann@example.org",
            "from_address_masked": None,
            "is_address_obfuscated": True,
            "sender_source": "from",
            "date": "2015-01-02T11:00:00+01:00",
            "date_source": "date",
            "date_raw": "Fri, 2 Jan 2015 11:00:00 +0100",
            "date_problem": None,
            "utc_offset_minutes": 60,
            "subject": "[fastfs-dev] How fast?",
            "topic": "How fast?",
            "is_reply": False,
            "in_reply_to": None,
            "references": ["a@x", "b@x"],
            "list_id": None,
            "is_automated": False,
            "automated_by": None,
            "has_patch": False,
            "own_text_length": len("OnThu,Bobwrote:Itis,thankyou!Buthowfast?"),
            "asks_question": True,
            "thanks": True,
            "has_wrong_charset": False,
            "size_bytes": len(HEADERS + b"References: <a@x>\n <b@x>\n\n" + body),
            "is_cut": False,
        }
    ] == read.payloads


@pytest.mark.parametrize(
    ("raw", "name", "address", "masked"),
    [
        (b"Ann Example <Ann@Example.org>", "Ann Example", "ann@example.org", None),
        (b'"Example, Ann" <ann@example.org>', "Example, Ann", "ann@example.org", None),
        (b"ann@example.org (Ann Example)", "Ann Example", "ann@example.org", None),
        (b"ann@example.org", None, "ann@example.org", None),
        (b"<ann@example.org>", None, "ann@example.org", None),
        (b"ann at example.org (Ann Example)", "Ann Example", "ann@example.org", None),
        (b"Ann Example <ann at example.org>", "Ann Example", "ann@example.org", None),
        (b"=?iso-8859-1?q?=C9va?= <eva@example.org>", "Éva", "eva@example.org", None),
        (b"eva at example.org (=?utf-8?b?w4l2YQ==?=)", "Éva", "eva@example.org", None),
        (b"@nn @end|ng |rom ex@mp|e@org (Ann)", "Ann", None, "@@@ ex@mp|e@org"),
        (b"@nn @ending from ex@mple@org (Ann)", "Ann", None, "@@@ ex@mp|e@org"),
        (b"Ann", "Ann", None, None),
        (b"the moon at night", "the moon at night", None, None),
    ],
)
def test_senders(raw: bytes, name: str | None, address: str | None, masked: str | None) -> None:
    """An address is only taken where it is certain; a masked one is masked alike in every archive."""
    found = facts(b"From: " + raw + b"\n")
    assert (name, address, masked) == (
        found["from_name"],
        found["from_address"],
        found["from_address_masked"],
    )


@pytest.mark.parametrize(
    ("date", "iso", "source", "problem", "offset"),
    [
        (b"Fri, 2 Jan 2015 11:00:00 +0100", "2015-01-02T11:00:00+01:00", "date", None, 60),
        (b"2 Jan 2015 11:00 -0530 (IST)", "2015-01-02T11:00:00-05:30", "date", None, -330),
        (b"Fri, 2 Jan 15 11:00:00 EST", "2015-01-02T11:00:00-05:00", "date", None, -300),
        (b"Fri, 2 Jan 2015 11:00:00 -0000", "2015-01-02T11:00:00+00:00", "date", None, None),
        (b"Fri, 2 Jan 2015 11:00:00 +9900", "2015-01-02T11:00:00+00:00", "date", None, None),
        (b"Fri Jan  2 11:00:00 2015", "2015-01-02T11:00:00+00:00", "date", None, None),
        (b"Fri, 2 Jan 2037 11:00:00 +0100", "2015-01-02T10:00:00+00:00", "separator", "future", None),
        (
            b"Thu, 1 Jan 1970 00:00:00 +0000",
            "2015-01-02T10:00:00+00:00",
            "separator",
            "before 1970-01-02",
            None,
        ),
        (b"Fri, 31 Feb 2015 11:00:00 +0100", "2015-01-02T10:00:00+00:00", "separator", "unparsable", None),
        (b"yesterday", "2015-01-02T10:00:00+00:00", "separator", "unparsable", None),
        (b"", "2015-01-02T10:00:00+00:00", "separator", "missing", None),
    ],
)
def test_dates(date: bytes, iso: str, source: str, problem: str | None, offset: int | None) -> None:
    """A date keeps its offset; an impossible one is replaced, and what was wrong with it is said."""
    found = facts(b"From: a@b\nDate: " + date + b"\n")
    assert (iso, source, problem, offset) == (
        found["date"],
        found["date_source"],
        found["date_problem"],
        found["utc_offset_minutes"],
    )


def test_the_last_hop_is_asked_before_the_separator() -> None:
    """Received stands in for a bad Date, and where nothing tells, the date is unknown."""
    headers = b"From: a@b\nReceived: from x by y;\n Sat, 3 Jan 2015 10:00:00 +0200\nReceived: by z; never\n"
    assert ("2015-01-03T10:00:00+02:00", "received") == tuple(
        facts(headers)[name] for name in ("date", "date_source")
    )
    nothing = facts(b"From: a@b\n", separator=b"From mboxrd@z Thu Jan  1 00:00:00 1970")
    assert (None, "unknown", "missing") == (nothing["date"], nothing["date_source"], nothing["date_problem"])


@pytest.mark.parametrize(
    ("headers", "by"),
    [
        (b"Auto-Submitted: auto-replied\n", "Auto-Submitted"),
        (b"Auto-Submitted: no\n", None),
        (b"Precedence: list\n", None),
        (b"Precedence: bulk\n", "Precedence"),
        (b"Precedence: bulk\nList-Id: <dev.example.org>\n", None),
        (b"Precedence: junk\nList-Id: <dev.example.org>\n", "Precedence"),
        (b"X-Autoreply: yes\n", "X-Autoreply"),
        (b"Sender: x\nFrom: No Reply <no-reply@example.org>\n", "sender"),
        (b"From: build-bot@example.org\n", "sender"),
        (b"From: abbot@example.org\n", None),
    ],
)
def test_automated_messages(headers: bytes, by: str | None) -> None:
    """Machines are known by what they say, not by what a list server writes on everything."""
    found = facts(headers if b"From:" in headers else b"From: ann@example.org\n" + headers)
    assert (by is not None, by) == (found["is_automated"], found["automated_by"])


@pytest.mark.parametrize(
    ("body", "length", "asks", "thanks", "patch"),
    [
        (b"Yes.\n", 4, False, False, False),
        (b"> Why?\n> thanks\n", 0, False, False, False),
        (b"Thanks in advance\n", 15, False, False, False),
        (b"See http://example.org/?a=b now\n", 29, False, False, False),
        (b"Fixed:\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n", 26, False, False, True),
        (b"Hi\n-------------- next part ---\nName: fix.patch\nType: text/x-patch\n", 2, False, False, True),
        (b"Yes?\n-----Original Message-----\nthanks\n", 4, True, False, False),
        ("Größe?\n".encode(), 6, True, False, False),
    ],
)
def test_what_the_sender_wrote(body: bytes, length: int, asks: bool, thanks: bool, patch: bool) -> None:
    """Quotes, signatures and addresses are not the sender's words; the length is without white space."""
    found = facts(b"From: a@b\n", body)
    assert (length, asks, thanks, patch) == tuple(
        found[name] for name in ("own_text_length", "asks_question", "thanks", "has_patch")
    )


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Transfer-Encoding: base64\n", b"V2h5IG5vdD8gVGhhbmtzIQ==\n____\nthe list's footer\n"),
        (b"Content-Transfer-Encoding: quoted-printable\n", b"Why no=\nt? Thanks!\n"),
        (b"Content-Type: text/html\n", b"<style>a?</style>Why <b>not</b>? Thanks!</p>\n"),
        (
            b'Content-Type: multipart/alternative;\n boundary="=_b"\n',
            b"ignored?\n--=_b\nContent-Type: text/html\n\n<p>nothing at all\n--=_b\n"
            b"Content-Type: text/plain\n\nWhy not? Thanks!\n--=_b--\n",
        ),
    ],
)
def test_bodies_are_read_as_a_person_would(headers: bytes, body: bytes) -> None:
    """Transfer encodings, HTML and parts lead to the same facts."""
    found = facts(b"From: a@b\n" + headers, body)
    assert (14, True, True) == (found["own_text_length"], found["asks_question"], found["thanks"])


@pytest.mark.parametrize("filler", [b" ", b"\t", b"\n ", b"\r\n\t ", b"x"])
def test_a_header_of_any_length_is_cut_before_it_is_searched(filler: bytes) -> None:
    """Of a megabyte, be it white space or folds, what stands at its end was never looked at."""
    found = facts(HEADERS + b"List-Id: a" + filler * 500_000 + b" end\n")
    assert found["list_id"] == ("a" + "x" * 1_999 if filler == b"x" else "a")


def test_long_references_are_kept_however_they_are_folded() -> None:
    """Of a long thread's references all are read; of a header of a megabyte the beginning."""
    ids = [f"{number}.{'x' * 40}@example.org" for number in range(150)]
    folded = b"References:" + b"".join(b"\n \t <" + one.encode() + b">" for one in ids) + b"\n"
    assert ids == facts(HEADERS + folded)["references"]
    far = facts(HEADERS + b"References: <a@x.org>" + b"\n " * 500_000 + b"<b@x.org>\n")["references"]
    assert far == ["a@x.org"]


def test_wrong_character_sets_are_replaced_and_marked() -> None:
    """Bytes that are not what they say they are still arrive, with a mark."""
    wrong = facts(b"From: \xe9 <a@b>\nSubject: =?nonsense?q?caf=e9?=\n")
    assert ("\ufffd", "caf\ufffd", True) == (wrong["from_name"], wrong["subject"], wrong["has_wrong_charset"])
    right = facts(b"From: \xe9 <a@b>\nContent-Type: text/plain; charset=iso-8859-1\n", b"\xe9\n")
    assert ("é", 1, False) == (right["from_name"], right["own_text_length"], right["has_wrong_charset"])


def test_a_message_without_an_id_gets_a_stand_in() -> None:
    """The same message in another archive has the same key, another message another one."""
    keys = [
        read_message(b"From: a@b\nSubject: " + subject + b"\n\nHello.\n" + end, SEPARATOR, NOW).key
        for subject, end in ((b"x", b""), (b"x", b"\n\n"), (b"y", b""))
    ]
    assert keys[0] == keys[1] != keys[2]
    plain, hidden = (
        read_message(b"From: " + raw + b"\nSubject: x\n\nHello.\n", SEPARATOR, NOW).key
        for raw in (b"Ann <ann@example.org>", b"@nn @end|ng |rom ex@mp|e@org (Ann)")
    )
    assert plain == hidden
    assert keys[0].startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "empty message"),
        (b"\n\n", "empty message"),
        (b"\nHello.\n", "no headers"),
        (b"no header here\n", "no headers"),
        (b"Subject: x\n\nHello.\n", "no From or sender header"),
    ],
)
def test_what_is_no_message_says_why(tmp_path: Path, text: bytes, reason: str) -> None:
    """A separator without a message becomes a reject with file, offset and reason; the next one is read."""
    before = SEPARATOR + HEADERS + b"\n\n"
    (tmp_path / "a.mbox").write_bytes(before + SEPARATOR + text + b"\n\n" + before)
    read = Read(tmp_path, "a.mbox")
    assert ([Reject(f"a.mbox:{len(before)}", reason)], 2, 3) == (
        read.rejects,
        len(read.items),
        read.claim.count,
    )


# Files


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    """The next run reads a file that grew and one that is new, and forgets one that is gone."""
    for name in ("a.mbox", "b.mbox", "c.mbox"):
        (tmp_path / name).write_bytes(SEPARATOR + HEADERS.replace(b"<one", b"<" + name.encode()) + b"\n\n")
    first = Read(tmp_path, "*.mbox")
    with (tmp_path / "b.mbox").open("ab") as file:
        file.write(SEPARATOR + HEADERS + b"\n\n")
    (tmp_path / "c.mbox").rename(tmp_path / "d.mbox")
    second = Read(tmp_path, "*.mbox", first.cursors[-1])
    assert ["b.mbox@example.org", "one@example.org", "c.mbox@example.org"] == [i.key for i in second.items]
    assert (3, 4) == (first.claim.count, second.claim.count)
    assert ["a.mbox", "b.mbox", "d.mbox"] == list(second.cursors[-1]["files"])


def test_each_file_is_a_place_to_go_on_from(tmp_path: Path) -> None:
    """A run that dies after a file does not read that file again."""
    for name in ("a.mbox", "b.mbox"):
        (tmp_path / name).write_bytes(SEPARATOR + HEADERS + b"\n\n")
    after_first_file = Read(tmp_path, "*.mbox").cursors[0]
    assert ["b.mbox:0"] == [item.location for item in Read(tmp_path, "*.mbox", after_first_file).items]


def test_packed_files_are_recognised_by_their_content(tmp_path: Path) -> None:
    """A packed archive under any name reads like the plain one."""
    text = SEPARATOR + HEADERS + b"\nHello.\n"
    (tmp_path / "plain").write_bytes(text)
    (tmp_path / "packed").write_bytes(gzip.compress(text))
    plain, packed = (Read(tmp_path, name).payloads for name in ("plain", "packed"))
    assert plain == packed


def test_a_damaged_file_gives_what_is_before_the_damage(tmp_path: Path) -> None:
    """A truncated .gz: whole messages arrive, the one that breaks off is named with the reason."""
    message = SEPARATOR + HEADERS + b"\n" + bytes(range(256)).hex().encode() * 20 + b"\n\n"
    packed = gzip.compress(b"".join(message.replace(b"<one", b"<%d" % n) for n in range(2000)), 1)
    (tmp_path / "a.gz").write_bytes(packed[: len(packed) // 2])
    read = Read(tmp_path, "a.gz")
    assert 100 < len(read.items) < 1900
    assert [
        "the file breaks off here: Compressed file ended before the end-of-stream marker was reached"
    ] == [reject.reason for reject in read.rejects]
    assert len(read.items) + 1 == read.claim.count
    (tmp_path / "b.gz").write_bytes(b"\x1f\x8bnonsense")
    assert ["b.gz:0"] == [reject.location for reject in Read(tmp_path, "b.gz").rejects]


def test_a_decompression_bomb_is_left_unread(tmp_path: Path) -> None:
    """A file that unpacks to hundreds of times its size is stopped, and named."""
    with gzip.open(tmp_path / "bomb.gz", "wb", 1) as file:
        file.write(SEPARATOR + HEADERS + b"\n")
        for _ in range(80):
            file.write(bytes(1 << 20))
    read = Read(tmp_path, "bomb.gz")
    assert [Reject("bomb.gz:0", "the file unpacks to more than 200 times its size; not read further")] == (
        read.rejects
    )
    assert ([], 1) == (read.items, read.claim.count)


def test_a_location_that_matches_nothing_says_so(tmp_path: Path) -> None:
    """The sentence names the list, the location, and where to look."""
    with pytest.raises(SourceError) as caught:
        Read(tmp_path, "archives/*.gz")
    assert "mailing list 'fastfs-dev': archives/*.gz matches no file. Check 'location' in ospo.toml." == str(
        caught.value
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A file that vanishes while the others are read is a reject, and is tried again next time."""
    for name in ("a.mbox", "b.mbox"):
        (tmp_path / name).write_bytes(SEPARATOR + HEADERS + b"\n")
    reading = mailing_lists.read(
        Instance("x", "x", mailing_lists.Location("*.mbox")), "messages", Context(tmp_path, NOW)
    )
    handed = [next(reading)]
    (tmp_path / "b.mbox").unlink()
    handed += reading
    assert [Reject("b.mbox:0", "the file cannot be read: No such file or directory")] == [
        one for one in handed if isinstance(one, Reject)
    ]
    assert isinstance(handed[-2], Checkpoint)
    assert ["a.mbox"] == list(handed[-2].cursor["files"])
    assert isinstance(handed[-1], Claim)
    assert 2 == handed[-1].count


def test_names_of_files_tell_files_apart(tmp_path: Path) -> None:
    """Outside the workspace a file is called by its folder and name, so that no two places are the same."""
    for folder in ("x/y", "z/y"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.mbox").write_bytes(SEPARATOR + HEADERS + b"\n")
    elsewhere = tmp_path / "workspace"
    elsewhere.mkdir()
    places = Counter(item.location for item in Read(elsewhere, f"{tmp_path}/*/y/a.mbox").items)
    assert Counter({"y/a.mbox:0": 1, f"{tmp_path}/z/y/a.mbox:0": 1}) == places


@needs_archives
def test_pieces_of_a_real_file_cover_it() -> None:
    """Every byte of an archive is in exactly one piece."""
    path = DATA / "r-announce" / "1999.txt"
    text = path.read_bytes()
    assert len(text) == sum(one.size + len(one.separator) + 1 for one in pieces(path))
