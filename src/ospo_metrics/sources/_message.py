"""What metrics need to know of one mail message; the body itself is deliberately not kept."""

from __future__ import annotations

import binascii
import hashlib
import html
import quopri
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parseaddr, parsedate_tz
from typing import Any

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
"""Nobody sent mail before; such a date is a clock that was never set."""

_WANTED = (
    "auto-submitted", "content-transfer-encoding", "content-type", "date", "from", "in-reply-to", "list-id",
    "list-post", "mailing-list", "message-id", "precedence", "received", "references", "reply-to", "sender",
    "subject", "x-autoreply", "x-autorespond", "x-original-from",
)  # fmt: skip

_HEADER = re.compile(
    rb"^(" + b"|".join(name.encode() for name in _WANTED) + rb")[ \t]*:[ \t]*"
    rb"([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)",
    re.MULTILINE | re.IGNORECASE,
)
_ANY_HEADER = re.compile(rb"^[!-9;-~]+[ \t]*:", re.MULTILINE)
_IDS = re.compile(r"<([^<>]+)>")
_SPACE = re.compile(r"\s+")

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

_ADDRESS = re.compile(r"[^@\s<>()\"',;:]+@[^@\s<>()\"',;:|]+")
_SPELLED_OUT = re.compile(r"([^\s@]+) at ([A-Za-z0-9][\w-]*(?:\.[\w-]+)*)(?: \((.*)\))?", re.DOTALL)
_MASKED = re.compile(
    r"(\S+) (?:@end\|ng \|rom|@ending from|m@iii@g oii|m@ili@g off) (\S+)(?: \((.*)\))?", re.DOTALL
)
_MASK = str.maketrans("asn.lif", "@@@@|||")
_ANGLE = re.compile(r"([^<>]*)<([^<>]*)>[^<>]*", re.DOTALL)
_COMMENT = re.compile(r"(\S+@\S+) *\((.*)\)", re.DOTALL)
_AUTOMATIC_SENDER = re.compile(
    r"(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|listserv|majordomo|mailman|bugzilla-daemon"
    r"|(?:.*[-_.+])?bounces?(?:[-_.+].*)?|.*[-_.]bot|.*\[bot\])@.*"
)

