"""Who registered and who came, from the lists that ticketing tools export; no address and no name is kept."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ospo_metrics.items import Context, Handed, Instance, Item, Reject, Stream, as_json
from ospo_metrics.paths import within
from ospo_metrics.pseudonyms import pseudonym
from ospo_metrics.sources._attendance_forms import (
    FORMS,
    Cells,
    Described,
    Form,
    Seat,
    UnreadableError,
    address_in,
    closest,
)
from ospo_metrics.sources._key import needed_key
from ospo_metrics.sources._meetup import is_answers, seat_of
from ospo_metrics.sources._snapshots import Snapshot, changed, hand_over, last_saved, mark_of
from ospo_metrics.sources._tables import Row, decoded, delimiters, fingerprint, numbered, rows

NAME = "attendance"
STREAMS = (Stream("registrations", versions=True),)
IS_CONFIDENTIAL = True
LARGEST_LIST = 50 << 20
VERSION = 3
"""Raise it when the same list is read differently, so that every list is read again."""
_ENDINGS = (".csv", ".tsv", ".txt", ".json")
_LONGEST_PREAMBLE = 60


@dataclass(frozen=True, slots=True)
class Lists:
    """Where the lists lie, and what is needed to read them."""

    folder: str
    timezone: str = "UTC"
    own_domains: tuple[str, ...] = ()
    consent_questions: tuple[str, ...] = ("may we measure",)
    described: tuple[Described, ...] = ()
    key_env: str | None = None


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One place for all lists: the folder `attendance` of the outreach team's folder."""
    outreach = settings.sources.outreach
    del workspace
    if outreach is None:
        return []
    return [
        Instance(
            "outreach",
            None,
            Lists(
                f"{outreach.folder}/attendance",
                settings.ospo.timezone,
                tuple(domain.lower() for domain in settings.ospo.own_domains),
                (outreach.consent_question.casefold(),),
                tuple(
                    Described(**{**form.model_dump(), "attended": tuple(form.attended)})
                    for form in outreach.attendance_forms
                ),
                settings.privacy.key_env,
            ),
        )
    ]


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """Hand over every registration of each list that changed, the person as a keyed pseudonym.

    A list is called as its event, `<event id>.csv`, or lies in a folder that is.
    """
    del stream
    lists: Lists = instance.options
    key = needed_key(NAME, context.workspace, lists.key_env)
    files = _files(context.workspace, lists.folder)
    setting = fingerprint(VERSION, lists)
    marks = {name: mark_of(path, setting, LARGEST_LIST) for name, path in files.items()}
    found = (_List(name, files[name], marks[name], lists, key).snapshot() for name in changed(marks, context))
    until = last_saved(files.values(), context.now)
    yield from hand_over(
        found, marks, context, "rows of the lists, and those that were taken out of them", until
    )


