"""What metrics need to know of one mail message; the body itself is deliberately not kept."""

from __future__ import annotations

import binascii
import hashlib
import html
import quopri
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from functools import lru_cache
from typing import Any, NamedTuple

from ospo_metrics.sources._decoding import text_of, words
from ospo_metrics.sources._sender import Sender, is_automatic, real_sender, sender

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
"""Nobody sent mail before; such a date is a clock that was never set."""

_WANTED = (
    "auto-submitted", "content-transfer-encoding", "content-type", "date", "from", "in-reply-to", "list-id",
    "list-post", "mailing-list", "message-id", "precedence", "received", "references", "reply-to", "sender",
    "subject", "x-autoreply", "x-autorespond", "x-original-from",
)  # fmt: skip

_HEADER = re.compile(
    r"^(" + "|".join(_WANTED) + r")[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)",
    re.MULTILINE | re.IGNORECASE,
)
_ANY_HEADER = re.compile(rb"^[!-9;-~]+[ \t]*:", re.MULTILINE)
_IDS = re.compile(r"<([^<>]+)>")
_SPACE = re.compile(r"\s+")
_ADDRESS_TO_POST_TO = re.compile(r"mailto:([^\s<>?]+@[^\s<>?]+)", re.IGNORECASE)

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_USUAL_DATE = re.compile(
    r"(?:[A-Za-z]{3}, )? ?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d)"
    r" ([+-])(\d\d)(\d\d)(?: \(.*\))?"
)
_SAYS_UTC = re.compile(r"\+0000|\b(?:UTC?|GMT|Z)\b")
_SEPARATOR_DATE = re.compile(
    rb"([A-Z][a-z]{2}) {1,2}(\d{1,2}) {1,2}(\d{1,2}):(\d\d)(?::(\d\d))?"
    rb"(?: {1,2}(?:[A-Z]{1,5}|[+-]\d{4}))* {1,2}(\d{4})\b"
)

_REPLY = re.compile(
    r"\s*(?:(?:re|aw|antw|antwort|sv|vs|odp|res|rif|r|回复|答复)(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:：]\s*)",
    re.IGNORECASE,
)
_FORWARD = re.compile(r"\s*(?:fwd?|wg|tr|rv|enc)\s*:\s*", re.IGNORECASE)
_TAG_OF_LIST = re.compile(r"\s*\[[^\[\]]{1,60}\]\s*")
_PATCH_SUBJECT = re.compile(r"\s*(?:re:\s*)?\[(?:rfc\s+|resend\s+)*patch\b", re.IGNORECASE)

_END_OF_OWN_TEXT = re.compile(
    rb"(?:-- ?|-{3,} ?(?:original message|next part|forwarded message)[^\n]*|_{30,})[ \t\r]*(?:\n|\Z)",
    re.IGNORECASE,
)
_QUESTION = re.compile(rb"\?[?!\"')\]*_.]{0,8}(?:\s|$)")  # not the one in an address with a query
_QUOTES = re.compile(rb"\n(?:>(?!From )| >|\|>)[^\n]*(?:\n(?:>(?!From )| >|\|>)[^\n]*)*")
_IN_ADVANCE = rb"\b(?![ ,]*(?:very much |a lot )?in advance)"
_THANKS = [
    (word, re.compile(word + rb"(?<!\w" + word + rb")" + rest + _IN_ADVANCE))
    for word, rest in (
        (b"thank", rb"(?:s| you)"),
        (b"thx", b""),
        (b"merci", b""),
        (b"danke", b""),
        (b"gracias", b""),
        (b"obrigad", rb"[oa]"),
    )
]
"""To look for a word is quick; a pattern that begins with one is nearly as quick."""
_PATCH = re.compile(
    rb"^(?:diff --git \S|Index: \S+\r?\n=|@@ -\d+(?:,\d+)? \+\d+|\*{3} \S[^\n]{0,500}\n--- \S)", re.MULTILINE
)
_PATCH_FILE = re.compile(rb"[Nn]ame ?[:=] ?\"?[^\"\r\n;]{1,200}\.(?:patch|diff)\b|text/x-(?:patch|diff)")

_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]+)\"|([^\s;\"]+))", re.IGNORECASE)
_TAG = re.compile(rb"<[^<>]*>")
_NOT_FOR_READING = re.compile(rb"<(/?)(?:style|script)\b", re.IGNORECASE)
_LINE_BELOW = b"\n" + b"_" * 30
_WHITE = b" \t\r\n\v\f"
_LONGEST_HEADER = 2_000
_LONGEST_REFERENCES = 64_000


class UnreadableError(Exception):
    """This is no message; the text says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its key, when it was sent, and the facts about it as a payload."""

    key: str
    sent_at: datetime | None
    payload: dict[str, Any]