_END_OF_OWN_TEXT = re.compile(
    rb"^(?:-- ?|-{3,} ?(?:original message|next part|forwarded message).*|_{30,})[ \t\r]*$",
    re.MULTILINE | re.IGNORECASE,
)
_QUESTION = re.compile(rb"\?[?!\"')\]*_.]{0,8}(?:\s|$)")  # not the one in an address with a query
_QUOTED = (b">", b" >", b"|>")
_ESCAPED = re.compile(rb"^>From ", re.MULTILINE)
_THANKS = re.compile(
    rb"\b(?:thanks|thank you|thx|merci|danke|gracias|obrigad[oa])\b(?![ ,]*(?:very much |a lot )?in advance)"
)
_PATCH = re.compile(
    rb"^(?:diff --git \S|Index: \S+\r?\n=|@@ -\d+(?:,\d+)? \+\d+|\*{3} \S[^\n]{0,500}\n--- \S)", re.MULTILINE
)
_PATCH_FILE = re.compile(
    rb"name ?[:=] ?\"?[^\"\r\n;]{1,200}\.(?:patch|diff)\b|text/x-(?:patch|diff)", re.IGNORECASE
)
_NO_CHARSETS = {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined"}
"""What Python decodes and no mail is written in; the first takes time that grows with the square of its input."""

_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]+)\"|([^\s;\"]+))", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_TAG = re.compile(rb"<[^<>]*>")
_NOT_FOR_READING = re.compile(rb"<(/?)(?:style|script)\b", re.IGNORECASE)
_LONGEST_HEADER = 2_000  # References excepted


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
    headers = _headers(head)
    if not headers and not _ANY_HEADER.match(head):
        raise UnreadableError("no headers" if text.strip() else "empty message")
    decode = _Decoder(headers.get("content-type", b""))
    from_raw = decode.text(headers.get("from", b"")) or decode.text(headers.get("sender", b""))
    if not from_raw:
        raise UnreadableError("no From or sender header")
    sender = _sender(from_raw, decode)
    sent = _sent(headers, separator, decode, now)
    subject = decode.words(decode.text(headers.get("subject", b"")))
    automated_by = _automated_by(headers, sender.address)
    part = _readable(headers, body)
    own = _own_text(_without_tags(part.text) if part.is_html else part.text)
    message_id = _message_id(decode.text(headers.get("message-id", b"")))
    return Message(
        key=message_id or _stand_in(from_raw, sent.raw, subject, own),
        sent_at=sent.at.astimezone(UTC) if sent.at else None,
        payload={
            "message_id": message_id,
            "from_raw": from_raw,
            "from_name": sender.name,
            "from_address": sender.address,
            "from_address_masked": sender.masked,
            "is_address_obfuscated": sender.is_obfuscated,
            "reply_to_raw": decode.text(headers.get("reply-to", b"")) or None,
            "x_original_from_raw": decode.text(headers.get("x-original-from", b"")) or None,
            "date": sent.at.isoformat() if sent.at else None,
            "date_source": sent.source,
            "date_raw": sent.raw or None,
            "date_problem": sent.problem,
            "utc_offset_minutes": sent.offset_minutes,
            "subject": subject or None,
            "in_reply_to": next(iter(_ids(decode.text(headers.get("in-reply-to", b"")))), None),
            "references": _ids(decode.text(headers.get("references", b""), 64_000)),
            "list_id": _list_id(decode.text(headers.get("list-id", b""))),
            "is_automated": automated_by is not None,
            "automated_by": automated_by,
            "has_patch": subject.startswith(("[PATCH", "[patch")) or _has_patch(body, own),
            "own_text_length": len(decode.body(b" ".join(own.split()), part.content_type)),
            "asks_question": _QUESTION.search(own) is not None,
            "thanks": _thanks(own.lower()),
            "has_wrong_charset": decode.went_wrong,
        },
    )


def _head_and_body(text: bytes) -> tuple[bytes, bytes]:
    unix, dos = text.find(b"\n\n"), text.find(b"\n\r\n")
    end = unix if dos == -1 or -1 < unix < dos else dos
    if text.startswith((b"\n", b"\r\n")):
        return b"", text
    return (text, b"") if end == -1 else (text[: end + 1], text[end + 1 :].lstrip(b"\r\n"))


def _headers(head: bytes) -> dict[str, bytes]:
    """The first header of each wanted name; of `Received` that is the last hop."""
    found: dict[str, bytes] = {}
    for name, value in _HEADER.findall(head):
        found.setdefault(name.decode("ascii").lower(), value)
    return found


class _Decoder:
    """Bytes and encoded words into text, remembering whether anything was not what it said it was."""

    def __init__(self, content_type: bytes) -> None:
        self.went_wrong = False
        self._content_type = content_type

    def text(self, value: bytes, longest: int = _LONGEST_HEADER) -> str:
        """A header as one line."""
        if not value:
            return ""
        text = self.body(value[:longest], "")
        return " ".join(map(str.strip, text.split("\n"))).strip() if "\n" in text else text.strip()

    def body(self, value: bytes, content_type: str) -> str:
        """Text as UTF-8 if that is what it is, else in the character set declared for it."""
        if value.isascii():
            return value.decode("ascii")
        content_type = content_type or self._content_type.decode("ascii", "replace")
        charset = _CHARSET.search(content_type)
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return self._replacing(value, charset[1] if charset else "utf-8")

    def words(self, value: str) -> str:
        """Decode RFC 2047 encoded words."""
        if "=?" not in value:
            return value
        try:
            parts = decode_header(value)
        except (HeaderParseError, ValueError, binascii.Error):
            self.went_wrong = True
            return value
        decoded = "".join(
            part if isinstance(part, str) else self._replacing(part, charset or "utf-8")
            for part, charset in parts
        )
        return _SPACE.sub(" ", decoded).strip()

    def _replacing(self, value: bytes, charset: str) -> str:
        if charset.lower().replace("_", "-") in _NO_CHARSETS:
            self.went_wrong, charset = True, "utf-8"
        try:
            text = value.decode(charset)
        except (LookupError, ValueError):
            self.went_wrong = True
            try:
                text = value.decode(charset, "replace")
            except (LookupError, ValueError):
                text = value.decode("utf-8", "replace")
        return text.encode("utf-8", "replace").decode("utf-8")


