"""Numbers into sentences: nothing is said that the numbers do not carry."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from ospo_metrics import locales
from ospo_metrics.catalog import Metric
from ospo_metrics.statistics import difference_interval

NBSP = "\u00a0"
"""Between a number and its unit, so that a line never breaks there."""

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

WITHOUT_NUMBER = {
    "too_early": ("Too early to say", "too early", "Not enough time has passed since."),
    "suppressed": (
        "Not shown",
        "too few to show",
        "So few people are behind it that they might be recognised.",
    ),
    "refused": ("No number is given", "not given", "What we have does not support one."),
    "no_data": ("No data", "no data", "No source covers this time."),
}
"""For each status other than ok: how a sentence begins, what a table says, and the usual reason."""

_REMEDIES = {
    "too_early": "It appears by itself once that much time has passed.",
    "suppressed": "It appears where more people are behind it: over a longer time, or for more projects together.",
    "refused": "It appears when what stands in the way is gone; until then a number would mislead.",
    "no_data": "It appears once a source, or a sheet of the team, tells of it.",
}
_UNKNOWN = {
    "event": (
        "No event is known yet of which it could be told.",
        "It appears after the first event: write it into the sheet of events, and put the list of who came, as the "
        "ticketing tool exports it, into outreach/attendance.",
    ),
    "campaign": (
        "No campaign is known yet of which it could be told.",
        "It appears after the first campaign: write it into the sheet of campaigns, with its days, what it is about "
        "and the number that is to move.",
    ),
    "project": (
        "It is told of events and campaigns, not of a single project.",
        "Choose the community instead, or all of them together.",
    ),
}
_FILE_NAME = re.compile(r"[a-z_]+\.[a-z]{2,5}\b")
_OVERRIDES = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C], None)
_SINGULAR = {"people": "person"}
_AT_BOTH_ENDS = " at both ends"
_SAID_ALREADY = "Too early: "
"""How reasons of that status may begin, which stand behind those words wherever they are read."""

_NOT_ASKED = "The form did not ask"
"""How a reason begins that no source can take away any more."""

_NO_CHANGE = "No detectable change"
"""How a reason begins that is an answer itself."""

_SOURCES = {
    "github": "GitHub",
    "gharchive": "GH Archive",
    "git": "Git history",
    "github_repo_stats": "github-repo-stats",
    "calendars": "Event schedules",
    "attendance": "Lists of attendees",
    "identities": "Registers of people",
    "outreach": "The team's spreadsheets",
}


@dataclass(frozen=True, slots=True)
class Number:
    """One row of a metric: a value for a scope, a period and a segment, or the reason why there is none."""

    metric: str
    scope_kind: str
    scope_id: str
    period_start: date
    period_end: date
    segment: str
    value: float | None
    lower: float | None
    upper: float | None
    numerator: int | None
    denominator: int | None
    sample_size: int | None
    status: str
    reason: str | None

    @property
    def is_ok(self) -> bool:
        return self.status == "ok"

    @property
    def has_value(self) -> bool:
        return self.is_ok and self.value is not None

    @property
    def days(self) -> int:
        return (self.period_end - self.period_start).days

    @property
    def is_month(self) -> bool:
        return self.days <= 31

    @property
    def grain(self) -> str:
        """How long the period is: a month or less, a quarter, a year, or another span."""
        days = self.days
        return "month" if days <= 31 else "quarter" if days <= 92 else "year" if days <= 366 else "span"


_WORKING = "working hours"
"""A waiting time of these is never told in days, of which nobody knows how many hours they have."""


def sentence(metric: Metric, number: Number, scope: str) -> str:
    """The answer that this number gives, in one sentence; or why there is none.

    `scope` is the name to use inside the sentence, already made safe by `name`.
    """
    if (
        not number.is_ok
        and reason(number).startswith(_NO_CHANGE)
        and number.segment == metric.headline_segment
    ):
        return reason(number)
    if not number.is_ok:
        opening, _, _ = WITHOUT_NUMBER.get(number.status, WITHOUT_NUMBER["no_data"])
        if number.segment != metric.headline_segment:
            opening = f"{label(metric, number.segment)}: {lower_first(opening)}"
        return f"{opening}. {reason(number)}"
    if number.value is None:
        template = metric.sentence_not_reached or (
            "Not reached: more than half of the {of_n} were still waiting at the end of what we have seen."
        )
    else:
        template = metric.sentence
    if number.segment != metric.headline_segment and "{segment}" not in template:
        return f"{label(metric, number.segment)}: {amount(metric, number)}{_range(metric, number)}."
    filled = template.format(
        amount=amount(metric, number),
        k="none" if number.numerator == 0 else count(number.numerator),
        n=count(number.denominator),
        of_n=_how_many(number.denominator, metric.of),
        k_of_n=_k_of_n(metric, number),
        was=_were(number.value if number.numerator is None else number.numerator or number.denominator),
        range=_range(metric, number),
        bounds=bounds(metric, number),
        in_period=in_period(number.period_start, number.period_end),
        scope=scope,
        segment=lower_first(label(metric, number.segment)),
    )
    return upper_first(filled)


def about(title: str, text: str) -> str:
    """Put in front of a sentence what it is about, whether the title is a question or not."""
    return f"{title} {upper_first(text)}" if title.endswith("?") else f"{title}: {lower_first(text)}"


def reason(number: Number) -> str:
    """Why there is no number, as a full sentence."""
    _, _, default = WITHOUT_NUMBER.get(number.status, WITHOUT_NUMBER["no_data"])
    text = locales.sentence(clean(number.reason or ""), MONTHS).removeprefix(_SAID_ALREADY)
    if not text:
        return default
    return upper_first(text if text[-1] in ".!?" else text + ".")


def is_no_change(number: Number) -> bool:
    """Whether the reason is an answer: there is no size of an effect to give, for no change is detectable."""
    return not number.is_ok and reason(number).startswith(_NO_CHANGE)


def remedy(status: str, reason: str = "") -> str:
    """What would make a number available that is not there."""
    if reason.startswith(_NOT_ASKED):
        return "It appears for the next event whose form asks; who was not asked is never looked for."
    return _REMEDIES.get(status, _REMEDIES["no_data"])


def unknown(metric: Metric, scope_kind: str) -> tuple[str, str]:
    """Of what nothing is known at all: why, and what would change that."""
    about = metric.grain.partition(" ")[0].strip(",")
    if about not in ("event", "campaign"):
        return "Nothing is known yet.", remedy("no_data")
    return _UNKNOWN["project" if scope_kind == "project" else about]


def pending(number: Number) -> str:
    """What is still missing after the period that is spoken of, and why."""
    opening, _, _ = WITHOUT_NUMBER.get(number.status, WITHOUT_NUMBER["no_data"])
    when = in_period(number.period_start, number.period_end)
    when = when.removeprefix("in ").removeprefix("from ").removeprefix("on ")
    return f"For {when}: {lower_first(opening)}. {reason(number)}"


def change(metric: Metric, now: Number, before: Number | None) -> str:
    """How a number compares with the period before it: only what the two intervals support."""
    if before is None or not now.has_value:
        return ""
    earlier = _period_before(now)
    if not before.has_value:
        if before.is_ok:
            return f"In {earlier} the typical value was not reached, so there is nothing to compare with."
        return f"There is nothing to compare with in {earlier}: {lower_first(reason(before))}"
    then = amount(metric, before)
    if not _has_interval(now) or not _has_interval(before):
        return f"In {earlier} it was {_as_told(now, before, then)}."
    then_range = bounds(metric, before, named=True)
    if not _differ(metric, now, before):
        return f"No detectable change from {earlier}, when it was {then} ({then_range})."
    more = _by_direction(metric, _value(now) > _value(before))
    return (
        f"{upper_first(more)} than in {earlier}, when it was {then} ({then_range}); "
        "chance alone would rarely do that."
    )


def _as_told(now: Number, before: Number, then: str) -> str:
    """The earlier amount, or that it was the same, or that there was none."""
    if now.value == before.value:
        return "the same"
    return then.replace("no people", "nobody")


def compare(metric: Metric, one: Number, other: Number) -> str:
    """How two segments of the same period differ: only what their intervals support."""
    if not (one.has_value and other.has_value and _has_interval(one) and _has_interval(other)):
        return ""
    first, second = lower_first(label(metric, one.segment)), lower_first(label(metric, other.segment))
    if not _differ(metric, one, other):
        return f"Between {first} and {second} no difference is detectable."
    more = _by_direction(metric, _value(one) > _value(other))
    return f"For {first} it is {more} than for {second}; chance alone would rarely do that."


def chance(metric: Metric, one: Number, other: Number) -> float | None:
    """How often chance alone would set two numbers at least so far apart; None where one has no value or no range.

    It is the p-value that the interval of their difference implies, by the normal distribution: below 0.05 exactly
    where `change` and `compare` say that they differ.
    """
    if not (one.has_value and other.has_value and _has_interval(one) and _has_interval(other)):
        return None
    apart, lower, upper = _difference(metric, one, other)
    reach = apart - lower if apart > 0 else upper - apart
    if not math.isfinite(apart) or not math.isfinite(reach) or reach <= 0:
        return 1.0 if lower <= 0 <= upper else 0.0
    return math.erfc(1.959964 * abs(apart) / reach / math.sqrt(2))


def amount(metric: Metric, number: Number) -> str:
    """The value with its unit, right in singular and plural; only for a number that has a value."""
    value = number.value
    if value is None:
        return bounds(metric, number) if is_between(metric, number) else "not reached"
    match metric.kind:
        case "proportion":
            told = f"{_percent(value, _decimals(value, number.sample_size))}{NBSP}%"
        case "duration":
            told = _timed(value, _WORKING) if number.segment in metric.working else duration(value)
        case "cost":
            told = f"{count(_three_digits(value))}{NBSP}{metric.unit}"
        case "ratio":
            told = f"{_plain(value)} times"
        case "difference" if number.segment in metric.counted:
            told = _how_many(value, metric.unit)
        case "difference" | "score":
            told = f"{_signed(metric, value)}{NBSP}{_noun(metric.unit, abs(_scaled(metric, value)))}"
        case _:
            told = _how_many(value, metric.unit)
    return told


def short(metric: Metric, number: Number) -> str:
    """What a table cell says: the bare value, or in two words why there is none."""
    if not number.is_ok:
        return WITHOUT_NUMBER.get(number.status, WITHOUT_NUMBER["no_data"])[1]
    if number.value is None or metric.kind in ("proportion", "duration", "ratio"):
        return amount(metric, number)
    if metric.kind in ("difference", "score") and number.segment not in metric.counted:
        return _signed(metric, number.value)
    return count(_three_digits(number.value) if metric.kind == "cost" else number.value)


def bounds(metric: Metric, number: Number, *, named: bool = False) -> str:
    """The interval with its unit: "34 to 55 %", "7 hours or more"; empty where there is none.

    `named` says what it is where it stands alone: "range 34 to 55 %".
    """
    text = _bounds(metric, number)
    return f"range {text}" if named and (" to " in text or text.endswith(_AT_BOTH_ENDS)) else text


def is_between(metric: Metric, number: Number) -> bool:
    """Whether a number is known to lie between two ends, or above one, without a best guess in between."""
    if not number.is_ok or number.value is not None or number.lower is None or metric.kind == "duration":
        return False
    return number.upper is not None or metric.kind == "cost"


def basis(metric: Metric, number: Number) -> str:
    """On how many it rests: "37 of 84 newcomers", "500 of 581 answered"; empty for a plain count."""
    if not number.is_ok or number.denominator is None or not metric.of:
        return ""
    if number.numerator is None:
        return _how_many(number.denominator, metric.of)
    if metric.kind == "duration":
        return f"{count(number.numerator)} of {count(number.denominator)} {metric.happened or 'answered'}"
    return _k_of_n(metric, number)


def label(metric: Metric, segment: str) -> str:
    """What readers call a segment."""
    return metric.segments.get(segment) or upper_first(segment.replace("_", " "))


def duration(hours: float) -> str:
    """A waiting time in the unit that fits it: minutes, hours or days."""
    if hours < 1 / 60:
        return "less than a minute"
    divisor, unit = _scale(hours)
    return _timed(hours / divisor, unit)


def _timed(value: float, unit: str) -> str:
    text = _plain(value)
    return f"{text}{NBSP}{_noun(unit, 1 if text == '1' else 2)}"


def count(value: float | None) -> str:
    """A count with thousands marked; a dash where there is none."""
    if value is None:
        return "–"
    return locales.number(f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}")


def decimal(value: float) -> str:
    """A number with one decimal, whatever it is."""
    return locales.number(f"{value:,.1f}")


def percent(share: float) -> str:
    """A share of which no more is known than the number itself: with one decimal below a tenth."""
    return _percent(share, 1 if share < 0.1 else 0)


def in_period(start: date, end: date) -> str:
    """When, with its preposition: "in June 2026", "in the 12 months to June 2026". The end is exclusive."""
    if (months := whole_months(start, end)) == 1:
        return f"in {month(start)}"
    last = end - timedelta(days=1)
    if months:
        return f"in the {months} months to {month(last)}"
    if last == start:
        return f"on {day(start)}"
    return f"from {day(start)} to {day(last)}"


def whole_months(start: date, end: date) -> int:
    """How many calendar months a period has; 0 where it is not made of whole ones."""
    if start.day != 1 or end.day != 1:
        return 0
    return (end.year - start.year) * 12 + end.month - start.month


def month(on: date) -> str:
    return locales.date("", MONTHS[on.month - 1], str(on.year))


def short_month(on: date) -> str:
    return locales.date("", MONTHS[on.month - 1][:3], str(on.year))


def day(on: date) -> str:
    return locales.date(str(on.day), MONTHS[on.month - 1], str(on.year))


def short_day(on: date) -> str:
    return locales.date(str(on.day), MONTHS[on.month - 1][:3], "")


def days(first: date, last: date) -> str:
    """One day or several, and no month or year twice: "9 to 10 May 2026", "31 January to 1 February 2026"."""
    if first == last:
        return day(first)
    if locales.current().order != "dmy" or first.year != last.year:
        return f"{day(first)} to {day(last)}"
    begins = f"{first.day}" if first.month == last.month else f"{first.day} {MONTHS[first.month - 1]}"
    return f"{begins} to {day(last)}"


def months(first: date, last: date) -> str:
    """One month or several, and no year twice: "August to October 2026", "December 2025 to February 2026"."""
    if (first.year, first.month) == (last.year, last.month):
        return month(first)
    is_short = first.year == last.year and locales.current().order != "ymd"
    begins = MONTHS[first.month - 1] if is_short else month(first)
    return f"{begins} to {month(last)}"


def instant(at: datetime, zone: str) -> str:
    """A day and a time on the OSPO's own clock."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local.date())}, {local:%H:%M} ({zone})"


