"""Registers of who is who, in whatever form they are kept: which form a file has, and what stands in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO

KNOWN = (
    "SortingHat JSON, Stackalytics JSON, and gitdm's developers_affiliations, email-map, aliases, domain-map and "
    "forbidden.csv"
)
"""The forms that are read, as a sentence names them."""


class FormError(Exception):
    """A file is in none of the forms that are read; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a register calls somebody: an address, a GitHub login, a name, or a user name at another place."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Enrollment:
    """For whom somebody worked, from which day to the day before which; null where the register leaves it open."""

    organization: str
    since: str | None
    until: str | None


@dataclass(slots=True)
class RegisterPerson:
    """One entry of a register; `mark` tells it from the others of its file."""

    place: str
    mark: str
    identities: list[Identity] = field(default_factory=list)
    enrollments: list[Enrollment] = field(default_factory=list)
    is_bot: bool | None = None


@dataclass(slots=True)
class RegisterOrganization:
    """An organization with its other names and its domains, each with the day before which it was theirs."""

    place: str
    name: str
    domains: dict[str, str | None] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in a register that cannot be read, where it stands, and why; no name or address is repeated."""

    place: str
    what: str
    of_organizations: bool = False


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A name or an address by which the register itself says that nobody may be recognised."""

    value: str


Told = RegisterPerson | RegisterOrganization | Flaw | Unmatched


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a register: its family, as `format` in the settings names it, and how its files are read."""

    family: str
    name: str
    read: Callable[[BinaryIO], Iterator[Told]]


def in_order(entries: list[Enrollment]) -> list[Enrollment]:
    """Employers that a register gives with their last days only: each follows the one before it."""
    found, since = [], None
    for until in sorted({entry.until for entry in entries}, key=lambda day: day or "9999"):
        found += [
            Enrollment(entry.organization, entry.since or since, until)
            for entry in dict.fromkeys(entries)
            if entry.until == until
        ]
        since = until
    return found


def is_day(text: str) -> bool:
    """Whether a text is a date as 2026-01-31 in the years that anybody here worked."""
    try:
        return 1900 <= date.fromisoformat(text).year <= 2200 and len(text) == 10
    except ValueError:
        return False


def is_address(text: str) -> bool:
    """Whether a text has the two parts of an address, however strange they are."""
    local, at, domain = text.partition("@")
    return bool(at and local.strip() and domain.strip()) and "@" not in domain


def load_json(file: BinaryIO) -> Any:
    """The content of a JSON file; `FormError` says where it is broken."""
    try:
        return json.loads(file.read().decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise FormError(f"it is broken JSON (line {error.lineno}: {error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise FormError(f"it is broken JSON ({type(error).__name__})") from None
