"""What may be one and waits for a person to decide: events, and people."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import duckdb

from ospo_metrics.settings import Workspace
from ospo_metrics.sources._tables import decoded, delimiters, rows
from ospo_metrics.warehouse import open_warehouse

_HEADER = ("left", "right", "same", "reason")
_FORMULA = re.compile(r"[=+\-@\t\r]")
"""With what a cell begins that a spreadsheet program takes for a formula; nobody is asked about such a name."""


def write(workspace: Workspace) -> None:
    """Write the files that a person answers, with what the last build found."""
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        _write_events(workspace, connection)
        if path := people_file(workspace):
            _write_people(path, connection)


def events_file(workspace: Workspace) -> Path:
    """Pairs of events, in the form of the sheet `event_matches`."""
    return workspace.private / "event_proposals.csv"


def people_file(workspace: Workspace) -> Path | None:
    """Pairs of people, in the form of the sheet `same_person`, which is read with what was answered in it."""
    outreach = workspace.settings.sources.outreach
    return workspace.folder / outreach.folder / "identity-proposals.csv" if outreach else None


def open_questions(path: Path | None) -> int:
    """How many rows of such a file nobody has answered."""
    return sum(not row[2] for row in _held(path)) if path else 0


def drop(path: Path, is_theirs: Callable[[tuple[str, ...]], bool]) -> int:
    """Take rows out of such a file; how many there were."""
    held = _held(path)
    kept = [row for row in held if not is_theirs(row)]
    if len(kept) < len(held):
        _replace(path, [_HEADER, *kept])
    return len(held) - len(kept)


def _write_events(workspace: Workspace, connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(
        "select event, other, '' as same, reason from intermediate.int_event_proposals order by all"
    ).fetchall()
    _replace(events_file(workspace), [("event", "other", "same", "reason"), *found])


def _write_people(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Answers stay where they were given; the questions below them are those of today, the likeliest first."""
    answered = [row for row in _held(path) if row[2]]
    known = {frozenset(row[:2]) for row in answered}
    asked = connection.execute(
        'select "left", "right", \'\' as same, reason from intermediate.int_identity_proposals '
        'order by score desc, "left", "right"'
    ).fetchall()
    found = [
        row for row in asked if frozenset(row[:2]) not in known and not any(map(_FORMULA.match, row[:2]))
    ]
    if found or answered or path.is_file():
        _replace(path, [_HEADER, *answered, *found])


def _held(path: Path) -> list[tuple[str, ...]]:
    """The rows that a file holds, in whatever form a spreadsheet program saved it."""
    if not path.is_file():
        return []
    text = decoded(path.read_bytes())
    table = [row.cells for row in rows(text, delimiters(text, of_header=True)[0]) if not row.is_blank]
    padded = [(*row, *[""] * len(_HEADER))[: len(_HEADER)] for row in table]
    return [row for row in padded[1:] if row[0]]


def _replace(path: Path, table: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with new.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)
    new.replace(path)
