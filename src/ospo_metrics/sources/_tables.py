"""Rows of comma-separated files as people really send them: any encoding, and a broken row costs itself only."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LONGEST_ROW = 40
"""Physical lines that one row may span; a quotation mark open for longer is a mistake, not a long answer."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line on which it begins, and its cells; where `problem` says something, there are no cells."""

    line: int
    cells: tuple[str, ...] = ()
    problem: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.problem and not any(cell.strip() for cell in self.cells)


def decoded(raw: bytes) -> str:
    """The text of a file in UTF-8, in UTF-16 with its mark, or else as old Windows programs write it."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def rows(text: str, delimiter: str) -> Iterator[Row]:
    """Every row of a text, blank ones too; a quotation mark that never closes spoils its own line only."""
    lines = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    place = 0
    while place < len(lines):
        end = _end_of_row(lines, place, delimiter)
        if end is None:
            yield Row(place + 1, problem="a quotation mark opens here and never closes")
            place += 1
            continue
        whole = "\n".join(lines[place : end + 1])
        try:
            cells = next(csv.reader(io.StringIO(whole, newline=""), delimiter=delimiter), [])
        except csv.Error:
            yield Row(place + 1, problem=f"it has a cell of more than {csv.field_size_limit():,} characters")
        else:
            yield Row(place + 1, tuple(cell.strip() for cell in cells))
        place = end + 1


def delimiters(text: str, *, of_header: bool = False) -> Sequence[str]:
    """What may stand between cells, the likeliest first: the mark that the first rows, or the header, have most of."""
    head = text[:20_000]
    if of_header:
        head = next((line for line in head.splitlines() if line.strip() and not line.startswith("#")), "")
    return sorted((",", ";", "\t"), key=lambda mark: -head.count(mark))


def fingerprint(*parts: object) -> str:
    """A short name for what is in a file or a row, the same as long as nothing in it changes."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:16]


def numbered(names: Iterable[str]) -> Iterator[str]:
    """Each name, with a number behind it from its second time on."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}#{seen[name]}"


def _end_of_row(lines: Sequence[str], start: int, delimiter: str) -> int | None:
    """The line on which the row that begins here ends, or None where a quotation mark stays open."""
    is_open = False
    for place in range(start, min(start + LONGEST_ROW, len(lines))):
        after = _is_open_after(lines[place], delimiter, is_open)
        if not after:
            return None if after is None else place
        is_open = True
    return None


def _is_open_after(line: str, delimiter: str, is_open: bool) -> bool | None:
    """Whether a quoted cell goes on in the next line; None where the mark that ends it can only begin another."""
    if '"' not in line:
        return is_open
    came_open, begins_cell = is_open, not is_open
    place = 0
    while place < len(line):
        mark = line[place]
        if is_open:
            if mark == '"':
                if line[place + 1 : place + 2] == '"':
                    place += 1
                elif came_open and line[place + 1 : place + 2] not in ("", delimiter):
                    return None
                else:
                    is_open = came_open = False
        elif mark == '"' and begins_cell:
            is_open = True
        begins_cell = mark == delimiter
        place += 1
    return is_open
