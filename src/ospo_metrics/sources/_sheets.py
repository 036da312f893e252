"""The outreach team's spreadsheets: which columns each has, and what may stand in them."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from ospo_metrics.sources._channels import channels

_MOST = 1e12
_DEAREST = 1e6
"""No sum of money is larger, nor a unit of any currency worth more; far beyond, sums are too large for the columns."""


class Who(NamedTuple):
    """Somebody as one source calls them: by an address, a login, or a name in one place."""

    kind: str
    value: str


Value = str | float | bool | list[str] | Who | None


class CellError(Exception):
    """A cell cannot be read; `what` says what is wrong with it and what to write, and does not repeat it."""

    def __init__(self, cell: Any, what: str) -> None:
        super().__init__(f"{_shown(cell)} {what}")
        self.what = what


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how its cells are read, and whether a row may do without."""

    read: Callable[[Any], Value]
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One spreadsheet: its columns in order, and those that together name a row.

    Of a private one no cell is ever repeated, because what is wrong is published and a name may stand there. A row
    that leaves `answer` empty is a question that nobody has answered yet, and is left out.
    """

    columns: Mapping[str, Column]
    key: tuple[str, ...]
    is_private: bool = False
    answer: str = ""

    @property
    def names_people(self) -> bool:
        """Whether a column holds whom somebody is."""
        return any(column.read is who for column in self.columns.values())


def text(cell: Any) -> str:
    """A cell as its reader sees it, in one line."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str(cell).split())


def day(cell: Any) -> str:
    """A date, written as 2026-01-31 or held as a date by the spreadsheet program."""
    if isinstance(cell, datetime | date):
        found = cell.date() if isinstance(cell, datetime) else cell
    else:
        try:
            found = date.fromisoformat(text(cell))
        except ValueError:
            raise CellError(cell, "is no date; write it as 2026-01-31") from None
    if not 1970 <= found.year <= 2200:
        raise CellError(cell, "lies outside of the years 1970 to 2200")
    return found.isoformat()


def number(cell: Any) -> float:
    """A number that is not negative, with a point before its decimals."""
    try:
        found = float(cell) if isinstance(cell, int | float) else float(_digits(text(cell)))
    except (ValueError, OverflowError):
        raise CellError(cell, "is no number; write it as 1200.50") from None
    if not (math.isfinite(found) and found >= 0):
        raise CellError(cell, "is no amount that can be; write a number of 0 or more")
    if found > _MOST:
        raise CellError(cell, "is more than any amount that can be; was a cell or a point lost?")
    return found


def worth(cell: Any) -> float:
    """What one unit of a currency is worth: a number above zero, for money is never worth nothing."""
    found = number(cell)
    if not 0 < found <= _DEAREST:
        raise CellError(cell, "is no rate; write what one unit is worth in your own currency, such as 0.92")
    return found


def whole(cell: Any) -> float:
    """A whole number above zero."""
    found = number(cell)
    if not found.is_integer() or not 1 <= found <= 3_660:
        raise CellError(cell, "is no whole number from 1 to 3660")
    return int(found)


def people(cell: Any) -> float:
    """How many people: a whole number above zero."""
    found = number(cell)
    if not found.is_integer() or not 1 <= found <= 10_000_000:
        raise CellError(cell, "is no number of people; write a whole number such as 400")
    return int(found)


def zero_to_ten(cell: Any) -> float:
    """An answer on the scale from 0 to 10."""
    try:
        found = number(cell)
    except CellError:
        found = -1
    if not found.is_integer() or not 0 <= found <= 10:
        raise CellError(cell, "is no answer from 0 to 10; write a whole number")
    return int(found)


def heard_from(cell: Any) -> list[str]:
    """The channels that an answer names; the answer itself is not kept, for people write names into it."""
    return channels(text(cell))


def currency(cell: Any) -> str:
    """A currency by its three letters."""
    found = text(cell).upper()
    if not re.fullmatch(r"[A-Z]{3}", found):
        raise CellError(cell, "is no currency; write its three letters, such as EUR")
    return found


def several(cell: Any) -> list[str]:
    """Several words with semicolons between them."""
    return list(dict.fromkeys(part.strip() for part in text(cell).split(";") if part.strip()))


def name(cell: Any) -> str:
    """An id: small letters, digits, dot, hyphen, underscore."""
    found = text(cell)
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,62}", found):
        raise CellError(cell, "is no id; write small letters, digits and hyphens, such as fosdem-2026")
    return found


