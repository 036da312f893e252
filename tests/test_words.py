"""Numbers into sentences."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ospo_metrics import words
from ospo_metrics.catalog import Metric
from ospo_metrics.words import Number

JUNE = (date(2026, 6, 1), date(2026, 7, 1))
YEAR = (date(2025, 7, 1), date(2026, 7, 1))
YEAR_BEFORE = (date(2024, 7, 1), date(2025, 7, 1))


def metric(kind: str, sentence: str, **more: Any) -> Metric:
    given: dict[str, Any] = {
        "metric": "m",
        "title": "Title",
        "definition": "What is counted.",
        "grain": "scope and month",
        "replaces": "Something loud",
        "replaces_why": "It says nothing.",
        "how_to_read": "Like this.",
        "kind": kind,
        "unit": "people",
        "direction": "up",
        "chart": "bars",
        "headline_segment": "outside",
        "segments": {"outside": "People from outside", "own": "Our own people", "bots": "Bots"},
        "interval": "None.",
        "caveats": ("Keep this in mind.",),
        "sentence": sentence,
    }
    return Metric(**(given | more))


COUNT = metric("count", "{amount} from outside made a first contribution to {scope} {in_period}{range}.")
FACTOR = metric("factor", "{amount} did half of all contributions to {scope} {in_period}.")
SHARE = metric(
    "proportion",
    "{k_of_n} who arrived {in_period} {was} still active {segment}: {amount}{range}.",
    of="newcomers",
    headline_segment="day_90",
    segments={"day_90": "After 90 days", "day_180": "After 180 days"},
)
WAIT = metric(
    "duration",
    "Half of the {of_n} opened by {segment} {in_period} had a first answer within {amount}{range}.",
    of="conversations",
    headline_segment="everyone",
    segments={"everyone": "Anyone", "newcomers": "Newcomers", "regulars": "Regulars"},
)


def number(value: float | None, period: tuple[date, date] = JUNE, **more: Any) -> Number:
    given: dict[str, Any] = {
        "metric": "m",
        "scope_kind": "program",
        "scope_id": "program",
        "period_start": period[0],
        "period_end": period[1],
        "segment": "outside",
        "value": value,
        "lower": None,
        "upper": None,
        "numerator": None,
        "denominator": None,
        "sample_size": None,
        "status": "ok",
        "reason": None,
    }
    return Number(**(given | more))


def share(k: int, n: int, lower: float, upper: float, **more: Any) -> Number:
    given = {"segment": "day_90", "numerator": k, "denominator": n, "sample_size": n}
    return number(k / n, **(given | {"lower": lower, "upper": upper} | more))


def wait(hours: float | None, lower: float | None, upper: float | None, n: int = 40, **more: Any) -> Number:
    given = {"segment": "everyone", "numerator": n // 2, "denominator": n, "sample_size": n}
    return number(hours, **(given | {"lower": lower, "upper": upper} | more))


def said(about: Metric, what: Number, scope: str = "Storage") -> str:
    return words.sentence(about, what, scope).replace(words.NBSP, " ")


@pytest.mark.parametrize(
    ("about", "what", "expected"),
    [
        (
            COUNT,
            number(84, lower=67.0, upper=103.99),
            "84 people from outside made a first contribution to Storage in June 2026 "
            "(the level behind such a count is plausibly 67 to 104).",
        ),
        (
            COUNT,
            number(1, lower=0.03, upper=5.57),
            "1 person from outside made a first contribution to Storage in June 2026 "
            "(the level behind such a count is plausibly 0 to 6).",
        ),
        (COUNT, number(0), "No people from outside made a first contribution to Storage in June 2026."),
        (
            COUNT,
            number(12345),
            "12,345 people from outside made a first contribution to Storage in June 2026.",
        ),
        (
            FACTOR,
            number(1, YEAR),
            "1 person did half of all contributions to Storage in the 12 months to June 2026.",
        ),
        (
            SHARE,
            share(37, 84, 0.339, 0.547),
            "37 of 84 newcomers who arrived in June 2026 were still active after 90 days: "
            "44 %, plausibly 34 to 55 %.",
        ),
        (
            SHARE,
            share(1, 16, 0.0111, 0.2833),
            "1 of 16 newcomers who arrived in June 2026 was still active after 90 days: "
            "6.3 %, plausibly 1.1 to 28.3 %.",
        ),
        (
            SHARE,
            share(0, 40, 0.0, 0.0876),
            "None of 40 newcomers who arrived in June 2026 were still active after 90 days: "
            "0 %, plausibly 0 to 8.8 %.",
        ),
        (
            SHARE,
            share(1, 1, 0.2065, 1.0),
            "1 of 1 newcomer who arrived in June 2026 was still active after 90 days: "
            "100 %, plausibly 20.7 to 100 %.",
        ),
        (
            WAIT,
            wait(9.53, 7.04, 14.2),
            "Half of the 40 conversations opened by anyone in June 2026 had a first answer within "
            "9.5 hours, plausibly 7 to 14 hours.",
        ),
        (
            WAIT,
            wait(9.53, 7.04, None),
            "Half of the 40 conversations opened by anyone in June 2026 had a first answer within "
            "9.5 hours, plausibly 7 hours or more.",
        ),
        (
            WAIT,
            wait(76.8, 24.0, 240.0, segment="newcomers"),
            "Half of the 40 conversations opened by newcomers in June 2026 had a first answer within "
            "3.2 days, plausibly 1 to 10 days.",
        ),
        (
            WAIT,
            wait(None, 20.0, None),
            "Not reached: more than half of the 40 conversations were still waiting at the end of what we "
            "have seen.",
        ),
    ],
)
def test_a_sentence_is_right_in_number_range_and_unit(about: Metric, what: Number, expected: str) -> None:
    """Singular, plural, nothing and everything; ranges in the unit of the value; no range, no word of one."""
    assert expected == said(about, what)


@pytest.mark.parametrize("about", [COUNT, FACTOR, SHARE, WAIT])
@pytest.mark.parametrize("status", ["too_early", "suppressed", "refused", "no_data", "something_new"])
def test_without_a_number_there_is_a_reason_and_no_number(about: Metric, status: str) -> None:
    """Whatever the status, if it is not ok the sentence gives the reason, and no value slips through."""
    what = number(77.0, lower=66.0, upper=88.0, numerator=7, denominator=9, status=status, segment="x")
    told = dataclasses.replace(what, reason="the list ends in May")
    assert said(about, told).endswith(". The list ends in May.")
    for text in (said(about, what), said(about, told), words.short(about, what), words.bounds(about, what)):
        assert not any(letter.isdigit() for letter in text), text
    assert words.basis(about, what) == ""


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("too_early", "Too early to say. We wait for July."),
        ("suppressed", "Not shown. We wait for July."),
        ("refused", "No number is given. We wait for July."),
        ("no_data", "No data. We wait for July."),
    ],
)
def test_each_status_opens_in_its_own_words(status: str, expected: str) -> None:
    """A reader can tell too early, withheld, refused and unknown apart."""
    assert expected == said(COUNT, number(None, status=status, reason="we wait for July"))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 5, 9), date(2026, 5, 9), "9 May 2026"),
        (date(2026, 5, 9), date(2026, 5, 10), "9 to 10 May 2026"),
        (date(2026, 1, 31), date(2026, 2, 1), "31 January to 1 February 2026"),
        (date(2025, 12, 31), date(2026, 1, 1), "31 December 2025 to 1 January 2026"),
    ],
)
def test_days_say_no_month_twice(first: date, last: date, expected: str) -> None:
    """One day or several, as short as it can be told."""
    assert expected == words.days(first, last)


def test_a_range_that_is_one_number_says_so() -> None:
    """Where both ends are the value, nobody reads "2 to 2": people who stayed a day or two stay whole days."""
    stay = wait(48.0, lower=48.0, upper=48.0)
    assert words.bounds(WAIT, stay, named=True).replace(words.NBSP, " ") == "range 2 days at both ends"
    assert said(WAIT, stay).endswith("within 2 days, plausibly 2 days at both ends.")


def test_none_of_one_is_singular() -> None:
    """ "None of 1 newcomer was", "none of 2 newcomers were"."""
    assert "None of 1 newcomer who arrived in June 2026 was still active" in said(
        SHARE, share(0, 1, 0.0, 0.79)
    )
    assert "None of 2 newcomers who arrived in June 2026 were still active" in said(
        SHARE, share(0, 2, 0.0, 0.66)
    )


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 6, 1), date(2026, 7, 1), "For June 2026: too early to say."),
        (date(2026, 6, 3), date(2026, 7, 1), "For 3 June 2026 to 30 June 2026: too early to say."),
        (date(2026, 6, 3), date(2026, 6, 4), "For 3 June 2026: too early to say."),
        (date(2025, 7, 1), date(2026, 7, 1), "For the 12 months to June 2026: too early to say."),
    ],
)
def test_what_is_pending_is_named_with_one_preposition(start: date, end: date, expected: str) -> None:
    """Nobody reads "For from 3 June"."""
    assert words.pending(number(None, (start, end), status="too_early", reason="we wait")).startswith(
        expected
    )


def test_what_lies_between_two_ends_is_told_by_them() -> None:
    """A share without a best guess, and a cost of which only the least is known, are no missing numbers."""
    cost = metric("cost", "{amount}", unit="EUR")
    share = number(None, lower=0.1, upper=0.25, numerator=4, denominator=40, segment="day_90")
    assert words.is_between(SHARE, share)
    assert words.short(SHARE, share).replace(words.NBSP, " ") == "10 to 25 %"
    assert words.is_between(cost, number(None, lower=900.0))
    assert words.short(cost, number(None, lower=900.0)).replace(words.NBSP, " ") == "at least 900 EUR"
    assert not words.is_between(WAIT, number(None, lower=9.0))
    assert not words.is_between(SHARE, number(0.2, lower=0.1, upper=0.25))


def test_a_sentence_can_say_what_it_is_about() -> None:
    """A title that is a question takes no colon."""
    assert words.about("New faces", "No data.") == "New faces: no data."
    assert words.about("Did they stay?", "no data.") == "Did they stay? No data."


def test_a_segment_that_is_not_the_headline_is_named() -> None:
    """Where the template does not name the segment, only the headline uses it; others say who they are."""
    own = number(3, lower=0.6, upper=8.8, segment="own")
    assert said(COUNT, own) == "Our own people: 3 people (the level behind such a count is plausibly 0 to 9)."
    late = number(None, segment="own", status="too_early", reason="Wait.")
    assert said(COUNT, late) == "Our own people: too early to say. Wait."


@pytest.mark.parametrize(
    ("about", "now", "then", "expected"),
    [
        (
            COUNT,
            number(84, YEAR, lower=67.0, upper=104.0),
            number(61, YEAR_BEFORE, lower=46.7, upper=78.4),
            "No detectable change from the 12 months before, when it was 61 people (range 46 to 79).",
        ),
        (
            COUNT,
            number(84, YEAR, lower=67.0, upper=104.0),
            number(1, YEAR_BEFORE, lower=0.0, upper=5.6),
            "More than in the 12 months before, when it was 1 person (range 0 to 6); "
            "chance alone would rarely do that.",
        ),
        (
            SHARE,
            share(10, 100, 0.055, 0.174),
            share(60, 100, 0.502, 0.691, period=(date(2026, 5, 1), date(2026, 6, 1))),
            "Lower than in May 2026, when it was 60 % (range 50 to 69 %); chance alone would rarely do that.",
        ),
        (
            WAIT,
            wait(30.0, 25.0, None),
            wait(5.0, 4.0, 6.0),
            "Longer than in May 2026, when it was 5 hours (range 4 to 6 hours); "
            "chance alone would rarely do that.",
        ),
        (
            WAIT,
            wait(24.0, 20.0, 26.0),
            wait(17.0, 15.0, 20.4),
            "Longer than in May 2026, when it was 17 hours (range 15 to 20 hours); "
            "chance alone would rarely do that.",
        ),
        (
            WAIT,
            wait(30.0, 25.0, None),
            wait(50.0, 40.0, 60.0),
            "No detectable change from May 2026, when it was 2.1 days (range 1.7 to 2.5 days).",
        ),
        (
            WAIT,
            wait(30.0, 25.0, 31.0),
            wait(None, 40.0, None),
            "In May 2026 the typical value was not reached, so there is nothing to compare with.",
        ),
        (FACTOR, number(3, YEAR), number(2, YEAR_BEFORE), "In the 12 months before it was 2 people."),
        (
            FACTOR,
            number(3, YEAR),
            number(None, YEAR_BEFORE, status="refused", reason="Too few."),
            "There is nothing to compare with in the 12 months before: too few.",
        ),
        (FACTOR, number(3, YEAR), None, ""),
        (FACTOR, number(None, YEAR, status="refused"), number(2, YEAR_BEFORE), ""),
    ],
)
def test_a_comparison_says_only_what_the_ranges_support(
    about: Metric, now: Number, then: Number | None, expected: str
) -> None:
    """A difference is told where its own interval leaves out chance, also when the two ranges overlap a little."""
    assert expected == words.change(about, now, then).replace(words.NBSP, " ")
    chance = words.chance(about, now, then) if then else None
    assert (chance is not None and chance < 0.05) == ("chance alone would rarely do that" in expected)


def test_chance_is_the_p_value_that_the_ranges_imply() -> None:
    """Two means with standard errors of 3 and 4 that lie 10 apart are two standard errors of the difference apart."""
    one, other = (
        number(value, lower=value - 1.959964 * error, upper=value + 1.959964 * error)
        for value, error in ((110.0, 3.0), (100.0, 4.0))
    )
    assert words.chance(COUNT, one, other) == pytest.approx(0.0455003, abs=1e-6)
    assert words.chance(COUNT, other, one) == pytest.approx(0.0455003, abs=1e-6)
    assert words.chance(COUNT, one, one) == 1
    assert words.chance(COUNT, one, number(5.0)) is None


def test_two_segments_differ_only_where_their_ranges_do() -> None:
    """Newcomers wait longer than regulars only if the interval of the difference says so."""
    newcomers = wait(14.0, 11.0, 18.0, segment="newcomers")
    assert (
        words.compare(WAIT, newcomers, wait(6.0, 5.0, 7.0, segment="regulars"))
        == "For newcomers it is longer than for regulars; chance alone would rarely do that."
    )
    assert (
        words.compare(WAIT, newcomers, wait(12.0, 9.0, 13.0, segment="regulars"))
        == "Between newcomers and regulars no difference is detectable."
    )
    assert words.compare(WAIT, newcomers, wait(None, None, None, segment="regulars")) == ""


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0.001, "less than a minute"),
        (0.02, "1.2 minutes"),
        (0.5, "30 minutes"),
        (1.0, "1 hour"),
        (9.96, "10 hours"),
        (47.9, "48 hours"),
        (48.0, "2 days"),
        (24 * 400.0, "400 days"),
    ],
)
def test_a_waiting_time_has_a_unit_that_fits(hours: float, expected: str) -> None:
    """Minutes, hours or days; one decimal below ten."""
    assert expected == words.duration(hours).replace(words.NBSP, " ")


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [
        (1, 100_000, "0.1 %"),
        (99_999, 100_000, "99.9 %"),
        (333, 1000, "33.3 %"),
        (1, 3, "33 %"),
        (2, 40, "5.0 %"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(k: int, n: int, expected: str) -> None:
    """What is not nothing never reads 0 %, what is not all never 100 %; a decimal only where it tells."""
    assert expected == words.amount(SHARE, share(k, n, 0.0, 1.0)).replace(words.NBSP, " ")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 6, 1), date(2026, 7, 1), "in June 2026"),
        (date(2025, 7, 1), date(2026, 7, 1), "in the 12 months to June 2026"),
        (date(2026, 2, 27), date(2026, 3, 2), "from 27 February 2026 to 1 March 2026"),
        (date(2026, 2, 28), date(2026, 3, 1), "on 28 February 2026"),
    ],
)
def test_a_period_is_named_by_what_it_holds(start: date, end: date, expected: str) -> None:
    """The end of a period is the first day after it, and is never named."""
    assert expected == words.in_period(start, end)


def test_a_time_is_told_on_the_ospo_s_own_clock() -> None:
    """The last minutes of a day in one zone are the next day in another."""
    late = datetime(2026, 7, 11, 22, 30, tzinfo=UTC)
    assert words.instant(late, "Europe/Berlin") == "12 July 2026, 00:30 (Europe/Berlin)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Storage", "Storage"),
        ("  two\r\nlines\tand\x00more ", "two lines and more"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("\u2067x\u2069\u200f", "x"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u2068\u05e9\u05dc\u05d5\u05dd\u2069"),
        ("x" * 10_000, "x" * 79 + "…"),
        ("\ud800", "(no name)"),
        ("", "(no name)"),
        ("{amount} {0.__class__}", "{amount} {0.__class__}"),
    ],
)
def test_a_name_from_outside_stays_a_name(text: str, expected: str) -> None:
    """One line, not endless, turning no other text around, and never a template of its own."""
    assert expected == words.name(text)
    assert said(FACTOR, number(2), words.name(text)) == (
        f"2 people did half of all contributions to {expected} in June 2026."
    )


def test_a_source_says_what_it_holds_and_what_is_missing() -> None:
    """Items set aside and items not found are told, and nothing is said of what is not missing."""
    until = date(2026, 7, 12)
    plain = words.coverage("github", held=8425, rejects=0, missing=0, until=until).replace(words.NBSP, " ")
    assert plain == "GitHub: 8,425 items, known until 12 July 2026."
    broken = words.coverage("mailing_lists", held=10, rejects=1, missing=2, until=until)
    assert broken.replace(words.NBSP, " ") == (
        "Mailing lists: 10 items, known until 12 July 2026; 1 item could not be read and was set aside; "
        "2 items that the source says it has were not found here."
    )
    assert words.coverage("git", held=0, rejects=0, missing=0, until=None) == (
        "Git history: nothing has been read yet."
    )
    undated = words.coverage("github_repo_stats", held=9, rejects=0, missing=0, until=None)
    assert undated.replace(words.NBSP, " ") == (
        "github-repo-stats: 9 items; until when they are complete is not known."
    )


def test_that_no_change_is_detectable_is_an_answer() -> None:
    """Who reads both counts and that they do not differ is not told first that there is no number."""
    why = "No detectable change: 135 stars against 98 expected, as on ordinary dates."
    few = number(None, YEAR, status="refused", reason="Too few dates.")

    assert said(FACTOR, number(None, YEAR, status="refused", reason=why)) == why
    assert said(FACTOR, few) == "No number is given. Too few dates."


def test_a_reason_does_not_begin_with_what_stands_before_it() -> None:
    """`Too early to say. Too early: …` says it twice."""
    early = number(None, YEAR, status="too_early", reason="Too early: it can be told in May.")

    assert said(FACTOR, early) == "Too early to say. It can be told in May."


def test_what_had_to_be_skipped_is_told() -> None:
    """If the newest year is too early, the page says so beside the older one that it speaks of."""
    late = number(None, YEAR, status="too_early", reason="the last of them can be judged in October")
    assert words.pending(late) == (
        "For the 12 months to June 2026: too early to say. The last of them can be judged in October."
    )


@pytest.mark.parametrize(
    ("kind", "unit", "value", "lower", "upper", "says"),
    [
        ("cost", "EUR", 4000.0, 1368.7, 19396.3, "4,000\u00a0EUR, plausibly 1,370 to 19,400\u00a0EUR"),
        ("cost", "EUR", None, 3253.0, None, "At least 3,250\u00a0EUR"),
        ("ratio", "times", 1.84, 1.2, 2.71, "1.8 times, plausibly 1.2 to 2.7 times"),
        ("difference", "percentage points", 0.054, -0.02, 0.13,
         "+5.4\u00a0percentage points, plausibly −2 to +13\u00a0percentage points"),
        ("difference", "hours", -3.25, -6.0, -0.5, "−3.2\u00a0hours, plausibly −6 to −0.5\u00a0hours"),
        ("difference", "percentage points", 0.0, -0.01, 0.01,
         "0\u00a0percentage points, plausibly −1 to +1\u00a0percentage points"),
        ("score", "points", 28.0, -1.9, 58.2, "28\u00a0points, plausibly −1.9 to 58\u00a0points"),
    ],
)  # fmt: skip
def test_costs_differences_and_scores_are_told_with_their_sign_and_unit(
    kind: str, unit: str, value: float | None, lower: float, upper: float | None, says: str
) -> None:
    """Money has three digits that count; what may be below zero shows its sign; nobody gained is "at least"."""
    told = metric(kind, "{amount}{range}.", unit=unit, sentence_not_reached="{bounds}.")
    known = number(value, lower=lower, upper=upper)
    assert words.sentence(told, known, "the program") == says + "."


def test_the_parts_of_a_difference_that_are_counts_have_no_sign() -> None:
    """Who came and who went are counted; only what is left of both says whether it is more or less."""
    growth = metric("difference", "{amount}.", unit="people", counted=("lapsed",))
    left, lapsed = number(12, segment="net"), number(12, segment="lapsed")
    assert words.amount(growth, left) == f"+12{words.NBSP}people"
    assert words.amount(growth, lapsed) == f"12{words.NBSP}people"
    assert (words.short(growth, left), words.short(growth, lapsed)) == ("+12", "12")


def test_a_basis_says_what_happened_to_those_who_no_longer_wait() -> None:
    """Of a waiting time so many were answered; of a stay so many are gone."""
    stay = dataclasses.replace(WAIT, happened="gone")
    one = number(48.0, numerator=17, denominator=25, sample_size=25)

    assert (words.basis(WAIT, one), words.basis(stay, one)) == ("17 of 25 answered", "17 of 25 gone")


def test_working_hours_are_never_days() -> None:
    """A working day has fewer than 24 hours, so what waits 60 working hours is not told to wait for days."""
    wait = metric("duration", "{amount}{range}.", unit="hours", of="questions", working=("working",))
    told = number(60.0, segment="working", lower=0.5, upper=90.0)

    assert words.amount(wait, told) == "60\u00a0working hours"
    assert words.bounds(wait, told) == "0.5 to 90\u00a0working hours"
    assert words.amount(wait, number(1.0, segment="working")) == "1\u00a0working hour"
    assert words.amount(wait, number(60.0, segment="other")) == "2.5\u00a0days"