def _files(workspace: Path, folder: str) -> dict[str, Path]:
    found = sorted(path for path in (workspace / folder).rglob("*") if path.is_file())
    return {within(workspace, path): path for path in found if not path.name.startswith((".", "~"))}


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a list: its form, its columns, and the title above it."""

    form: Form
    columns: tuple[str, ...]
    section: str


class _List:
    """One pass over one list."""

    def __init__(self, name: str, path: Path, mark: str, lists: Lists, key: bytes) -> None:
        self._name = name
        self._path = path
        self._lists = lists
        self._key = key
        self._forms = (*(one.form() for one in lists.described), *FORMS)
        self._zone = ZoneInfo(lists.timezone)
        self._found = Snapshot(name, mark)
        folder = path.parent.name
        self._event = path.stem if folder == Path(lists.folder).name else folder

    def snapshot(self) -> Snapshot:
        """Everything in the list: its registrations, and the rows that could not be read.

        A list that cannot be read at all, for whatever reason, costs itself only.
        """
        try:
            return self._whole()
        except Exception as error:
            self._found = Snapshot(self._name, self._found.mark)
            self._reject(0, f"it cannot be read ({type(error).__name__}); export it again")
            return self._found

    def _whole(self) -> Snapshot:
        if self._path.suffix.lower() not in _ENDINGS:
            self._reject(0, "it is no list as text; export it as CSV")
            return self._found
        if self._path.stat().st_size > LARGEST_LIST:
            self._reject(0, f"it is larger than {LARGEST_LIST >> 20} MB, which no list of attendees is")
            return self._found
        text = decoded(self._path.read_bytes())
        if self._path.suffix.lower() == ".json":
            self._add(list(self._answers(text)))
            return self._found
        seats: list[tuple[int, Seat, str]] = []
        for mark in delimiters(text):
            table_rows = list(rows(text, mark))
            if any(self._form_of(row) for row in table_rows[:_LONGEST_PREAMBLE]):
                seats = list(self._seats(table_rows))
                break
        else:
            self._reject(1, self._unknown(list(rows(text, delimiters(text)[0]))))
        self._add(seats)
        return self._found

    def _answers(self, text: str) -> Iterator[tuple[int, Seat, str]]:
        """The answers that Meetup's interface gave, one after the other."""
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = None
        if not is_answers(content):
            self._reject(
                1, "it is no list of answers as Meetup's interface gave them; export the list as CSV"
            )
            return
        for number, told in enumerate(content, 1):
            try:
                yield number, seat_of(told), "Meetup"
            except UnreadableError as error:
                self._reject(number, str(error))

    def _seats(self, table_rows: Sequence[Row]) -> Iterator[tuple[int, Seat, str]]:
        """The registrations of every table of the list, with their line and form."""
        table: _Table | None = None
        title = ""
        for row in table_rows:
            if row.is_blank:
                continue
            filled = [cell for cell in row.cells if cell]
            if form := self._form_of(row):
                table = _Table(form, tuple(cell.casefold().lstrip("\ufeff") for cell in row.cells), title)
            elif len(filled) == 1 and re.fullmatch(r"[\w -]+ Details|Other Attended", filled[0].rstrip(",")):
                title, table = filled[0].rstrip(","), None
            elif table is None and (not title or len(self._known(row)) > 1):
                # What stands above the first table, or the header of one that we do not know.
                continue
            elif table is None:
                self._reject(row.line, "it stands in a table whose header is not known")
            elif row.problem:
                self._reject(row.line, row.problem)
            else:
                try:
                    yield row.line, self._seat(table, row), table.form.name
                except UnreadableError as error:
                    self._reject(row.line, str(error))

    def _seat(self, table: _Table, row: Row) -> Seat:
        width = len(table.columns)
        if any(row.cells[width:]):
            raise UnreadableError(f"the row has {len(row.cells)} cells and the header {width}")
        if sum(1 for cell in row.cells if cell) < 2 and width > 2:
            raise UnreadableError(f"the row has a single cell and the header {width}")
        cells = dict(zip(table.columns, (*row.cells, *[""] * width), strict=False))
        read = Cells(cells, self._zone, table.section, table.form, self._lists.consent_questions)
        seat = table.form.read(read)
        if seat.address and not address_in(seat.address):
            raise UnreadableError("the column of the e-mail address holds something else")
        country = read.country() if seat.consent else ""  # nobody else's is kept
        return replace(seat, ticket=seat.ticket or f"row {fingerprint(*row.cells)}", country=country)

    def _form_of(self, row: Row) -> Form | None:
        """The form whose header this row is, the one with most columns where several fit."""
        mine = {cell.casefold().lstrip("\ufeff") for cell in row.cells}
        fitting = [form for form in self._forms if form.header and form.header <= mine]
        return max(fitting, key=lambda form: len(form.header), default=None)

    def _known(self, row: Row) -> list[str]:
        """The cells that are columns of some form; all others may be what somebody is called or has answered."""
        columns = {column for form in self._forms for column in form.header}
        return [cell for cell in row.cells if _column(cell) in columns]

    def _unknown(self, table_rows: Sequence[Row]) -> str:
        """Which columns of the header we know, and which forms come closest; no other cell is shown."""
        first = next((row for row in table_rows if sum(1 for cell in row.cells if cell) > 1), None)
        if first is None:
            return "it holds no table; export it again"
        known = self._known(first)
        others = sum(1 for cell in first.cells if cell) - len(known)
        shown = "its first row is no header"
        if len(known) > 1:
            more = f" and {others} column{'s' * (others > 1)} that no form has" if others else ""
            shown = f"its header is none that we know: {', '.join(map(_column, known))[:600]}{more}"
        mine = [_column(cell) for cell in known]
        near = "; ".join(
            f"{form.name} (lacks {', '.join(sorted(form.header - set(mine))) or 'nothing'})"
            for form in closest(mine, self._forms)
        )
        return (
            f"{shown}. Closest are {near}. Export it again in one of these forms, or describe its columns under "
            "[[sources.outreach.attendance_forms]] in ospo.toml"
        )

    def _add(self, seats: list[tuple[int, Seat, str]]) -> None:
        """Turn the registrations into items, each person's rejoining rows into one."""
        joined: dict[str, tuple[int, Seat, str]] = {}
        names = numbered(
            # Zoom writes a row for each time that somebody joined; elsewhere a row is a ticket.
            seat.ticket if form == "Zoom webinar" else f"{form}|{seat.ticket}"
            for _, seat, form in seats
        )
        marked = any(seat.status == "no_show" for _, seat, _ in seats)
        for (line, seat, form), ticket in zip(seats, names, strict=True):
            name = seat.ticket if form == "Zoom webinar" else ticket
            if name in joined:
                joined[name] = (joined[name][0], _rejoined(joined[name][1], seat), form)
            else:
                came = seat.is_presumed and marked and seat.status == "registered"
                joined[name] = (line, replace(seat, status="attended") if came else seat, form)
        shared = _shared_addresses([seat for _, seat, _ in joined.values()])
        for ticket, (line, seat, form) in joined.items():
            item_key = f"{self._event}:{pseudonym(self._key, 'ticket', ticket)[:20]}"
            is_buyers = (seat.order, seat.address.casefold()) in shared
            payload = self._payload(seat, form, is_buyers_address=is_buyers)
            # No date: what the list says now counts, also over what it said with a later one, or before somebody
            # was taken out.
            self._found.items.append(Item(item_key, as_json(payload), None, f"{self._name}:{line}"))

    def _payload(self, seat: Seat, form: str, *, is_buyers_address: bool) -> dict[str, Any]:
        kind, value = ("address", seat.address) if seat.address else ("member", seat.member)
        if is_buyers_address or not value:
            kind, value = "", ""
        domain = seat.address.rpartition("@")[2].lower()
        own = self._lists.own_domains
        is_own = (
            any(domain == each or domain.endswith(f".{each}") for each in own) if domain and own else None
        )
        return {
            "event": self._event,
            "list": self._name,
            "form": form,
            "attendee_id": pseudonym(self._key, kind, value) if kind else None,
            "attendee_kind": kind or None,
            "login_id": pseudonym(self._key, "login", seat.login.lstrip("@")) if seat.login else None,
            "is_own": is_own,
            "is_buyers_address": is_buyers_address,
            "status": seat.status,
            "role": seat.role,
            "registered_at": _iso(seat.registered_at),
            "checked_in_at": _iso(seat.checked_in_at),
            "timezone": self._lists.timezone,
            "minutes": seat.minutes,
            "guests": seat.guests,
            "consent": seat.consent,
            "channels": list(seat.heard),
            "tracking_code": seat.tracking or None,
            "has_contributed": seat.has_contributed,
            "country": seat.country or None,
        }

    def _reject(self, line: int, reason: str) -> None:
        """Set a row aside; nothing that stands in it is repeated."""
        self._found.rejects.append(
            Reject(f"{self._name}:{line}", f"row {line}: {reason}" if line else reason)
        )


def _column(cell: str) -> str:
    """A cell as the name of a column."""
    return " ".join(cell.casefold().lstrip("\ufeff").split())


def _rejoined(first: Seat, again: Seat) -> Seat:
    """One person who came in several times: from the first, for as long as all together."""
    came = [at for at in (first.checked_in_at, again.checked_in_at) if at]
    minutes = [count for count in (first.minutes, again.minutes) if count is not None]
    return replace(
        first,
        status="attended" if "attended" in (first.status, again.status) else first.status,
        registered_at=first.registered_at or again.registered_at,
        checked_in_at=min(came, default=None),
        minutes=sum(minutes) if minutes else None,
    )


def _shared_addresses(seats: Sequence[Seat]) -> set[tuple[str, str]]:
    """Addresses that several seats of one order share: they are the buyer's, and say nothing of who came.

    Several names under one address are not all its owner, and neither are more seats than there are names.
    """
    count = Counter((seat.order, seat.address.casefold()) for seat in seats if seat.order and seat.address)
    return {place for place, shared in count.items() if shared > 1}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
