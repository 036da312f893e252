"""What the outreach team did and means to do, from its own spreadsheets."""

from __future__ import annotations

import difflib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ospo_metrics.items import Context, Handed, Instance, Item, Reject, SourceError, Stream, as_json
from ospo_metrics.paths import within
from ospo_metrics.pseudonyms import pseudonym
from ospo_metrics.sources._key import needed_key
from ospo_metrics.sources._sheets import SHEETS, Sheet, Who, read_row, text
from ospo_metrics.sources._snapshots import Snapshot, changed, hand_over, last_saved, mark_of
from ospo_metrics.sources._tables import decoded, delimiters, fingerprint, numbered, rows

NAME = "outreach"
IS_CONFIDENTIAL = True
STREAMS = tuple(Stream(name, versions=True) for name in SHEETS)
LARGEST_SHEET = 20 << 20
LARGEST_UNPACKED = 200 << 20
MOST_ROWS = 100_000
MOST_CELLS = 2_000_000
_LAST_ROW = 1 << 20
PROPOSALS = {"identity-proposals": "same_person"}
"""Files that a build fills in for a person to answer, and the sheet that they belong to."""
VERSION = 4
"""Raise it when the same sheet is read differently, so that every sheet is read again."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the sheets lie, which communities they may name, and what holds the key of the pseudonyms."""

    path: str
    communities: tuple[str, ...] = ()
    key_env: str | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of a sheet as it stands there; `problem` where it could not even be taken apart."""

    number: int
    cells: tuple[Any, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Page:
    """One sheet of one file; `place` is how its rows are called."""

    name: str
    file: str
    place: str
    lines: list[_Line]


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """The one folder of the team."""
    del workspace
    outreach = settings.sources.outreach
    if outreach is None:
        return []
    communities = tuple(one.id for one in settings.communities)
    return [
        Instance("outreach", None, Folder(outreach.folder, communities, settings.privacy.key_env)),
    ]


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over the rows of one sheet, `<sheet>.csv` or a sheet of that name in any .xlsx; a bad row is set aside.

    Whoever is named in a sheet becomes a keyed pseudonym while it is read.
    """
    folder: Folder = instance.options
    names_people = SHEETS[stream].names_people
    key = needed_key(NAME, context.workspace, folder.key_env) if names_people else b""
    place = context.workspace / folder.path
    if not place.is_dir():
        raise SourceError(
            f"outreach: there is no folder {folder.path}. Check 'folder' under [sources.outreach] in ospo.toml."
        )
    files = {
        within(context.workspace, path): path
        for path in sorted(place.iterdir())
        if path.is_file() and not path.name.startswith((".", "~"))
    }
    setting = fingerprint(VERSION, folder.communities)
    marks = {name: mark_of(path, setting, LARGEST_SHEET) for name, path in files.items()}
    again = changed(marks, context)
    found = _snapshots(files, again, marks, stream, folder, key=key) if again else iter(())
    until = last_saved(files.values(), context.now)
    yield from hand_over(
        found, marks, context, "rows of the sheet, and those that were taken out of it", until
    )


def _snapshots(
    files: dict[str, Path],
    again: list[str],
    marks: dict[str, str],
    stream: str,
    folder: Folder,
    *,
    key: bytes,
) -> Iterator[Snapshot]:
    """The files that changed; all are looked through, because a row may stand in two of them."""
    seen: dict[str, str] = {}
    for name, path in files.items():
        snapshot = Snapshot(name, marks[name])
        before = dict(seen)
        try:
            for page in _pages(name, path, stream, snapshot):
                _read_page(page, snapshot, seen, folder, key)
        except Exception as error:
            seen = before
            snapshot.items.clear()
            what = f"it cannot be read ({type(error).__name__}); save it again"
            snapshot.rejects = [Reject(f"{name}:0", what)]
        if name in again:
            yield snapshot


def _pages(name: str, path: Path, stream: str, snapshot: Snapshot) -> Iterator[_Page]:
    """The pages of a file that belong to this sheet; what belongs to none is set aside with the nearest."""
    ending = path.suffix.lower()
    stem = PROPOSALS.get(path.stem, path.stem.casefold())
    if path.stat().st_size > LARGEST_SHEET:
        if _home(stem) == stream:
            snapshot.rejects.append(Reject(f"{name}:0", f"it is larger than {LARGEST_SHEET >> 20} MB"))
    elif ending == ".csv":
        if stem == stream:
            yield _Page(stream, name, "row", _csv_lines(path.read_bytes()))
        elif stem not in SHEETS and _home(stem) == stream:
            snapshot.rejects.append(Reject(f"{name}:0", _no_sheet(path.stem)))
    elif ending == ".xlsx":
        yield from _workbook_pages(name, path, stream, snapshot)
    elif _home(stem) == stream:
        snapshot.rejects.append(
            Reject(f"{name}:0", f"{path.name} is neither .csv nor .xlsx; save it as one of these")
        )


def _workbook_pages(name: str, path: Path, stream: str, snapshot: Snapshot) -> Iterator[_Page]:
    stem = path.stem.casefold()
    problem = ""
    sheets: dict[str, list[_Line]] = {}
    try:
        sheets = _workbook(path.read_bytes())
    except _TooLargeError as error:
        problem = str(error)
    except Exception as error:
        problem = f"it cannot be read as a workbook ({type(error).__name__}); save it again"
    if problem:
        if _home(stem) == stream:
            snapshot.rejects.append(Reject(f"{name}:0", problem))
        return
    only = len(sheets) == 1 and stem in SHEETS
    for title, lines in sheets.items():
        called = title.strip().casefold()
        called = stem if only and called not in SHEETS else called
        if called == stream:
            yield _Page(stream, name, f"{title} row", lines)
        elif called not in SHEETS and _home(called) == stream and any(map(_is_filled, lines)):
            snapshot.rejects.append(Reject(f"{name}:{title} 0", f"sheet {title!r}: {_no_sheet(title)}"))


