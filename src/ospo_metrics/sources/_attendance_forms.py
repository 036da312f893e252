"""What each ticketing tool writes into its list of attendees, told by the list's header."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from ospo_metrics.sources._channels import channels

ROLES = ("attendee", "speaker", "organiser", "staff", "sponsor")
STATUSES = ("registered", "attended", "no_show", "cancelled", "waiting", "invited")


class UnreadableError(Exception):
    """A row cannot be read; the text names the column and never what stands in it, which may be somebody's name."""


@dataclass(frozen=True, slots=True)
class Form:
    """One tool's list: the columns by which it is known, how a row is read, and columns that are its own."""

    name: str
    header: frozenset[str]
    read: Callable[[Cells], Seat]
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """One registration: who, by an address, a handle or a member's number, and what became of it.

    `is_presumed` marks who said to come in a list that is marked afterwards for those who did not.
    """

    ticket: str
    status: str
    address: str = ""
    login: str = ""
    member: str = ""
    name: str = ""
    order: str = ""
    role: str = "attendee"
    registered_at: datetime | None = None
    checked_in_at: datetime | None = None
    minutes: int | None = None
    guests: int = 0
    consent: bool | None = None
    heard: tuple[str, ...] = ()
    tracking: str = ""
    has_contributed: bool | None = None
    country: str = ""
    is_presumed: bool = False


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one row by the small letters of their column, and how to read them."""

    by_column: Mapping[str, str]
    zone: tzinfo = UTC
    section: str = ""
    form: Form | None = None
    questions: tuple[str, ...] = ()

    def get(self, *columns: str) -> str:
        """The first of these columns that holds something."""
        return next((cell for column in columns if (cell := self.by_column.get(column, ""))), "")

    def moment(self, column: str, *formats: str, text: str | None = None) -> datetime | None:
        """An instant in ISO form or one of these, on the event's clock where it says no other; None where empty."""
        value = self.by_column.get(column, "") if text is None else text
        if not value or value in ("--", "-", "N/A"):
            return None
        plain = re.sub(r"\s*(UTC|GMT)$", "+00:00", value)
        found = None
        try:
            found = datetime.fromisoformat(re.sub(r" ([+-]\d{4})$", r"\1", plain))
        except ValueError:
            for form in formats:
                try:
                    found = datetime.strptime(plain, form)
                    break
                except ValueError:
                    continue
        if found is None or not 1990 <= found.year <= 2200:
            wanted = " or ".join(_as_people_write(form) for form in ("%Y-%m-%d %H:%M", *formats))
            raise UnreadableError(f"column '{column}' holds no date of the form {wanted}")
        return found if found.tzinfo else found.replace(tzinfo=self.zone)

    def one_of(self, column: str, meanings: Mapping[str, str], *, empty: str = "") -> str:
        """What a word of this column means; an unknown word is not guessed at."""
        word = self.by_column.get(column, "").casefold()
        if not word and empty:
            return empty
        if word not in meanings:
            known = ", ".join(sorted(meanings))
            raise UnreadableError(f"column '{column}' holds none of the words that we know: {known}")
        return meanings[word]

    def number(self, column: str) -> int | None:
        """A whole number, or None where there is none."""
        text = self.by_column.get(column, "")
        if text in ("", "--"):
            return None
        if not re.fullmatch(r"\d{1,6}(\.0+)?", text):
            raise UnreadableError(f"column '{column}' holds no whole number")
        return int(float(text))

    def consent(self) -> bool | None:
        """Yes or no where the form asked whether it may be measured what people do afterwards; None where not."""
        asked = [column for column in self.by_column if any(one in column for one in self.questions)]
        return is_yes(self.by_column[asked[0]]) if asked else None

    def heard(self) -> tuple[str, ...]:
        """The channels that the answers to "how did you hear of us" name."""
        answers = [cell for column, cell in self.by_column.items() if _HEARD.search(column)]
        return tuple(dict.fromkeys(channel for answer in answers for channel in channels(answer)))

    def country(self) -> str:
        """The country that the form asked for, where the cell holds nothing but the name of one."""
        text = self.get("country", "home country", "country/region name")
        return text if re.fullmatch(r"[^\W\d_][^\d_@/:;]{1,59}", text) else ""

    def tracking(self) -> str:
        """The code of the link by which the person came, where it may be the id of a campaign."""
        code = self.by_column.get(self.form.tracking, "") if self.form else ""
        return code if re.fullmatch(r"[a-z0-9][a-z0-9_.-]{2,62}", code) else ""