def yes_or_no(cell: Any) -> bool:
    """Yes or no."""
    found = text(cell).casefold()
    if found in ("yes", "y", "true", "1", "x"):
        return True
    if found in ("no", "n", "false", "0"):
        return False
    raise CellError(cell, "is neither yes nor no")


def who(cell: Any) -> Who:
    """Somebody, by an e-mail address, a GitHub login with or without @, or as the proposals write a name."""
    found = text(cell)
    kind, colon, name_in_place = found.partition(":")
    if colon and kind in NAMES and name_in_place.strip():
        return Who(kind, name_in_place.strip())
    if re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", found):
        return Who("address", found)
    if re.fullmatch(r"@?[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?", found):
        return Who("login", found.removeprefix("@"))
    raise CellError(cell, "is nobody; write an e-mail address, or a GitHub login such as @ada")


def domains(cell: Any) -> list[str]:
    """Domains of e-mail addresses with semicolons between them."""
    found = [part.lower().removeprefix("@") for part in several(cell)]
    if not all(re.fullmatch(r"[^\s@]+\.[^\s@.]+", part) for part in found):
        raise CellError(cell, "holds something that is no domain; write them as example.com; example.org")
    return found


def one_of(*words: str) -> Callable[[Any], Value]:
    """One of a few words."""

    def read(cell: Any) -> str:
        found = text(cell).casefold()
        if found not in words:
            near = difflib.get_close_matches(found, words, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(words)}"
            raise CellError(cell, f"is none of the words known here; {hint}")
        return found

    return read


def read_row(
    sheet: Sheet, cells: Mapping[str, Any], communities: Sequence[str]
) -> tuple[dict[str, Value], list[tuple[str, str]]]:
    """What a row says, and what is wrong with it: pairs of a column and a phrase."""
    row: dict[str, Value] = {}
    wrong: list[tuple[str, str]] = []
    for title, column in sheet.columns.items():
        cell = cells.get(title)
        row[title] = None
        if cell is None or not text(cell):
            if column.needed:
                wrong.append((title, "is empty, and a row needs it"))
            continue
        try:
            row[title] = column.read(cell)
        except CellError as error:
            wrong.append((title, f"the cell {error.what}" if sheet.is_private else str(error)))
    if not wrong:
        wrong += _contradictions(row, communities, is_private=sheet.is_private)
    return row, wrong


def _contradictions(
    row: Mapping[str, Value], communities: Sequence[str], *, is_private: bool
) -> list[tuple[str, str]]:
    wrong = []
    start, end = row.get("starts_on"), row.get("ends_on")
    if isinstance(start, str) and isinstance(end, str) and end < start:
        wrong.append(("ends_on", f"{end} is before starts_on, {start}"))
    made, came_of_it = row.get("made_on"), row.get("outcome_on")
    if isinstance(made, str) and isinstance(came_of_it, str) and came_of_it < made:
        wrong.append(("outcome_on", "the cell is before made_on"))
    for title in ("cost", "amount"):
        if row.get(title) is not None and "currency" in row and row["currency"] is None:
            wrong.append(
                ("currency", f"is empty although there is a {title}; write three letters, such as EUR")
            )
    named = row.get("communities")
    for one in named if isinstance(named, list) else ():
        if one not in communities:
            near = difflib.get_close_matches(one, communities, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(communities)}"
            what = "the cell names" if is_private else f"{one!r} is"
            wrong.append(("communities", f"{what} no community of ospo.toml; {hint}"))
    return wrong


def _digits(found: str) -> str:
    if not re.fullmatch(r"-?\d+(\.\d+)?", found):
        raise ValueError(found)
    return found


def _shown(cell: Any) -> str:
    return repr(text(cell)[:60])


_NEEDED_DAY, _NEEDED_TEXT, _NEEDED_NAME = Column(day, True), Column(text, True), Column(name, True)
_NEEDED_WHO = Column(who, True)
NAMES = ("git_name", "mail_name", "speaker", "mannequin")
"""Kinds of identities that are a name in one place; in a sheet the kind and a colon stand before it."""
_COST = {"cost": Column(number), "currency": Column(currency), "staff_hours": Column(number)}