def source_name(source: str) -> str:
    """What readers call a source."""
    return _SOURCES.get(source) or upper_first(clean(source).replace("_", " "))


def coverage(source: str, *, held: int, rejects: int, missing: int, until: date | None) -> str:
    """What one source holds, until when it can tell, and what is not there."""
    if until is None and not held:
        return f"{source_name(source)}: nothing has been read yet."
    known = f", known until {day(until)}" if until else "; until when they are complete is not known"
    parts = [f"{source_name(source)}: {_how_many(held, 'items')}{known}"]
    if rejects:
        parts.append(f"{_how_many(rejects, 'items')} could not be read and {_were(rejects)} set aside")
    if missing > 0:
        parts.append(
            f"{_how_many(missing, 'items')} that the source says it has {_were(missing)} not found here"
        )
    return "; ".join(parts) + "."


def problem(what: str, detail: str | None) -> str:
    """Something that is missing, and why as far as it is known."""
    why = clean(detail or "")[:400]
    return f"{what}. {upper_first(why if why[-1] in '.!?' else why + '.')}" if why else f"{what}."


def places(instances: int) -> str:
    """From how many repositories, lists or files something comes."""
    return _how_many(instances, "places")


def name(text: str, longest: int = 80) -> str:
    """A name from outside, fit to stand in a sentence: one line, not endless, turning no other text around.

    Characters that steer the writing direction are taken out; a name that is itself written from right to
    left is set apart, so that what follows it stays where it belongs.
    """
    plain = clean(text)
    if len(plain) > longest:
        plain = plain[: longest - 1].rstrip() + "…"
    if any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in plain):
        return f"\u2068{plain}\u2069"
    return plain or "(no name)"


