"""Who wrote a mail message, as far as its archive lets one know."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email.utils import parseaddr
from functools import lru_cache

from ospo_metrics.sources._decoding import words

_ADDRESS = re.compile(r"[^@\s<>()\"',;:]+@[^@\s<>()\"',;:|]+")
_SPELLED_OUT = re.compile(
    r"([^\s@]+)\s*(?: at | AT | ?\((?:at|AT|@)\) ?| ?\[(?:at|AT|@)\] ?)\s*"
    r"([A-Za-z0-9][\w-]*(?:(?:\.| dot | DOT | ?\((?:dot|DOT)\) ?| ?\[(?:dot|DOT)\] ?)[\w-]+)+)(?: \((.*)\))?",
    re.DOTALL,
)
_DOT = re.compile(r" ?[\[(]?\b(?:dot|DOT)\b[\])]? ?")
_MARC = re.compile(r"(\S+) \(\) (\S+(?: ! \S+)+)(?: \((.*)\))?", re.DOTALL)
_MASKED = re.compile(
    r"(\S+) (?:@end\|ng \|rom|@ending from|m@iii@g oii|m@ili@g off) (\S+)(?: \((.*)\))?", re.DOTALL
)
_MASK = str.maketrans("asn.lif", "@@@@|||")
_CUT = re.compile(r"\.\.\.|…|^x+@|\bhidden\b", re.IGNORECASE)
_ANGLE = re.compile(r"([^<>]*)<([^<>]*)>[^<>]*", re.DOTALL)
_COMMENT = re.compile(r"([^\s@]+@[^\s(]+) *\((.*)\)", re.DOTALL)
_VIA = re.compile(r" (?:via|vía|über|przez|tramite|par|através de|через|on behalf of) (?=.)", re.DOTALL)
_WITHIN = re.compile(r"\w(?:.*\w)?", re.DOTALL)
_PACKED_IN = re.compile(r"([^@=]+)=([a-z0-9.-]+\.[a-z]{2,})@", re.IGNORECASE)
_AUTOMATIC = re.compile(
    r"(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|listserv|majordomo|mailman|bugzilla-daemon"
    r"|(?:.*[-_.+])?bounces?(?:[-_.+].*)?|.*[-_.]bot|.*\[bot\])@.*"
)


@dataclass(frozen=True, slots=True)
class Sender:
    """A name and an address, each where it is known; `source` is the header that told them.

    `masked` is what an archive left of an address that it made unusable, in small letters, with every letter
    masked that any of the known ways masks (a, s, n and the dot as @; l, i and f as |). A known address masked
    the same way tells whether it is the same one.
    """

    name: str | None = None
    address: str | None = None
    masked: str | None = None
    is_obfuscated: bool = False
    has_wrong_charset: bool = False
    source: str = "from"


@lru_cache(maxsize=8_192)
def sender(raw: str) -> Sender:
    """Name and address of a From header; "user at example.org" is certain, "us...@example.org" is not."""
    if found := _MASKED.fullmatch(raw):
        masked = f"{found[1]} {found[2]}".lower().translate(_MASK)
        return _named(found[3], Sender(masked=masked, is_obfuscated=True))
    if found := _ANGLE.fullmatch(raw):
        name, address = found[1], found[2].strip()
        spelled = None if "@" in address else _spelled_out(address)
        if spelled:
            return _named(name, Sender(address=spelled[0], is_obfuscated=True))
    elif spelled := _spelled_out(raw):
        return _named(spelled[1], Sender(address=spelled[0], is_obfuscated=True))
    elif found := _COMMENT.fullmatch(raw):
        name, address = found[2], found[1]
    else:
        try:
            name, address = parseaddr(raw)
        except RecursionError:  # of hundreds of brackets within each other
            name, address = "", ""
    if not _ADDRESS.fullmatch(address):
        return _named(name or raw, Sender())
    if _CUT.search(address):
        return _named(name, Sender(is_obfuscated=True))
    address = address.lower().removesuffix(".invalid")  # so Apache's lists write senders who use DMARC
    return _named(name, Sender(address=address))


@lru_cache(maxsize=8_192)
def real_sender(found: Sender, original: str, reply_to: str, own_addresses: frozenset[str]) -> Sender:
    """Whoever wrote a message that the list sent under its own address, as lists do for DMARC ("X via list").

    The header of the original is asked first, then Reply-To where it names one address that is not the list's,
    then an address packed into the list's (`ann=example.org@groups.io`), then the name alone.
    """
    via = _via(found.name or "")
    is_list = found.address in own_addresses or (via is not None and _is_of_list(found, via[1].lower()))
    if not (is_list or (via and original)):
        return found
    name = via[0] if via else found.name
    for source, raw in (("x-original-from", original), ("reply-to", reply_to)):
        other = sender(raw) if raw and raw.count("@") <= 1 else None
        if other and other.address and other.address not in (*own_addresses, found.address):
            return replace(other, name=other.name or name, source=source)
    if address := _packed(found.address):
        return replace(found, name=name or found.name, address=address, source="address")
    if via:
        return replace(found, name=name or None, address=None, masked=None, source="name")
    return found


def _via(name: str) -> tuple[str, str] | None:
    """The person and the list in "X via list", without the punctuation around them."""
    first = _WITHIN.search(name)
    mark = first and (_VIA.search(name, first.start()) or _VIA.search(name))
    if not mark:
        return None
    person, posts = _WITHIN.search(name, 0, mark.start()), _WITHIN.search(name, mark.end())
    return person[0] if person else "", posts[0] if posts else name[mark.end() :]


def _is_of_list(found: Sender, list_name: str) -> bool:
    """Whether an address is the list's rather than a person's, where the name says "via" the list."""
    if found.masked:
        return found.masked.partition(" ")[0] == list_name.translate(_MASK)
    local = (found.address or "").partition("@")[0]
    return local == list_name or _packed(found.address) is not None or local.startswith("devnull")


def is_automatic(address: str) -> bool:
    """Whether no person writes from an address: a daemon, a robot, a noreply."""
    return _AUTOMATIC.fullmatch(address) is not None


def _packed(address: str | None) -> str | None:
    found = _PACKED_IN.match(address or "")
    return f"{found[1]}@{found[2]}".lower() if found else None


def _spelled_out(raw: str) -> tuple[str, str | None] | None:
    """The address in "user at example.org (Name)" and its relatives, and the name."""
    if found := _SPELLED_OUT.fullmatch(raw):
        return f"{found[1]}@{_DOT.sub('.', found[2])}".lower(), found[3]
    if found := _MARC.fullmatch(raw):
        return f"{found[1]}@{found[2].replace(' ! ', '.')}".lower(), found[3]
    return None


def _named(raw: str | None, found: Sender) -> Sender:
    if not raw:
        return found
    name = raw.strip()
    if name[:1] == name[-1:] == '"':
        name = name[1:-1]
    if "\\" in name:
        name = re.sub(r"\\(.)", r"\1", name)
    text, went_wrong = words(name)
    return replace(found, name=text.strip().strip('"') or None, has_wrong_charset=went_wrong)
