"""How numbers and dates are written where the readers live; the words stay English.

What a locale writes between thousands and before decimals, and in which order day, month and year stand, is told by
Unicode's CLDR, as Babel has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

DEFAULT = "en-GB"


@dataclass(frozen=True, slots=True)
class Style:
    """What stands between thousands and before decimals, and the order of a date: `dmy`, `mdy` or `ymd`."""

    group: str = ","
    decimal: str = "."
    order: str = "dmy"


_ENGLISH = Style()
_used: ContextVar[Style] = ContextVar("style", default=_ENGLISH)
_UNITS = r"(?=[ \u00a0](?:times|%|percentage|minutes?|hours?|days?|weeks?|people)\b|[ \u00a0]%)"


@lru_cache
def style(name: str) -> Style:
    """What a locale such as `de-DE` writes; a space in it never breaks a line. `ValueError` where there is none."""
    from babel import Locale, UnknownLocaleError  # whoever writes as by default need not wait for it

    try:
        locale = Locale.parse(name, sep="-")
    except UnknownLocaleError as error:
        raise ValueError(str(error)) from None
    symbols = locale.number_symbols["latn"]
    group, decimal = symbols["group"], symbols["decimal"]
    letters = re.sub(r"'[^']*'", "", locale.date_formats["long"].pattern)
    order = "".join(sorted("dmy", key=lambda letter: letters.lower().index(letter)))
    return Style("\u00a0" if group.isspace() else group, decimal, order if order in ("dmy", "mdy") else "ymd")


@contextmanager
def used(name: str) -> Iterator[None]:
    """Write everything within this as a locale does."""
    token = _used.set(style(name))
    try:
        yield
    finally:
        _used.reset(token)


def current() -> Style:
    """How numbers and dates are written at the moment."""
    return _used.get()


def number(text: str) -> str:
    """A number that Python wrote with commas and a point, as the locale writes it."""
    known = _used.get()
    return text.translate({ord(","): known.group, ord("."): known.decimal})


def date(day: str, month: str, year: str) -> str:
    """The parts of a date in their order; without a day only month and year, without a year only day and month."""
    match _used.get().order:
        case "mdy":
            front = " ".join(part for part in (month, day) if part)
            return f"{front}, {year}" if day and year else " ".join(part for part in (front, year) if part)
        case "ymd":
            return " ".join(part for part in (year, month, day) if part)
        case _:
            return " ".join(part for part in (day, month, year) if part)


def sentence(text: str, months: tuple[str, ...]) -> str:
    """A sentence that was written for anybody, such as a reason in the published file, as the locale writes it."""
    if _used.get() == _ENGLISH:
        return text
    names = "|".join(months)
    text = re.sub(rf"\b(\d{{1,2}}) ({names}) (\d{{4}})\b", lambda found: date(*found.groups()), text)
    return re.sub(
        rf"(?<![\w.,])(?:\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?![\w,]|\.\d)|\d+\.\d+{_UNITS})",
        lambda found: number(found[0]),
        text,
    )
