"""An mbox or Pipermail text, cut into its messages in one pass and in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

_READ_AT_ONCE = 1 << 20
KEPT_OF_A_MESSAGE = 1 << 20
_LONGEST_SEPARATOR = 1024

NO_SEPARATOR = b"From -"
"""What stands for the separator of a message that comes on its own, as in a Maildir."""

_SEPARATOR = re.compile(
    rb"From .*?\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
    rb" {1,2}(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    rb" {1,2}\d{1,2} {1,2}\d{1,2}:\d\d(?::\d\d)?"
    rb"(?: {1,2}(?:[A-Z]{1,5}|[+-]\d{4}))*"
    rb" {1,2}\d{4}"
    rb"(?: {1,2}(?:[A-Z]{1,5}|[+-]\d{4}))*"
    rb"(?: remote from .*)?[ \t\r]*"
)
"""`From sender  Www Mmm dd hh:mm:ss yyyy`: any sender, and perhaps a zone before or after the year."""

_PATCH = re.compile(rb"From [0-9a-f]{40,64} Mon Sep 17 00:00:00 2001\s*")
"""What `git format-patch` writes; inside a message it is the beginning of a patch, not of a message."""

_CONTENT_LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d{1,9})[ \t\r]*$", re.MULTILINE)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_FARTHEST_END = 8 << 20
"""How far ahead of a separator the end that a message tells is looked for."""

_FREE_TO_UNPACK = 64 << 20
_LARGEST_RATIO = 200
"""Mail packs about 4:1; beyond 64 MiB, a file that packs better than 200:1 was made to fill a disk."""

_Packed = BinaryIO | IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile
_ZSTANDARD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two separators: where it begins, its separator, and its text.

    Of a text longer than `keep` bytes only the beginning is here; `size` is what it really had. `broken`
    says why the file could not be read beyond this piece, which is then cut short at an unknown place.
    """

    offset: int
    separator: bytes
    text: bytes
    size: int
    broken: str = ""

    @property
    def is_cut(self) -> bool:
        return self.size > len(self.text)


class _BrokenError(Exception):
    """The file cannot be read any further; the text says why."""


def pieces(path: Path) -> Iterator[Piece]:
    """The messages of an archive, plain or packed with gzip, bzip2, xz or zstd; raises `OSError` at a bad path."""
    with path.open("rb") as raw:
        beginning = raw.read(6)
        raw.seek(0)
        with _unpacked(raw, beginning) as text:
            yield from split(_careful(text, None if text is raw else raw.tell))


def zipped_pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[Piece]:
    """The messages of one file in a zip archive."""
    try:
        with archive.open(member) as text:
            yield from split(_careful(text, lambda: max(member.compress_size, 1)))
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        yield Piece(0, NO_SEPARATOR, b"", 0, f"{member.filename} in the zip file cannot be read: {error}")


def looks_at(path: Path) -> bytes:
    """The first bytes of a file, unpacked; as they are where they cannot be unpacked."""
    with path.open("rb") as raw:
        beginning = raw.read(2_000)
        raw.seek(0)
        try:
            with _unpacked(raw, beginning) as text:
                return text.read(2_000)
        except (OSError, EOFError, zlib.error, lzma.LZMAError):
            return beginning


def split(
    read: Callable[[int], bytes], at_once: int = _READ_AT_ONCE, keep: int = KEPT_OF_A_MESSAGE
) -> Iterator[Piece]:
    """Cut a stream of bytes at its separators.

    A line is a separator if it begins with "From ", follows a blank line, and ends as the first line of a
    message does, with a date; the first line of the file needs only to begin with "From ". Everything else
    that begins with "From " is text, quoted (">From ") or not. So is a separator before the end that a message's
    Content-Length tells, if another separator or the end of the file is there: of the four dialects of mbox, one
    (mboxcl2) quotes nothing. Text before the first separator is a piece without a separator, unless it is blank.
    """
    window, behind = b"\n\n\n", 3  # as if blank lines came before; window[:behind] only serves to look back
    at = -behind  # where in the file the window begins
    first: int | None = None
    patches_are_messages = False
    piece = _Growing(0, b"", keep, 0)
    chunks = _Chunks(read, at_once)
    while True:
        new = chunks.next()
        if first is None:
            first = 3 if new.startswith(b"\xef\xbb\xbf") else 0
            new, at = new[first:], at + first
        window += new
        tells_lengths = b"\nContent-Length:" in window
        certain = chunks.certain(window)
        found = window.find(b"\nFrom ", behind - 1)
        while found != -1 and found < certain - 1:
            begin = found + 1
            if window[found - 1 : found] == b"\n" or window[found - 2 : found] == b"\n\r":
                end = window.find(b"\n", begin, begin + _LONGEST_SEPARATOR)
                if end == -1 and len(window) - begin < _LONGEST_SEPARATOR:
                    end = len(window)
                line = window[begin:end] if end != -1 else b""
                is_first = at + begin == first
                if is_first:
                    patches_are_messages = _PATCH.fullmatch(line) is not None
                if line and (
                    is_first
                    or (_SEPARATOR.fullmatch(line) and (patches_are_messages or not _PATCH.fullmatch(line)))
                ):
                    told = piece.told_end(window[behind:begin]) - at if tells_lengths and not is_first else 0
                    if begin < told <= begin + _FARTHEST_END:
                        window += chunks.next(told + _LONGEST_SEPARATOR - len(window))
                        certain = chunks.certain(window)
                        if _ends_at(window, told):
                            found = window.find(b"\nFrom ", told - 2)
                            continue
                    piece.add(window[behind:begin])
                    if not piece.is_nothing:
                        yield piece.done()
                    behind = min(end + 1, len(window))
                    piece = _Growing(at + begin, line.rstrip(b"\r"), keep, at + behind)
            found = window.find(b"\nFrom ", begin)
        if chunks.is_over:
            piece.add(window[behind:])
            if chunks.damage or not piece.is_nothing:
                yield piece.done(chunks.damage)
            return
        passed = max(behind, certain)
        piece.add(window[behind:passed])
        window, at, behind = window[passed - 3 :], at + passed - 3, 3