SHEETS: Mapping[str, Sheet] = {
    "goals": Sheet(
        {
            "goal_id": _NEEDED_NAME, "goal": _NEEDED_TEXT, "audience": Column(text), "message": Column(text),
            "channels": Column(several), "metric": Column(text), "target": Column(number), "by": Column(day),
            "communities": Column(several),
        },
        ("goal_id",),
    ),
    "events": Sheet(
        {
            "event_id": _NEEDED_NAME, "name": _NEEDED_TEXT, "starts_on": _NEEDED_DAY, "ends_on": Column(day),
            "city": Column(text), "country": Column(text),
            "role": Column(one_of("hosted", "sponsored", "spoke", "attended"), True),
            "communities": Column(several), "goal_id": Column(name), **_COST,
        },
        ("event_id",),
    ),
    "campaigns": Sheet(
        {
            "campaign_id": _NEEDED_NAME, "name": _NEEDED_TEXT, "starts_on": _NEEDED_DAY, "ends_on": Column(day),
            "channels": Column(several), "about": Column(several), "metric": Column(text),
            "window_days": Column(whole), "communities": Column(several), "goal_id": Column(name), **_COST,
        },
        ("campaign_id",),
    ),
    "talks": Sheet(
        {
            "event_id": _NEEDED_NAME, "title": _NEEDED_TEXT, "speaker_handle": Column(text),
            "project": Column(text), "url": Column(text), "counts": Column(yes_or_no), "submitted": Column(day),
            "accepted": Column(yes_or_no), "sponsored": Column(yes_or_no),
        },
        ("event_id", "title"),
    ),
    "content": Sheet(
        {
            "published_on": _NEEDED_DAY,
            "kind": Column(
                one_of("post", "article", "podcast", "video", "translation", "newsletter", "book", "course"), True
            ),
            "title": _NEEDED_TEXT, "url": Column(text), "by": Column(one_of("us", "community"), True),
            "about": Column(several), "communities": Column(several),
        },
        ("published_on", "title", "url"),
    ),
    "costs": Sheet(
        {
            "paid_on": _NEEDED_DAY, "object_id": _NEEDED_NAME, "what": _NEEDED_TEXT,
            "amount": Column(number, True), "currency": Column(currency, True), "staff_hours": Column(number),
        },
        (),
    ),
    "introductions": Sheet(
        {
            "made_on": _NEEDED_DAY, "consent_id": _NEEDED_TEXT, "to": Column(text), "about": Column(text),
            "event_id": Column(name), "outcome": Column(text), "outcome_on": Column(day),
        },
        (),
        is_private=True,
    ),
    "survey": Sheet(
        {
            "survey_id": _NEEDED_NAME, "answered_on": _NEEDED_DAY, "communities": Column(several),
            "recommend": Column(zero_to_ten), "heard_from": Column(heard_from), "invited": Column(people),
        },
        (),
        is_private=True,
    ),
    "rates": Sheet(
        {"currency": Column(currency, True), "rate": Column(worth, True), "from": _NEEDED_DAY},
        ("currency", "from"),
    ),
    "event_matches": Sheet(
        {"event": _NEEDED_TEXT, "other": _NEEDED_TEXT, "same": Column(yes_or_no, True), "reason": Column(text)},
        ("event", "other"),
    ),
    "same_person": Sheet(
        {"left": _NEEDED_WHO, "right": _NEEDED_WHO, "same": Column(yes_or_no), "reason": Column(text)},
        ("left", "right"),
        is_private=True,
        answer="same",
    ),
    "kinds": Sheet(
        {"person": _NEEDED_WHO, "kind": Column(one_of("human", "bot", "agent"), True), "reason": Column(text)},
        ("person",),
        is_private=True,
    ),
    "affiliations": Sheet(
        {
            "person": _NEEDED_WHO, "organization": _NEEDED_TEXT, "starts_on": Column(day), "ends_on": Column(day),
            "reason": Column(text),
        },
        ("person", "organization", "starts_on"),
        is_private=True,
    ),
    "organizations": Sheet(
        {
            "organization": _NEEDED_TEXT, "domains": Column(domains), "aliases": Column(several),
            "kind": Column(one_of("company", "university", "foundation", "government", "mail provider", "other")),
        },
        ("organization",),
    ),
}  # fmt: skip
"""Every sheet that is read. `survey` has a row for each answer and names nobody; `rates` says what one unit of a
currency is worth in the program's own, from a day on."""