_HEARD = re.compile(
    r"how (did|do) you (hear|learn|find out)|where (did )?you (hear|heard|learn)|heard (about|of)"
)
_TRUE = {"yes", "y", "true", "1", "x", "ja", "oui", "sí", "si", "checked", "on"}


def is_yes(text: str) -> bool:
    """Whether an answer clearly says yes."""
    return text.strip().casefold() in _TRUE


def address_in(text: str) -> str:
    """An e-mail address, or nothing where the cell holds something else."""
    return text if re.fullmatch(r"[^\s@<>(),;]+@[^\s@<>(),;]+\.[^\s@<>(),;]+", text) else ""


def role_of(ticket: str) -> str:
    """The role that the name of a ticket tells; a plain attendee where it tells none."""
    words = (
        ("speaker", r"speaker|referent|panell?ist|presenter"),
        ("organiser", r"organi[sz]er|host\b|orga\b"),
        ("staff", r"staff|crew|volunteer|helper|team\b"),
        ("sponsor", r"sponsor|exhibitor|partner"),
    )
    return next((role for role, found in words if re.search(found, ticket, re.IGNORECASE)), "attendee")


def closest(header: Sequence[str], forms: Sequence[Form]) -> list[Form]:
    """The three forms that share most with a header, the nearest first."""
    mine = {cell.casefold() for cell in header}
    return sorted(
        forms,
        key=lambda form: (
            -len(mine & form.header) / len(form.header),
            -difflib.SequenceMatcher(None, sorted(mine), sorted(form.header)).ratio(),
            form.name,
        ),
    )[:3]


def _pretix(cells: Cells) -> Seat:
    status = cells.one_of(
        "status",
        {"paid": "registered", "pending": "registered", "partially paid": "registered", "valid": "registered"}
        | dict.fromkeys(("canceled", "cancelled", "canceled (paid fee)", "expired", "blocked"), "cancelled")
        | dict.fromkeys(("approval pending", "waiting list"), "waiting"),
        empty="registered",
    )
    came = cells.moment("checked in")
    ordered = None
    if day := cells.get("order date"):
        ordered = cells.moment("order date", text=f"{day} {cells.get('order time') or '00:00'}")
    return Seat(
        ticket=cells.get("secret") or "|".join((cells.get("order code"), cells.get("attendee name"))),
        status="attended" if came else status,
        address=cells.get("e-mail"),
        name=cells.get("attendee name"),
        order=cells.get("order code"),
        role=role_of(cells.get("product")),
        registered_at=ordered,
        checked_in_at=came,
        consent=cells.consent(),
        heard=cells.heard(),
        tracking=cells.tracking(),
    )