def read_message(text: bytes, separator: bytes, now: datetime) -> Message:
    """Read the headers of a message and look at its body; raises `UnreadableError`."""
    head, body = _head_and_body(text)
    headers, went_wrong = _headers(head)
    if not headers and not _ANY_HEADER.match(head):
        raise UnreadableError("no headers" if text.strip() else "empty message")
    from_raw = headers.get("from") or headers.get("sender")
    if not from_raw:
        raise UnreadableError("no From or sender header")
    list_id = _list_id(headers["list-id"]) if "list-id" in headers else None
    who = _sender(from_raw, list_id, headers)
    sent = _sent(headers, separator, now)
    subject, subject_went_wrong = words(headers.get("subject", ""))
    topic, is_reply = topic_of(subject)
    automated_by = _automated_by(headers, who.address)
    part = _readable(headers, body)
    own, appended = _own_text(_without_tags(part.text) if part.is_html else part.text)
    message_id = _message_id(headers.get("message-id", ""))
    in_reply_to = _ids(headers.get("in-reply-to", ""))
    bare = own.translate(None, _WHITE)
    length, text_went_wrong = (
        (len(bare), False)
        if bare.isascii()
        else _length(bare, part.content_type or headers.get("content-type", ""))
    )
    return Message(
        key=message_id or _stand_in(who.name or from_raw, sent.raw, subject, own),
        sent_at=sent.at.astimezone(UTC) if sent.at else None,
        payload={
            "message_id": message_id,
            "from_raw": from_raw,
            "from_name": who.name,
            "from_address": who.address,
            "from_address_masked": who.masked,
            "is_address_obfuscated": who.is_obfuscated,
            "sender_source": who.source,
            "date": sent.at.isoformat() if sent.at else None,
            "date_source": sent.source,
            "date_raw": sent.raw or None,
            "date_problem": sent.problem,
            "utc_offset_minutes": sent.offset_minutes,
            "subject": subject or None,
            "topic": topic or None,
            "is_reply": is_reply,
            "in_reply_to": in_reply_to[0] if in_reply_to else None,
            "references": _ids(headers.get("references", "")),
            "list_id": list_id,
            "is_automated": automated_by is not None,
            "automated_by": automated_by,
            "has_patch": _PATCH_SUBJECT.match(subject) is not None or _has_patch(body, own, appended, part),
            "own_text_length": length,
            "asks_question": b"?" in own and _QUESTION.search(own) is not None,
            "thanks": _thanks(own),
            "has_wrong_charset": went_wrong or who.has_wrong_charset or subject_went_wrong or text_went_wrong,
        },
    )


def _head_and_body(text: bytes) -> tuple[bytes, bytes]:
    unix = text.find(b"\n\n")
    dos = text.find(b"\n\r\n", 0, unix if unix != -1 else len(text))
    end = unix if dos == -1 else dos
    if text.startswith((b"\n", b"\r\n")):
        return b"", text
    return (text, b"") if end == -1 else (text[: end + 1], text[end + 1 :].lstrip(b"\r\n"))


def _headers(head: bytes) -> tuple[dict[str, str], bool]:
    """The first header of each wanted name, as one line, and whether one was not what it said it was.

    Of `Received` the first is the last hop.
    """
    is_plain = head.isascii()
    text = head.decode("ascii", "strict" if is_plain else "surrogateescape")
    found: dict[str, str] = {}
    for name, value in _HEADER.findall(text):
        if (key := name.lower()) not in found:
            found[key] = _one_line(value, _LONGEST_REFERENCES if key == "references" else _LONGEST_HEADER)
    if is_plain:
        return found, False
    went_wrong = False
    content_type = found.get("content-type", "").encode("ascii", "replace").decode()
    for name, value in found.items():
        raw = value.encode("ascii", "surrogateescape")
        found[name], is_wrong = text_of(raw, content_type)
        went_wrong |= is_wrong
    return found, went_wrong


def _one_line(value: str, longest: int) -> str:
    """A header's value unfolded and cut, in time that grows with its length only, whatever stands in it."""
    if len(value) > longest:
        value = value[: 10 * longest]
    if "\n" in value:
        value = " ".join(bare for line in value.split("\n") if (bare := line.strip()))
    return value.strip()[:longest]


def _sender(from_raw: str, list_id: str | None, headers: dict[str, str]) -> Sender:
    """Whoever wrote the message, also where the list sent it in their stead."""
    found = sender(from_raw)
    posts = _ADDRESS_TO_POST_TO.findall(headers["list-post"].lower()) if "list-post" in headers else []
    if list_id and found.address and found.address.replace("@", ".") == list_id:
        posts.append(found.address)
    original, reply_to = headers.get("x-original-from", ""), headers.get("reply-to", "")
    return real_sender(found, original, reply_to, frozenset(posts))


