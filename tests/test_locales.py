"""Numbers and dates as readers write them where they live; the words stay English."""

from __future__ import annotations

from datetime import date

import pytest

from ospo_metrics import locales, words
from ospo_metrics.words import NBSP


@pytest.mark.parametrize(
    ("locale", "count", "share", "day", "month", "days"),
    [
        ("en-GB", "12,345.6", "7.5", "3 July 2026", "July 2026", "3 to 5 July 2026"),
        ("en-US", "12,345.6", "7.5", "July 3, 2026", "July 2026", "July 3, 2026 to July 5, 2026"),
        ("de-DE", "12.345,6", "7,5", "3 July 2026", "July 2026", "3 to 5 July 2026"),
        ("de-CH", "12’345.6", "7.5", "3 July 2026", "July 2026", "3 to 5 July 2026"),
        ("fr-FR", f"12{NBSP}345,6", "7,5", "3 July 2026", "July 2026", "3 to 5 July 2026"),
        ("sv-SE", f"12{NBSP}345,6", "7,5", "3 July 2026", "July 2026", "3 to 5 July 2026"),
        ("ja-JP", "12,345.6", "7.5", "2026 July 3", "2026 July", "2026 July 3 to 2026 July 5"),
    ],
)
def test_a_locale_decides_marks_and_order(
    locale: str, count: str, share: str, day: str, month: str, days: str
) -> None:
    """Thousands, decimals and the order of a date are those of the locale; a mark never breaks a line."""
    with locales.used(locale):
        assert words.count(12_345.6) == count
        assert words.decimal(7.5) == share
        assert words.day(date(2026, 7, 3)) == day
        assert words.month(date(2026, 7, 3)) == month
        assert words.days(date(2026, 7, 3), date(2026, 7, 5)) == days


def test_a_locale_is_used_within_and_not_after() -> None:
    """What is written for one file does not change how the next one is written."""
    with locales.used("de-DE"):
        assert words.count(1_000) == "1.000"
    assert words.count(1_000) == "1,000"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("Only 1.7 times as many would have shown.", "Only 1,7 times as many would have shown."),
        ("1,184 stars against 1,185.5 expected", "1.184 stars against 1.185,5 expected"),
        ("Release of fastfs 2.0 on 3 July 2026", "Release of fastfs 2.0 on 3 July 2026"),
        ("version 1.2.3, and 12, 13 or 14 people", "version 1.2.3, and 12, 13 or 14 people"),
    ],
)
def test_a_reason_is_rewritten_and_a_name_is_not(told: str, expected: str) -> None:
    """The published file has reasons in English; numbers in them follow the locale, versions in names stay."""
    with locales.used("de-DE"):
        assert locales.sentence(told, words.MONTHS) == expected


def test_the_date_of_a_reason_is_turned_around() -> None:
    """A day in a reason stands in the order of the locale."""
    with locales.used("en-US"):
        told = locales.sentence("It can be told on 15 March 2026.", words.MONTHS)
    assert told == "It can be told on March 15, 2026."