@dataclass(frozen=True, slots=True)
class _Sender:
    name: str | None
    address: str | None
    masked: str | None = None
    is_obfuscated: bool = False


def _sender(raw: str, decode: _Decoder) -> _Sender:
    """Name and address, as far as the archive has not made the address unreadable.

    "user at example.org" is certain. In "user @end|ng |rom ex@mp|e@org" and its older forms letters are
    lost, so there is no address, only its masked form "u@er ex@mp|e@org": in small letters, every letter
    that any of the forms masks is masked (a, s, n and the dot as @; l, i and f as |). Masking a known
    address the same way tells whether it is the same one.
    """
    if found := _MASKED.fullmatch(raw):
        masked = f"{found[1]} {found[2]}".lower().translate(_MASK)
        return _Sender(_name(found[3], decode), None, masked, is_obfuscated=True)
    if found := _SPELLED_OUT.fullmatch(raw):
        return _Sender(_name(found[3], decode), f"{found[1]}@{found[2]}".lower(), is_obfuscated=True)
    if found := _ANGLE.fullmatch(raw):
        name, address = found[1], found[2].strip()
        if spelled := _SPELLED_OUT.fullmatch(address):
            return _Sender(_name(name, decode), f"{spelled[1]}@{spelled[2]}".lower(), is_obfuscated=True)
    elif found := _COMMENT.fullmatch(raw):
        name, address = found[2], found[1]
    else:
        name, address = parseaddr(raw)
    if not _ADDRESS.fullmatch(address):
        return _Sender(_name(name or raw, decode), None)
    return _Sender(_name(name, decode), address.lower())


def _name(raw: str | None, decode: _Decoder) -> str | None:
    if not raw:
        return None
    name = raw.strip()
    if name[:1] == name[-1:] == '"':
        name = name[1:-1]
    if "\\" in name:
        name = re.sub(r"\\(.)", r"\1", name)
    return decode.words(name).strip().strip('"') or None


@dataclass(frozen=True, slots=True)
class _Sent:
    at: datetime | None
    source: str
    raw: str
    problem: str | None
    offset_minutes: int | None


def _sent(headers: dict[str, bytes], separator: bytes, decode: _Decoder, now: datetime) -> _Sent:
    """When a message was sent: its Date, else the last hop's, else the archive's, else unknown."""
    raw = decode.text(headers.get("date", b""))[:120]
    at, offset = _parsed(raw)
    problem = _problem(at, raw, now)
    if at and problem is None:
        return _Sent(at, "date", raw, None, offset)
    received = decode.text(headers.get("received", b"")).rpartition(";")[2].strip()
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


def _instant(parts: tuple[int, ...], offset: int | None) -> tuple[datetime | None, int | None]:
    """A time with its offset; without one, or with one that no place on Earth has, it is taken as UTC."""
    if offset is not None and abs(offset) > 18 * 60:
        offset = None
    year, month, day, hour, minute, second = parts
    try:
        zone = timezone(timedelta(minutes=offset)) if offset else UTC
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
        at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, None
    return at, offset


def _ids(text: str) -> list[str]:
    """The message ids in a header, in order and once each; at most the first and the last hundred."""
    if not text:
        return []
    found = _IDS.findall(text) or [word for word in text.split() if "@" in word]
    unique = list(dict.fromkeys(_SPACE.sub("", identifier) for identifier in found))
    return unique if len(unique) <= 200 else unique[:100] + unique[-100:]