@lru_cache(maxsize=8_192)
def topic_of(subject: str) -> tuple[str, bool]:
    """A subject without list tags and the prefixes of replies, and whether it had one of the latter."""
    is_reply = False
    at = 0
    while True:
        if found := _REPLY.match(subject, at):
            is_reply = True
        elif not (found := _TAG_OF_LIST.match(subject, at) or _FORWARD.match(subject, at)):
            break
        at = found.end()
    return (subject[at:] if at < len(subject) else "").strip(), is_reply


class _Sent(NamedTuple):
    at: datetime | None
    source: str
    raw: str
    problem: str | None
    offset_minutes: int | None


def _sent(headers: dict[str, str], separator: bytes, now: datetime) -> _Sent:
    """When a message was sent: its Date, else the last hop's, else the archive's, else unknown."""
    raw = headers.get("date", "")[:120]
    at, offset = _parsed(raw)
    problem = _problem(at, raw, now)
    if at and problem is None:
        return _Sent(at, "date", raw, None, offset)
    received = headers.get("received", "").rpartition(";")[2].strip()
    for source, (at, offset) in (("received", _parsed(received)), ("separator", _of_separator(separator))):
        if at and _problem(at, "there", now) is None:
            return _Sent(at, source, raw, problem, offset)
    return _Sent(None, "unknown", raw, problem, None)


def _problem(at: datetime | None, raw: str, now: datetime) -> str | None:
    if at is None:
        return "unparsable" if raw else "missing"
    if at > now + timedelta(days=1):
        return "future"
    return "before 1970-01-02" if at < EARLIEST else None


def _parsed(raw: str) -> tuple[datetime | None, int | None]:
    """An instant, and its offset from UTC in minutes where the date tells one ("-0000" does not)."""
    if usual := _USUAL_DATE.fullmatch(raw):
        day, month, year, hour, minute, second, sign, hours, minutes = usual.groups()
        offset = int(hours) * 60 + int(minutes)
        known = not (sign == "-" and offset == 0)
        parts = (int(year), _MONTHS.get(month.lower(), 0), int(day), int(hour), int(minute), int(second))
        return _instant(parts, (-offset if sign == "-" else offset) if known else None)
    try:
        fields = parsedate_tz(raw) if raw else None
    except (ValueError, IndexError, TypeError, OverflowError):
        fields = None
    if fields is None:
        return None, None
    seconds = fields[9] if fields[9] or _SAYS_UTC.search(raw) else None  # without a zone it is 0 as well
    return _instant(fields[:6], None if seconds is None else int(seconds / 60))


def _of_separator(separator: bytes) -> tuple[datetime | None, int | None]:
    found = _SEPARATOR_DATE.findall(separator)
    if not found:
        return None, None
    month, day, hour, minute, second, year = (part.decode("ascii") or "0" for part in found[-1])
    parts = (int(year), _MONTHS.get(month.lower(), 0), int(day), int(hour), int(minute), int(second))
    return _instant(parts, None)


@lru_cache(maxsize=2_048)
def _zone(offset: int) -> timezone:
    return timezone(timedelta(minutes=offset))


def _instant(parts: tuple[int, ...], offset: int | None) -> tuple[datetime | None, int | None]:
    """A time with its offset; without one, or with one that no place on Earth has, it is taken as UTC."""
    if offset is not None and abs(offset) > 18 * 60:
        offset = None
    year, month, day, hour, minute, second = parts
    if not 1 < year < 9999:  # in UTC it could fall out of the calendar
        return None, None
    try:
        zone = _zone(offset) if offset else UTC
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone), offset
    except (ValueError, OverflowError):
        return None, None


def _ids(text: str) -> list[str]:
    """The message ids in a header, in order and once each; at most the first and the last hundred."""
    if not text:
        return []
    found = _IDS.findall(text) or [word for word in text.split() if "@" in word]
    unique = list(dict.fromkeys(_SPACE.sub("", one) if " " in one else one for one in found))
    return unique if len(unique) <= 200 else unique[:100] + unique[-100:]


def _message_id(text: str) -> str | None:
    found = _IDS.search(text)
    return _SPACE.sub("", found[1] if found else text).strip("<>")[:998] or None


def _stand_in(who: str, date_raw: str, subject: str, own: bytes) -> str:
    """A key made from the content, the same in every archive of the message, also where one hides addresses."""
    parts = [
        *(part.encode("utf-8", "replace") for part in (who, date_raw, subject)),
        b" ".join(own.split()),
    ]
    return "sha256:" + hashlib.sha256(b"\0".join(parts)).hexdigest()


