"""Keyed stand-ins for addresses and handles, and the key they are made with."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

KEY_FILE = "private/pseudonym.key"
"""Where a workspace keeps the 256-bit key, as 64 hexadecimal digits."""

HANDED_OVER = "DBT_ENV_SECRET_OSPO_PSEUDONYM_KEY"
"""The variable by which the key reaches dbt's process; dbt itself takes the value of such a variable out of its log."""

_DIGITS = re.compile(r"[0-9a-f]{64}")
_PURPOSE = "ospo-metrics|pseudonym|v2|"


class KeyUnusableError(Exception):
    """There is a key that must not be used; the sentence says why and what to do."""


def normalise(kind: str, value: str) -> str:
    """The form in which two spellings of one identity are equal: NFKC, trimmed, small letters."""
    text = value if value.isascii() else unicodedata.normalize("NFKC", value)
    text = text.strip().lower()
    return re.sub(r"\s+", " ", text) if kind not in ("address", "login") else text


def derived(key: bytes, info: bytes, *, salt: bytes = b"", length: int = 32) -> bytes:
    """A key for one purpose, derived from another by HKDF with SHA-256 (RFC 5869)."""
    drawn = hmac.digest(salt or bytes(32), key, "sha256")
    found = block = b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(drawn, block + info + bytes([counter]), "sha256")
        found += block
    return found[:length]


@lru_cache(maxsize=256)
def subkey(key: bytes, kind: str) -> bytes:
    """The key of one kind of identity: what is known of one kind says nothing of another."""
    return derived(key, f"{_PURPOSE}{kind}".encode())


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """A keyed stand-in for an identity: 32 hexadecimal digits of HMAC-SHA256, under the subkey of its kind."""
    return hmac.digest(subkey(key, kind), normalise(kind, value).encode(), "sha256").hex()[:32]


def pseudonyms(key: bytes, kind: str, values: Iterable[str]) -> list[str]:
    """The same for many values of one kind: what depends on the key alone is computed once."""
    mine = subkey(key, kind).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in mine))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in mine))
    found = []
    for value in values:
        inside, outside = inner.copy(), outer.copy()
        inside.update(normalise(kind, value).encode())
        outside.update(inside.digest())
        found.append(outside.hexdigest()[:32])
    return found


def fingerprint(key: bytes) -> str:
    """By what a key is known again; it says nothing of the key or of anybody."""
    return derived(key, b"ospo-metrics|fingerprint|v2", length=16).hex()


def read_key(workspace: Path, key_env: str | None = None) -> bytes | None:
    """The key of a workspace, from the variable that the settings name or from its file; None where there is none.

    `KeyUnusableError` where it is damaged, where others may read the file, or where file and variable differ.
    """
    told = os.environ.get(key_env, "").strip().lower() if key_env else ""
    if told and not _DIGITS.fullmatch(told):
        raise KeyUnusableError(
            f"the variable {key_env} does not hold the key of the pseudonyms: it needs 64 hexadecimal digits. "
            "Take them from where you keep the key; a new one comes from 'openssl rand -hex 32'."
        )
    kept = _kept(workspace / KEY_FILE)
    if told and kept and told != kept:
        raise KeyUnusableError(
            f"{workspace / KEY_FILE} and the variable {key_env} hold different keys, and with the wrong one everybody "
            "would be somebody else. Put the key of the file into the variable, then delete the file."
        )
    return bytes.fromhex(told or kept) if told or kept else None


def handed_over() -> bytes:
    """The key, in a process that was given it by `HANDED_OVER`."""
    return bytes.fromhex(os.environ[HANDED_OVER])


def _kept(path: Path) -> str:
    """The digits in the file; nothing where there is no file."""
    if not path.is_file():
        return ""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyUnusableError(
            f"others than its owner may read the key of the pseudonyms, {path}. Run: chmod 600 {path}"
        )
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not _DIGITS.fullmatch(text):
        raise KeyUnusableError(f"the key of the pseudonyms, {path}, is damaged. Restore it from your backup.")
    return text
