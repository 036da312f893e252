"""Keyed stand-ins for addresses and handles, and the file that holds the key."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from pathlib import Path

KEY_FILE = "private/pseudonym.key"
"""Where a workspace keeps the 256-bit key, as 64 hexadecimal digits."""


def normalise(kind: str, value: str) -> str:
    """The form in which two spellings of one identity are equal: NFKC, trimmed, small letters."""
    text = unicodedata.normalize("NFKC", value).strip().lower()
    return re.sub(r"\s+", " ", text) if kind not in ("address", "login") else text


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """A keyed stand-in for an identity: 32 hexadecimal digits of HMAC-SHA256 over kind, version and value."""
    message = f"{kind}|v1|{normalise(kind, value)}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def read_key(workspace: Path) -> bytes | None:
    """The key of a workspace, or None where there is none that is whole."""
    path = workspace / KEY_FILE
    text = path.read_text(encoding="ascii", errors="replace").strip() if path.is_file() else ""
    return bytes.fromhex(text) if re.fullmatch(r"[0-9a-f]{64}", text) else None