def _list_id(text: str) -> str | None:
    if not text:
        return None
    found = _IDS.search(text)
    return (found[1] if found else text).strip().lower() or None


def _automated_by(headers: dict[str, str], address: str | None) -> str | None:
    """What says that no person wrote this: a header, or the sender's address.

    Many list servers write "Precedence: bulk" on everything, so that it only counts where no list did.
    """
    submitted = headers.get("auto-submitted", "no").lower()
    if submitted and not submitted.startswith("no"):
        return "Auto-Submitted"
    if "x-autoreply" in headers or "x-autorespond" in headers:
        return "X-Autoreply"
    if precedence := headers.get("precedence", "").lower():
        from_list = "list-id" in headers or "list-post" in headers or "mailing-list" in headers
        if precedence in ("junk", "auto_reply") or (precedence == "bulk" and not from_list):
            return "Precedence"
    return "sender" if address and is_automatic(address) else None


class _Part(NamedTuple):
    """A part of a body as it was sent, decoded from its transfer encoding."""

    text: bytes = b""
    content_type: str = ""
    is_of_many: bool = False

    @property
    def is_html(self) -> bool:
        return self.content_type.startswith("text/html")


def _readable(headers: dict[str, str], body: bytes, depth: int = 0) -> _Part:
    """The part of a body that a person would read: plain text, else HTML, else nothing."""
    kind = headers.get("content-type", "")
    lower = kind.lower()
    if lower.startswith("multipart/") and depth < 5 and (boundary := _BOUNDARY.search(kind)):
        best = _Part(is_of_many=True)
        mark = b"\n--" + (boundary[1] or boundary[2]).encode("ascii", "replace")
        for piece in (b"\n" + body).split(mark, 50)[1:50]:
            if piece.startswith(b"--"):
                break
            head, content = _head_and_body(piece.partition(b"\n")[2])
            part = _readable(_headers(head)[0], content, depth + 1)
            part = _Part(part.text, part.content_type, is_of_many=True)
            if part.text.strip() and not part.is_html:
                return part
            best = best if best.text else part
        return best
    if lower and not lower.startswith(("text", "multipart/", "message/")):
        return _Part(is_of_many=True)
    encoding = headers.get("content-transfer-encoding", "").lower()
    if encoding == "quoted-printable":
        body = quopri.decodestring(body)
    elif encoding == "base64":
        clean = re.sub(rb"[^A-Za-z0-9+/]", b"", body.partition(b"=")[0])  # a list's footer may follow
        body = binascii.a2b_base64(clean[: len(clean) - (len(clean) % 4 == 1)] + b"=" * (-len(clean) % 4))
    return _Part(body, lower)


def _without_tags(text: bytes) -> bytes:
    parts: list[bytes] = []
    at = inside = 0
    for mark in _NOT_FOR_READING.finditer(text):
        if not inside:
            parts.append(text[at : mark.start()])
        inside, at = not mark[1], mark.start()
    if not inside:
        parts.append(text[at:])
    bare = _TAG.sub(b" ", b"".join(parts))
    return html.unescape(bare.decode("latin-1")).encode("latin-1", "replace") if b"&" in bare else bare


def _own_text(text: bytes) -> tuple[bytes, bytes]:
    """What the sender wrote, without quoted lines and signature; and what the list or mailer appended."""
    text = b"\n" + text
    if b">" in text:
        text = _QUOTES.sub(b"", text)
        if b"\n>From " in text:
            text = text.replace(b"\n>From ", b"\nFrom ")
    end = len(text)
    for mark in (b"\n--", _LINE_BELOW):
        at = text.find(mark, 0, end)
        while at != -1:
            if _END_OF_OWN_TEXT.match(text, at + 1) and not text[:at].isspace() and at:
                end = at
                break
            at = text.find(mark, at + 1, end)
    return (text, b"") if end == len(text) else (text[:end], text[end:])


def _length(bare: bytes, content_type: str) -> tuple[int, bool]:
    text, went_wrong = text_of(bare, content_type)
    return len(text), went_wrong


def _thanks(own: bytes) -> bool:
    lower = own.lower()
    for word, pattern in _THANKS:  # noqa: SIM110 - twice as fast as any()
        if word in lower and pattern.search(lower):
            return True
    return False


def _has_patch(body: bytes, own: bytes, appended: bytes, part: _Part) -> bool:
    """Whether a patch stands in the text or is attached; Pipermail lists what was attached below the text.

    Every patch has a line that begins with three dashes, however it was made.
    """
    if b"\n--- " in own and _PATCH.search(own):
        return True
    listed = body if part.is_of_many else appended
    may_list = b"patch" in listed or b"diff" in listed
    return may_list and _PATCH_FILE.search(listed) is not None
