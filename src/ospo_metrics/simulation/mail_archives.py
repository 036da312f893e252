"""Mailing lists as Pipermail text, mbox and compressed mbox, with the faults that real archives have."""

from __future__ import annotations

import gzip
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.header import Header
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Any

from ospo_metrics.simulation import plan
from ospo_metrics.simulation.happenings import Conversation, Happenings, message_id
from ospo_metrics.simulation.people import Person
from ospo_metrics.simulation.plan import Community

FAULTS = ("no_message_id", "impossible_date", "duplicate", "unescaped_from_line", "wrong_charset")
COUNTS_AS = {
    "no_message_id": "message",
    "impossible_date": "message",
    "duplicate": "duplicate",
    "unescaped_from_line": "message",
    "wrong_charset": "message",
    "empty": "broken",
}
_MEANING = {
    "no_message_id": "a message without a Message-ID; it has sender, date and text",
    "impossible_date": "the Date header names no instant; the separator line has the right one",
    "duplicate": "the same message stands in the archive twice, with one Message-ID",
    "unescaped_from_line": "a line of the text begins with 'From ' and is no separator",
    "wrong_charset": "the text says UTF-8, or nothing, and is Latin-1",
    "empty": "a separator line with nothing after it",
}
_EACH = 2


@dataclass(slots=True)
class _Message:
    at: int
    person: Person
    address: str
    subject: str
    text: str
    id: str
    parents: list[str]
    is_awaited: bool
    fault: str = ""


@dataclass(slots=True)
class _Archive:
    """One archive while it is written, and what a correct reader finds in it."""

    community: Community
    chunks: list[tuple[int, bytes]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)

    def note(self, fault: str, at: int, message: _Message | None) -> None:
        self.faults.append(
            {
                "fault": fault,
                "counts_as": COUNTS_AS[fault],
                "meaning": _MEANING[fault],
                "sent_at": plan.iso(at),
                "sender": message.address if message else None,
                "message_id": message.id if message and fault != "no_message_id" else None,
            }
        )


def write(folder: Path, happenings: Happenings) -> dict[str, Any]:
    """Write every list below `archives/`; returns how many messages of which kind are in each."""
    by_list: dict[str, list[Conversation]] = {}
    for talk in happenings.conversations:
        if talk.kind == "mail_thread":
            by_list.setdefault(talk.project, []).append(talk)
    return {
        community.mailing_list: _write_list(folder, community, by_list.get(community.mailing_list, []))
        for community in plan.COMMUNITIES
    }