class _TooLargeError(Exception):
    """A workbook is larger than any that a team writes; the text says what it has too much of."""


def _workbook(raw: bytes) -> dict[str, list[_Line]]:
    """The filled rows of every sheet, however large the workbook itself says that they are."""
    from openpyxl import load_workbook

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if sum(part.file_size for part in archive.infolist()) > LARGEST_UNPACKED:
            raise _TooLargeError(f"unpacked it is larger than {LARGEST_UNPACKED >> 20} MB")
    book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    sheets: dict[str, list[_Line]] = {}
    row_count = cell_count = 0
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        lines = sheets.setdefault(sheet.title, [])
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > _LAST_ROW:
                raise _TooLargeError(f"a sheet has more than {_LAST_ROW:,} rows, which no workbook can have")
            if all(cell is None for cell in row):
                continue
            row_count, cell_count = row_count + 1, cell_count + len(row)
            if row_count > MOST_ROWS or cell_count > MOST_CELLS:
                raise _TooLargeError(
                    f"it has more than {MOST_ROWS:,} rows or {MOST_CELLS:,} cells, which no sheet of ours has"
                )
            lines.append(_Line(number, tuple(row)))
    book.close()
    return sheets


def _csv_lines(raw: bytes) -> list[_Line]:
    content = decoded(raw)
    return [
        _Line(row.line, row.cells, row.problem)
        for row in rows(content, delimiters(content, of_header=True)[0])
    ]


def _read_page(page: _Page, snapshot: Snapshot, seen: dict[str, str], folder: Folder, secret: bytes) -> None:
    """Add a page's rows to the snapshot, each as an item or with what is wrong with it."""
    sheet = SHEETS[page.name]

    def reject(number: int, column: str, what: str) -> None:
        where = f"sheet {page.name}, row {number}" + (f", column {column!r}" if column else "")
        snapshot.rejects.append(Reject(f"{page.file}:{page.place} {number}", f"{where}: {what}"))

    lines = [line for line in page.lines if line.problem or (_is_filled(line) and not _is_comment(line))]
    if not lines:
        return
    head, *body = lines
    titles = [text(cell).casefold() if cell is not None else "" for cell in head.cells]
    missing = [title for title, column in sheet.columns.items() if column.needed and title not in titles]
    if missing or head.problem:
        what = head.problem or f"the header lacks {', '.join(missing)}"
        reject(head.number, "", f"{what}; the columns are {', '.join(sheet.columns)}")
        return
    for place, title in enumerate(titles, 1):
        if title and title not in sheet.columns:
            reject(head.number, *_no_column(sheet, place, title))
    found: list[tuple[int, str, dict[str, Any]]] = []
    for line in body:
        if line.problem:
            reject(line.number, "", line.problem)
            continue
        if any(cell is not None and text(cell) for cell in line.cells[len(titles) :]):
            reject(line.number, "", f"it has {len(line.cells)} cells and the header {len(titles)}")
            continue
        read, wrong = read_row(sheet, dict(zip(titles, line.cells, strict=False)), folder.communities)
        if sheet.answer and not wrong and read[sheet.answer] is None:
            continue
        row = {title: _without_name(value, secret) for title, value in read.items()}
        key = "|".join(_in_key(row[column]) for column in sheet.key) or fingerprint(*row.values())
        if not wrong and sheet.key and key in seen:
            which = "it" if sheet.is_private else repr(key)
            wrong = [(sheet.key[0], f"{which} was there before, in {seen[key]}; a row stands once")]
        for column, what in wrong:
            reject(line.number, column, what)
        if not wrong:
            seen[key] = f"{page.file} {page.place} {line.number}"
            found.append((line.number, key, row))
    keys = numbered(key for _, key, _ in found)
    for (number, _, row), key in zip(found, keys, strict=True):
        snapshot.items.append(Item(key, as_json(row), None, f"{page.file}:{page.place} {number}"))


def _without_name(value: Any, secret: bytes) -> Any:
    """A value of a row, whoever it names as a pseudonym."""
    if isinstance(value, Who):
        return {"kind": value.kind, "id": pseudonym(secret, value.kind, value.value)}
    return value


def _in_key(value: Any) -> str:
    return f"{value['kind']}:{value['id']}" if isinstance(value, dict) else str(value or "")


def _no_column(sheet: Sheet, place: int, title: str) -> tuple[str, str]:
    """What is wrong with a column of the header; of a private sheet its number is told, and not what stands there."""
    near = difflib.get_close_matches(title, list(sheet.columns), 1)
    hint = f"did you mean {near[0]!r}?" if near else "it is left out"
    if sheet.is_private:
        return "", f"column {place} is none that is read; {hint}"
    return title, f"no such column; {hint}"


def _home(name: str) -> str:
    """The sheet under which something is reported that belongs to none."""
    near = difflib.get_close_matches(name, list(SHEETS), 1, 0.5)
    return near[0] if near else "events"


def _no_sheet(name: str) -> str:
    near = difflib.get_close_matches(name.casefold(), list(SHEETS), 1, 0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"the sheets are {', '.join(SHEETS)}"
    return f"{name!r} is none of the sheets that are read; {hint}"


def _is_filled(line: _Line) -> bool:
    return any(cell is not None and text(cell) for cell in line.cells)


def _is_comment(line: _Line) -> bool:
    return not line.problem and next((text(c) for c in line.cells if c is not None), "").startswith("#")