def _message_id(text: str) -> str | None:
    found = _IDS.search(text)
    return _SPACE.sub("", found[1] if found else text).strip("<>")[:998] or None


def _stand_in(from_raw: str, date_raw: str, subject: str, own: bytes) -> str:
    """A key made from the content, the same in every archive of the message."""
    parts = [
        *(part.encode("utf-8", "replace") for part in (from_raw, date_raw, subject)),
        b" ".join(own.split()),
    ]
    return "sha256:" + hashlib.sha256(b"\0".join(parts)).hexdigest()


def _list_id(text: str) -> str | None:
    found = _IDS.search(text)
    return (found[1] if found else text).strip().lower() or None


def _automated_by(headers: dict[str, bytes], address: str | None) -> str | None:
    """What says that no person wrote this: a header, or the sender's address.

    Many list servers write "Precedence: bulk" on everything, so that it only counts where no list did.
    """
    submitted = headers.get("auto-submitted", b"no").strip().lower()
    if submitted and not submitted.startswith(b"no"):
        return "Auto-Submitted"
    if "x-autoreply" in headers or "x-autorespond" in headers:
        return "X-Autoreply"
    precedence = headers.get("precedence", b"").strip().lower()
    from_list = "list-id" in headers or "list-post" in headers or "mailing-list" in headers
    if precedence == b"junk" or (precedence == b"bulk" and not from_list):
        return "Precedence"
    return "sender" if address and _AUTOMATIC_SENDER.fullmatch(address) else None


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a body as it was sent, decoded from its transfer encoding."""

    text: bytes = b""
    content_type: str = ""

    @property
    def is_html(self) -> bool:
        return self.content_type.startswith("text/html")


def _readable(headers: dict[str, bytes], body: bytes, depth: int = 0) -> _Part:
    """The part of a body that a person would read: plain text, else HTML, else nothing."""
    kind = headers.get("content-type", b"").decode("ascii", "replace").strip()[:_LONGEST_HEADER]
    lower = kind.lower()
    if lower.startswith("multipart/") and depth < 5 and (boundary := _BOUNDARY.search(kind)):
        best = _Part()
        mark = b"\n--" + (boundary[1] or boundary[2]).encode("ascii", "replace")
        for piece in (b"\n" + body).split(mark, 50)[1:50]:
            if piece.startswith(b"--"):
                break
            head, content = _head_and_body(piece.partition(b"\n")[2])
            part = _readable(_headers(head), content, depth + 1)
            if part.text.strip() and not part.is_html:
                return part
            best = best if best.text else part
        return best
    if lower and not lower.startswith(("text", "multipart/", "message/")):
        return _Part()
    encoding = headers.get("content-transfer-encoding", b"").strip().lower()
    if encoding == b"quoted-printable":
        body = quopri.decodestring(body)
    elif encoding == b"base64":
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


def _own_text(text: bytes) -> bytes:
    """What the sender wrote, without quoted lines, signature and what the list or mailer appended."""
    if b"\n--" in text or b"\n____" in text:
        end = _END_OF_OWN_TEXT.search(text)
        text = text[: end.start()] if end and text[: end.start()].strip() else text
    if b">" not in text:
        return text
    if b">From " in text:
        text = _ESCAPED.sub(b"From ", text)
    return b"\n".join([line for line in text.split(b"\n") if not line.startswith(_QUOTED)])


def _thanks(lower: bytes) -> bool:
    likely = b"thank" in lower or b"thx" in lower or b"merci" in lower or b"danke" in lower
    return (likely or b"gracias" in lower or b"obrigad" in lower) and _THANKS.search(lower) is not None


def _has_patch(body: bytes, own: bytes) -> bool:
    if (b"\n@@ -" in own or b"diff --git" in own or b"Index: " in own or b"\n*** " in own) and _PATCH.search(
        own
    ):
        return True
    return (b".patch" in body or b".diff" in body or b"text/x-" in body) and _PATCH_FILE.search(
        body
    ) is not None