def _write_list(folder: Path, community: Community, talks: list[Conversation]) -> dict[str, Any]:
    messages = sorted(
        (message for talk in talks for message in _messages(talk)),
        key=lambda message: (message.at, message.id),
    )
    _choose_faults(messages)
    archive = _Archive(community)
    is_pipermail = community.archive == "pipermail"
    for message in messages:
        chunk = _chunk(message, community.mailing_list, is_pipermail)
        archive.chunks.append((message.at, chunk))
        if message.fault:
            archive.note(message.fault, message.at, message)
        if message.fault == "duplicate":
            archive.chunks.append((message.at, chunk))
    middle = messages[len(messages) // 2].at + 1
    archive.chunks.append((middle, _separator("nobody@nowhere.test", middle, is_pipermail) + b"\n"))
    archive.note("empty", middle, None)
    archive.chunks.sort(key=lambda chunk: chunk[0])
    files = _files(folder / "archives" / community.mailing_list, archive)
    text = b"".join(chunk for _, chunk in archive.chunks)
    kinds = Counter(fault["counts_as"] for fault in archive.faults)
    return {
        "location": f"archives/{community.mailing_list}",
        "format": community.archive,
        "files": len(files),
        "messages": len(messages),
        "threads": len(talks),
        "duplicates": kinds["duplicate"],
        "broken": kinds["broken"],
        "separators": len(archive.chunks),
        "lines_that_begin_with_from": text.count(b"\nFrom ") + text.startswith(b"From "),
        "newest_message_at": plan.iso(messages[-1].at),
        "faults": archive.faults,
    }


def _messages(talk: Conversation) -> list[_Message]:
    root = message_id(talk, 0)
    found = [
        _Message(
            talk.opened_at, talk.opener, talk.address, talk.title, f"Hi all,\n\n{talk.text}", root, [], True
        )
    ]
    for position, entry in enumerate(talk.entries, 1):
        answered = found[entry.at % len(found)] if position > 1 else found[0]
        answered.is_awaited = True
        parents = [root] if answered is found[0] else [root, answered.id]
        quoted = answered.text.splitlines()[-1]
        text = f"{answered.person.mail_name} wrote:\n> {quoted}\n\n{entry.text}"
        found.append(
            _Message(
                entry.at, entry.person, entry.address, f"Re: {talk.title}", text,
                message_id(talk, position), parents, is_awaited=entry.at == talk.first_response_at,
            )
        )  # fmt: skip
    return found


def _choose_faults(messages: list[_Message]) -> None:
    """Spread faults over replies on which nothing else hangs, by people who wrote again in that month.

    So no count of people, month or first response depends on how a reader treats them.
    """
    sent = Counter((message.address, plan.month_of(message.at)) for message in messages)
    candidates = []
    for message in messages:
        mine = (message.address, plan.month_of(message.at))
        if not message.is_awaited and sent[mine] > 1:
            sent[mine] -= 1
            candidates.append(message)
    wanted = len(FAULTS) * _EACH
    step = max(1, len(candidates) // wanted)
    for place, message in enumerate(candidates[::step][:wanted]):
        message.fault = FAULTS[place % len(FAULTS)]
        if message.fault == "unescaped_from_line":
            message.text += "\n\nFrom what I remember this was different in the last release."


def _chunk(message: _Message, mailing_list: str, is_pipermail: bool) -> bytes:
    zone = timezone(timedelta(minutes=message.person.offset_minutes))
    date = format_datetime(datetime.fromtimestamp(message.at, zone))
    if message.fault == "impossible_date":
        date = "Thu, 31 Feb 2025 25:61:00 +0000"
    name = message.person.mail_name
    if is_pipermail:
        shown = name if name.isascii() else Header(name, "utf-8").encode()
        sender = f"{message.address.replace('@', ' at ')} ({shown})"
    else:
        sender = formataddr((name, message.address))
    is_reply = message.subject.startswith("Re: ")
    subject = f"{'Re: ' if is_reply else ''}[{mailing_list}] {message.subject.removeprefix('Re: ')}"
    headers = [f"From: {sender}", f"Date: {date}", f"Subject: {subject}"]
    if message.parents and message.at % 10 != 0:
        headers.append(f"In-Reply-To: {message.parents[-1]}")
    if message.parents:
        headers.append(f"References: {' '.join(message.parents)}")
    if message.fault != "no_message_id":
        headers.append(f"Message-ID: {message.id}")
    if not is_pipermail:
        headers += [
            f"To: {mailing_list}@lists.example.org",
            f"List-Id: <{mailing_list}.lists.example.org>",
            "MIME-Version: 1.0",
            'Content-Type: text/plain; charset="utf-8"',
            "Content-Transfer-Encoding: 8bit",
        ]
    greeting = "\n\nGrüße aus dem Café\n".encode("latin-1") if message.fault == "wrong_charset" else b"\n"
    body = message.text.encode() + greeting
    separator = _separator(message.address, message.at, is_pipermail)
    return separator + "\n".join(headers).encode() + b"\n\n" + body + b"\n"


def _separator(address: str, at: int, is_pipermail: bool) -> bytes:
    moment = datetime.fromtimestamp(at, UTC)
    stamp = f"{moment:%a %b} {moment.day:2} {moment:%H:%M:%S %Y}"
    sender = f"{address.replace('@', ' at ')} " if is_pipermail else address
    return f"From {sender} {stamp}\n".encode()


def _files(folder: Path, archive: _Archive) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    if archive.community.archive != "pipermail":
        path = folder / f"{archive.community.mailing_list}.{archive.community.archive}"
        _write_bytes(path, b"".join(chunk for _, chunk in archive.chunks))
        return [path]
    months: dict[str, list[bytes]] = {}
    for at, chunk in archive.chunks:
        months.setdefault(f"{datetime.fromtimestamp(at, UTC):%Y-%B}", []).append(chunk)
    for month, chunks in months.items():
        _write_bytes(folder / f"{month}.txt.gz", b"".join(chunks))
    return [folder / f"{month}.txt.gz" for month in months]


def _write_bytes(path: Path, content: bytes) -> None:
    """Plain, or compressed without a time or a name in it, so that the bytes are the same every time."""
    path.write_bytes(gzip.compress(content, compresslevel=6, mtime=0) if path.suffix == ".gz" else content)