def _ends_at(window: bytes, end: int) -> bool:
    """Whether a message may end here: a separator follows, or nothing more."""
    rest = window[end : end + _LONGEST_SEPARATOR].lstrip(b"\r\n")
    return end <= len(window) and (not rest or _SEPARATOR.match(rest) is not None)


class _Chunks:
    """What there is to read, up to the end or to damage; the first chunk is longer than a byte-order mark."""

    def __init__(self, read: Callable[[int], bytes], at_once: int) -> None:
        self._read = read
        self._at_once = at_once
        self._least = 4
        self.is_over = False
        self.damage = ""

    def next(self, least: int = 1) -> bytes:
        """At least so many bytes more, unless the end or damage is nearer."""
        chunks: list[bytes] = []
        size, least = 0, max(least, self._least)
        try:
            while size < least and not self.is_over:
                chunks.append(self._read(self._at_once))
                size += len(chunks[-1])
                self.is_over = not chunks[-1]
        except _BrokenError as error:
            self.is_over, self.damage = True, str(error)
        self._least = 0
        return b"".join(chunks)

    def certain(self, window: bytes) -> int:
        """How much of what was read can be judged; the line at its end may not be whole."""
        return len(window) - (0 if self.is_over else _LONGEST_SEPARATOR)


class _Growing:
    """A piece of which the end has not been seen yet."""

    def __init__(self, offset: int, separator: bytes, keep: int, text_at: int) -> None:
        self._text_at = text_at
        self._offset = offset
        self._separator = separator
        self._room = keep
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, text: bytes) -> None:
        if not text:
            return
        self._size += len(text)
        if self._room:
            kept = text[: self._room]
            self._parts.append(kept)
            self._room -= len(kept)

    def told_end(self, more: bytes) -> int:
        """Where in the file the text ends by its own Content-Length; 0 where it tells none."""
        text = b"".join([*self._parts, more])
        end = _END_OF_HEADERS.search(text)
        told = _CONTENT_LENGTH.search(text, 0, end.start() + 1) if end else None
        return self._text_at + end.end() + int(told[1]) if end and told else 0

    @property
    def is_nothing(self) -> bool:
        return not self._separator and not any(part.strip() for part in self._parts)

    def done(self, broken: str = "") -> Piece:
        return Piece(self._offset, self._separator, b"".join(self._parts), self._size, broken)


def _unpacked(raw: BinaryIO, beginning: bytes) -> _Packed:
    if beginning.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)
    if beginning.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    if beginning.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(raw)
    if beginning.startswith(_ZSTANDARD):
        import pyarrow as pa

        stream: IO[bytes] = pa.CompressedInputStream(raw, "zstd")
        return stream
    return raw


def _careful(text: _Packed | Any, packed: Callable[[], int] | None) -> Callable[[int], bytes]:
    """A `read` that ends at damage and at decompression bombs, and says which; `packed` tells how much was unpacked."""
    unpacked = 0

    def read(size: int) -> bytes:
        nonlocal unpacked
        try:
            data = text.read(size)
        except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
            raise _BrokenError(f"the file breaks off here: {error}") from None
        unpacked += len(data)
        if packed is not None and unpacked > max(_FREE_TO_UNPACK, _LARGEST_RATIO * packed()):
            raise _BrokenError(
                f"the file unpacks to more than {_LARGEST_RATIO} times its size; not read further"
            )
        return data

    return read
