"""Bytes and encoded words of mail into text: whatever comes in, text comes out, with a mark where it went wrong."""

from __future__ import annotations

import binascii
import re
from email.errors import HeaderParseError
from email.header import decode_header

_SPACE = re.compile(r"\s+")
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_NO_CHARSETS = {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined"}
"""What Python decodes and no mail is written in; the first takes time that grows with the square of its input."""


def text_of(value: bytes, content_type: str) -> tuple[str, bool]:
    """Text as UTF-8 if that is what it is, else in the character set declared for it; and whether that was wrong."""
    if value.isascii():
        return value.decode("ascii"), False
    try:
        return value.decode("utf-8"), False
    except UnicodeDecodeError:
        charset = _CHARSET.search(content_type)
        return _replacing(value, charset[1] if charset else "utf-8")


def words(value: str) -> tuple[str, bool]:
    """A header with its RFC 2047 encoded words decoded, and whether one of them was wrong."""
    if "=?" not in value:
        return value, False
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError, binascii.Error):
        return value, True
    texts = [(part, False) if isinstance(part, str) else _replacing(part, c or "utf-8") for part, c in parts]
    whole = _SPACE.sub(" ", "".join(text for text, _ in texts)).strip()
    return whole, any(went_wrong for _, went_wrong in texts)


def _replacing(value: bytes, charset: str) -> tuple[str, bool]:
    went_wrong = charset.lower().replace("_", "-") in _NO_CHARSETS
    charset = "utf-8" if went_wrong else charset
    try:
        text = value.decode(charset)
    except (LookupError, ValueError):
        went_wrong = True
        try:
            text = value.decode(charset, "replace")
        except (LookupError, ValueError):
            text = value.decode("utf-8", "replace")
    return text.encode("utf-8", "replace").decode("utf-8"), went_wrong