@lru_cache(maxsize=10_000)
def clean(text: str) -> str:
    """One line of printable text."""
    visible = "".join(
        " " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter
        for letter in text.translate(_OVERRIDES)
        if unicodedata.category(letter) != "Cs"
    )
    return " ".join(visible.split())


def listed(parts: Sequence[str]) -> str:
    """Several parts of a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def upper_first(text: str) -> str:
    """Raise the first letter, unless the first word is the name of a file."""
    return text if _FILE_NAME.match(text) else text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """Lower the first letter, unless the first word is an abbreviation."""
    first = text.split(" ", 1)[0]
    return text if len(first) > 1 and first[1:] != first[1:].lower() else text[:1].lower() + text[1:]


def _bounds(metric: Metric, number: Number) -> str:
    if not number.is_ok or number.lower is None:
        return ""
    lower, upper, unit = _ends(metric, number, number.lower)
    if upper == lower:
        return f"{lower}{unit}{_AT_BOTH_ENDS}"
    if upper is not None:
        return f"{lower} to {upper}{unit}"
    return f"at least {lower}{unit}" if metric.kind == "cost" else f"{lower}{unit} or more"


def _ends(metric: Metric, number: Number, lower: float) -> tuple[str, str | None, str]:
    """The two ends of an interval, the upper one if there is any, and the unit with what stands before it."""
    upper, tell, unit = number.upper, _plain, f"{NBSP}{metric.unit}"
    match metric.kind:
        case "proportion":
            middle = (lower + (1.0 if upper is None else upper)) / 2
            decimals = _decimals(middle if number.value is None else number.value, number.sample_size)
            return _percent(lower, decimals), _percent(1.0 if upper is None else upper, decimals), f"{NBSP}%"
        case "duration":
            is_working, shown = (
                number.segment in metric.working,
                lower if number.value is None else number.value,
            )
            divisor, noun = (1.0, _WORKING) if is_working else _scale(shown)
            unit = f"{NBSP}{noun if upper is not None else _noun(noun, lower / divisor)}"
            lower, upper = lower / divisor, None if upper is None else upper / divisor
        case "cost":
            lower, upper, tell = _three_digits(lower), None if upper is None else _three_digits(upper), count
        case "ratio":
            unit = " times"
        case "difference" | "score":
            tell = partial(_signed, metric)
        case _:
            lower, upper, tell, unit = (
                math.floor(lower),
                None if upper is None else math.ceil(upper),
                count,
                "",
            )
    return tell(lower), None if upper is None else tell(upper), unit


def _range(metric: Metric, number: Number) -> str:
    text = bounds(metric, number)
    if not text or number.value is None:
        return ""
    if metric.kind == "count":
        return f" (the level behind such a count is plausibly {text})"
    return f", plausibly {text}"


def _k_of_n(metric: Metric, number: Number) -> str:
    k = "none" if number.numerator == 0 else count(number.numerator)
    return f"{k} of {count(number.denominator)}{NBSP}{_noun(metric.of, number.denominator or 0)}"


def _how_many(value: float | None, plural: str) -> str:
    if value is None:
        return "–"
    return f"{'no' if value == 0 else count(value)}{NBSP}{_noun(plural, value)}"


def _noun(plural: str, value: float) -> str:
    if value != 1:
        return plural
    if plural in _SINGULAR:
        return _SINGULAR[plural]
    if plural.endswith("ies"):
        return plural[:-3] + "y"
    return plural.removesuffix("s")


def _were(value: float | None) -> str:
    return "was" if value == 1 else "were"


def _decimals(share: float, sample_size: int | None) -> int:
    return 1 if share < 0.1 or share > 0.9 or (sample_size or 0) >= 1000 else 0


def _percent(share: float, decimals: int) -> str:
    """A share in per cent; what is not nothing never reads 0, and what is not all never reads 100."""
    if share in (0, 1):
        return f"{share:.0%}".removesuffix("%")
    text = f"{share * 100 + 1e-9:.{decimals}f}"
    least = 10.0**-decimals
    if float(text) == 0:
        text = f"{least:g}"
    elif float(text) == 100:
        text = f"{100 - least:g}"
    return locales.number(text)


def _scale(hours: float) -> tuple[float, str]:
    if hours < 1:
        return 1 / 60, "minutes"
    return (1, "hours") if hours < 48 else (24, "days")


def _plain(value: float) -> str:
    return locales.number(f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:,.0f}")


def _three_digits(value: float) -> float:
    """Money to three digits that count, for nobody knows it better."""
    if value < 100:
        return round(value)
    step = 10.0 ** (math.floor(math.log10(value)) - 2)
    return round(value / step) * step


def _scaled(metric: Metric, value: float) -> float:
    """A difference of shares in percentage points, and everything else as it is."""
    return value * 100 if metric.unit == "percentage points" else value


def _signed(metric: Metric, value: float) -> str:
    """A number that may be below zero; a difference above zero says so."""
    scaled = _scaled(metric, value)
    text = f"{abs(scaled):,.0f}" if abs(scaled) >= 9.95 else f"{abs(scaled):.1f}".removesuffix(".0")
    sign = "" if text == "0" else "−" if scaled < 0 else "+" if metric.kind == "difference" else ""
    return f"{sign}{locales.number(text)}"


def _period_before(number: Number) -> str:
    months = whole_months(number.period_start, number.period_end)
    if months == 1:
        return month(number.period_start - timedelta(days=1))
    return f"the {months} months before" if months else "the period before"


def _by_direction(metric: Metric, is_more: bool) -> str:
    match metric.kind:
        case "count" | "factor":
            return "more" if is_more else "fewer"
        case "duration":
            return "longer" if is_more else "shorter"
        case _:
            return "higher" if is_more else "lower"


def _has_interval(number: Number) -> bool:
    return number.lower is not None


def _differ(metric: Metric, one: Number, other: Number) -> bool:
    """Whether the 95 % interval of the difference leaves out no difference.

    That two ranges overlap does not mean that there is no difference, so they are not compared by eye.
    """
    _, lower, upper = _difference(metric, one, other)
    return lower > 0 or upper < 0


def _difference(metric: Metric, one: Number, other: Number) -> tuple[float, float, float]:
    """The difference with the ends of its 95 % interval; of times, costs and ratios, of their logarithms."""

    def estimate(number: Number) -> tuple[float, float, float]:
        ends = (
            _value(number),
            -math.inf if number.lower is None else number.lower,
            math.inf if number.upper is None else number.upper,
        )
        if metric.kind not in ("duration", "ratio", "cost"):
            return ends
        value, lower, upper = (math.log(end) if end > 0 else -math.inf for end in ends)
        return value, lower, upper

    lower, upper = difference_interval(estimate(one), estimate(other))
    return estimate(one)[0] - estimate(other)[0], lower, upper


def _value(number: Number) -> float:
    return 0.0 if number.value is None else number.value