def _eventbrite(cells: Cells) -> Seat:
    status = cells.one_of(
        "attendee status",
        {"attending": "registered", "checked in": "attended", "unpaid": "waiting", "on waitlist": "waiting"}
        | dict.fromkeys(
            ("not attending", "cancelled", "canceled", "deleted", "refunded", "transferred"), "cancelled"
        ),
    )
    return Seat(
        ticket=cells.get("attendee #"),
        status=status,
        address=cells.get("email"),
        name=" ".join((cells.get("first name"), cells.get("last name"))),
        order=cells.get("order #"),
        role=role_of(cells.get("ticket type")),
        registered_at=cells.moment("order date", "%m/%d/%y %H:%M", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p"),
        guests=max(0, (cells.number("quantity") or 1) - 1),
        consent=cells.consent(),
        heard=cells.heard(),
        tracking=cells.tracking(),
    )


def _luma(cells: Cells) -> Seat:
    status = cells.one_of(
        "approval_status",
        {"approved": "registered", "declined": "cancelled", "invited": "invited", "session": "registered"}
        | dict.fromkeys(("pending_approval", "waitlist"), "waiting"),
    )
    came = cells.moment("checked_in_at")
    return Seat(
        ticket=cells.get("api_id"),
        status="attended" if came else status,
        address=cells.get("email"),
        name=cells.get("name"),
        role=role_of(cells.get("ticket_name")),
        registered_at=cells.moment("created_at"),
        checked_in_at=came,
        consent=cells.consent(),
        heard=cells.heard(),
        tracking=cells.tracking(),
    )


def _meetup(cells: Cells) -> Seat:
    status = cells.one_of(
        "rsvp",
        {"yes": "registered", "no show": "no_show", "attended": "attended"}
        | dict.fromkeys(("no", "excused absence", "cancelled"), "cancelled")
        | dict.fromkeys(("waitlist", "waiting list", "waitlisted"), "waiting"),
    )
    if cells.get("attendance"):
        status = "attended" if is_yes(cells.get("attendance")) else status
    said_yes = cells.get("rsvp").casefold() == "yes" and "attendance" not in cells.by_column
    return Seat(
        ticket=cells.get("user id"),
        status=status,
        member=f"meetup {cells.get('user id').removeprefix('user ')}",
        name=cells.get("name"),
        role="organiser" if is_yes(cells.get("event host")) else "attendee",
        registered_at=cells.moment("rsvped on", "%B %d, %Y %I:%M %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y"),
        guests=cells.number("guests") or 0,
        consent=cells.consent(),
        heard=cells.heard(),
        tracking=cells.tracking(),
        is_presumed=said_yes,
    )


_ZOOM_TIMES = (
    "%b %d, %Y %H:%M:%S", "%b %d, %Y %H:%M", "%b %d, %Y %I:%M %p", "%b %d, %Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M",
)  # fmt: skip


def _zoom(cells: Cells) -> Seat:
    came = True
    if "attended" in cells.by_column:
        came = cells.one_of("attended", {"yes": "yes", "no": "no"}) == "yes"
    approval = cells.one_of(
        "approval status",
        {"approved": "registered", "--": "registered", "pending": "waiting", "pending approval": "waiting"}
        | dict.fromkeys(("denied", "cancelled", "canceled", "cancelled by self"), "cancelled"),
        empty="registered",
    )
    section = cells.section.casefold()
    role = "organiser" if "host" in section else "speaker" if "panelist" in section else "attendee"
    who = cells.get("user name (original name)", "user name", "name (original name)")
    address = cells.get("email")
    return Seat(
        ticket=address.casefold() or f"without address {who}",
        status="attended" if came else "no_show" if approval == "registered" else approval,
        address=address,
        name=who,
        role=role,
        registered_at=cells.moment("registration time", *_ZOOM_TIMES),
        checked_in_at=cells.moment("join time", *_ZOOM_TIMES) if came else None,
        minutes=cells.number("time in session (minutes)") if came else None,
        consent=cells.consent(),
        heard=cells.heard(),
        tracking=cells.tracking(),
    )


def _tito(cells: Cells) -> Seat:
    void = cells.get("void status").casefold() not in ("", "false", "no", "active", "valid")
    checks = [column for column in cells.by_column if re.match(r"check(ed)?[ -]?in", column)]
    when = next((found for column in checks if (found := cells.moment(column))), None)
    status = "cancelled" if void else "attended" if when else "registered"
    return Seat(
        ticket=cells.get("ticket reference"),
        status=status,
        address=cells.get("ticket email"),
        name=cells.get("ticket full name"),
        order=cells.get("order reference"),
        role=role_of(cells.get("ticket")),
        registered_at=cells.moment("ticket created date"),
        checked_in_at=when,
        consent=cells.consent(),
        heard=cells.heard(),
        tracking=cells.tracking(),
    )


def _plain(cells: Cells) -> Seat:
    words = {name: name for name in STATUSES} | {"no-show": "no_show", "no show": "no_show"}
    role = cells.get("role").casefold() or "attendee"
    if role not in ROLES:
        raise UnreadableError(f"column 'role' holds none of the words that we know: {', '.join(ROLES)}")
    return Seat(
        ticket=cells.get("ticket_id") or cells.get("email").casefold(),
        status=cells.one_of("status", words),
        address=cells.get("email"),
        login=cells.get("github"),
        role=role,
        registered_at=cells.moment("registered_at"),
        checked_in_at=cells.moment("checked_in_at"),
        guests=cells.number("guests") or 0,
        consent=is_yes(cells.get("consent")) if "consent" in cells.by_column else None,
        heard=tuple(channels(cells.get("heard"))),
        tracking=cells.tracking(),
        has_contributed=is_yes(cells.get("contributed")) if "contributed" in cells.by_column else None,
    )


def _header(*columns: str) -> frozenset[str]:
    return frozenset(columns)


FORMS = (
    Form(
        "pretix",
        _header("order code", "attendee name", "product", "checked in", "secret", "e-mail", "order date"),
        _pretix,
    ),
    Form(
        "Eventbrite",
        _header("order #", "order date", "first name", "last name", "email", "ticket type", "attendee #",
                "attendee status"),
        _eventbrite,
    ),
    Form(
        "Luma",
        _header("api_id", "name", "email", "created_at", "approval_status", "checked_in_at"),
        _luma,
        tracking="custom_source",
    ),
    Form("Meetup", _header("name", "user id", "event host", "rsvp", "rsvped on", "url of member profile"), _meetup),
    Form("Zoom webinar", _header("email", "join time", "leave time", "time in session (minutes)"), _zoom,
         tracking="source name"),
    Form(
        "Ti.to",
        _header("ticket", "ticket full name", "ticket email", "ticket reference", "void status",
                "ticket created date"),
        _tito,
    ),
    Form("plain", _header("email", "status"), _plain, tracking="campaign"),
)  # fmt: skip
"""The forms that are known without being told; more can be described in ospo.toml."""


@dataclass(frozen=True, slots=True)
class Described:
    """A form that ospo.toml describes: which column holds what; `attended` are columns of which one yes will do."""

    id: str
    email: str = ""
    github: str = ""
    status: str = ""
    attended: tuple[str, ...] = ()
    registered_at: str = ""
    dates: str = "iso"
    role: str = ""
    consent: str = ""
    heard: str = ""
    contributed: str = ""

    def form(self) -> Form:
        """The form by which such lists are known and read."""
        used = [self.email, self.github, self.status, *self.attended, self.registered_at, self.role]
        used += [self.consent, self.heard, self.contributed]
        return Form(self.id, frozenset(column.casefold() for column in used if column), self._read)

    def _read(self, cells: Cells) -> Seat:
        def cell(column: str) -> str:
            return cells.get(column.casefold()) if column else ""

        came = any(is_yes(cell(column)) for column in self.attended)
        words = {name: name for name in STATUSES} | {"no-show": "no_show", "no show": "no_show"}
        status = cells.one_of(self.status.casefold(), words) if self.status else "registered"
        formats = _DATES[self.dates]
        return Seat(
            ticket="",
            status="attended" if came else status,
            address=cell(self.email),
            login=cell(self.github),
            role=role_of(cell(self.role)),
            registered_at=cells.moment(self.registered_at.casefold(), *formats)
            if self.registered_at
            else None,
            consent=is_yes(cell(self.consent)) if self.consent else cells.consent(),
            heard=tuple(channels(cell(self.heard))) if self.heard else cells.heard(),
            has_contributed=is_yes(cell(self.contributed)) if self.contributed else None,
        )


_DATES = {
    "iso": (),
    "month first": ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%m/%d/%Y %I:%M:%S %p"),
    "day first": ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y"),
}


def _as_people_write(form: str) -> str:
    example = datetime(2026, 11, 29, 22, 28, 5, tzinfo=UTC)
    return example.strftime(form)
