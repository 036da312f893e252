"""What a campaign or an event did to a daily count, and when nothing may be said of it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

GUARD_DAYS = 7
"""Days before the date that belong to neither side, for announcements leak."""

BASELINES = (56, 112)
WINDOWS = (7, 28)
QUIET_DAYS = 35
"""How far a date must be from everything that moves the count to stand for an ordinary one."""

FEWEST_PLACEBOS = 39
"""With fewer ordinary dates no 95 % interval can be read off them."""

FEWEST_CONTROLS = 3
SMALL = 10
"""Of fewer than this no reason tells how many there were: where small groups are folded it is read too."""

_CONFIDENCE = 0.95
_POWER = 0.8
_STEPS = 40
_EXACT = 1e-10


@dataclass(frozen=True, slots=True)
class Design:
    """How the expectation is made: days of baseline, days of the window, with controls or not, and which regression."""

    window: int
    baseline: int = BASELINES[0]
    has_controls: bool = True
    family: str = "poisson"


@dataclass(frozen=True, slots=True)
class Series:
    """A daily count of what a campaign is about, and those of projects that it is not about.

    `counts` has a number for each day, not a number where nothing is known of the day; `controls` a row for each
    control; `is_weekend` and `is_shaken` a mark for each day, the latter where something else is known to have moved
    the count.
    """

    counts: Floats
    controls: Floats
    is_weekend: Booleans
    is_shaken: Booleans


@dataclass(frozen=True, slots=True)
class Lift:
    """What was counted in the window and what was to be expected, for one design and date.

    `log_ratio` is log((observed + 0.5) / (expected + 0.5)); `placebos` the same of every ordinary date; `lower` and
    `upper` bound the ratio at 95 %; `p` is the share of ordinary dates at least as far from none; `detectable` the
    smallest ratio above one that would have been told from none four times in five; `band` is the ratio within which
    95 % of ordinary dates lie. All of these are not a number where there are too few ordinary dates.
    """

    design: Design
    observed: float
    expected: float
    log_ratio: float
    placebos: Floats
    lower: float
    upper: float
    p: float
    detectable: float
    band: tuple[float, float]
    baseline_days: int
    false_positives: float

    @property
    def ratio(self) -> float:
        return math.exp(self.log_ratio)


def measure(series: Series, day: int, design: Design) -> Lift:
    """Compare the window that begins on a day with what its baseline and the controls let expect.

    A Poisson regression (McCullagh and Nelder 1989, by iterated least squares) on the weekend and the logarithm of the
    controls' mean is fitted to the baseline only, and predicts the window. How far such a prediction is off on its own
    is read off the same estimator at every ordinary date of the past, a week apart (placebo in time); the interval
    holds every effect that those dates do not speak against.
    """
    observed, expected, usable = estimates(series, np.array([day]), design)
    log_ratio = float(_log_ratio(observed, expected)[0])
    placebos = placebo_ratios(series, day, design)
    n = len(placebos)
    lower = upper = p = detectable = math.nan
    band = (math.nan, math.nan)
    if n and math.isfinite(log_ratio):
        p = (1 + int(np.sum(np.abs(placebos) >= abs(log_ratio) - 1e-12))) / (1 + n)
    if n >= FEWEST_PLACEBOS and math.isfinite(log_ratio):
        low, high = _quantiles(placebos, (1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2)
        lower, upper = math.exp(log_ratio - high), math.exp(log_ratio - low)
        band = (math.exp(low), math.exp(high))
        threshold, unlucky = _quantiles(np.abs(placebos), _CONFIDENCE)[0], _quantiles(placebos, 1 - _POWER)[0]
        detectable = math.exp(threshold - unlucky)
    return Lift(
        design, float(observed[0]), float(expected[0]), log_ratio, placebos, lower, upper, p, detectable, band,
        int(usable[0]), false_positive_rate(placebos),
    )  # fmt: skip


def estimates(series: Series, days: Integers, design: Design) -> tuple[Floats, Floats, Integers]:
    """For each day: what was counted in its window, what was to be expected, and the usable days of its baseline.

    What is not known, because a day of the window or of the baseline is missing, is not a number.
    """
    predicted, counted, usable = _predict(series, days, design, np.arange(design.window))
    return counted.sum(axis=1), predicted.sum(axis=1), usable


def daily(series: Series, day: int, design: Design) -> tuple[Integers, Floats, Floats]:
    """Each day from the beginning of the baseline to the end of the window: its offset, its count, its expectation."""
    offsets = np.arange(-design.baseline - GUARD_DAYS, design.window)
    predicted, counted, _ = _predict(series, np.array([day]), design, offsets)
    return offsets, counted[0], predicted[0]


def placebo_ratios(series: Series, day: int, design: Design) -> Floats:
    """The log ratio at every ordinary date of the past that is whole weeks before this one, its window over by then."""
    observed, expected, _ = estimates(series, _ordinary_days(series, day, design), design)
    ratios = _log_ratio(observed, expected)
    return ratios[np.isfinite(ratios)]


def _ordinary_days(series: Series, day: int, design: Design) -> Integers:
    total = len(series.counts)
    days = np.arange(day % 7, day - design.window + 1, 7)
    days = days[days >= design.baseline + GUARD_DAYS]
    shaken = np.flatnonzero(series.is_shaken | (np.arange(total) == day))
    place = np.searchsorted(shaken, days)
    before = np.where(place > 0, days - shaken[np.maximum(place - 1, 0)], total)
    after = np.where(place < len(shaken), shaken[np.minimum(place, len(shaken) - 1)] - days, total)
    return days[(before > QUIET_DAYS) & (after > QUIET_DAYS)]


def false_positive_rate(placebos: Floats, blocks: int = 5) -> float:
    """The share of ordinary dates that the others call an effect at 5 %, each part of the history against the rest.

    It is near 5 % where the past is like the present, and higher where the noise has changed; not a number with too
    few dates.
    """
    if len(placebos) < FEWEST_PLACEBOS:
        return math.nan
    called = 0
    for part in np.array_split(np.arange(len(placebos)), blocks):
        rest = np.abs(np.delete(placebos, part))
        p = (1 + (rest[None, :] >= np.abs(placebos[part])[:, None]).sum(axis=1)) / (1 + len(rest))
        called += int((p <= 1 - _CONFIDENCE).sum())
    return called / len(placebos)


def clean_controls(series: Series, day: int, design: Design) -> Booleans:
    """Which controls went on as usual at the date (placebo in space).

    A control's own change there, without that of the median control, must lie within two standard deviations of what it
    is on ordinary dates. The median, unlike the mean, is not moved by the one that is looked for.
    """
    days = np.append(_ordinary_days(series, day, design), day)
    alone = Design(design.window, design.baseline, has_controls=False)
    changes = np.empty((len(series.controls), len(days)))
    for place, control in enumerate(series.controls):
        one = Series(control, series.controls[:0], series.is_weekend, series.is_shaken)
        observed, expected, _ = estimates(one, days, alone)
        changes[place] = _log_ratio(observed, expected)
    if not changes.size:
        return np.zeros(len(series.controls), dtype=bool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # dates on which nothing is known of any control
        apart = changes - np.nanmedian(changes, axis=0)
        usual = np.nanstd(apart[:, :-1], axis=1, ddof=1)
    kept: Booleans = np.isfinite(apart[:, -1]) & (np.abs(apart[:, -1]) <= 2 * usual)
    return kept


def without(series: Series, kept: Booleans) -> Series:
    """The same series with these controls only."""
    return Series(series.counts, series.controls[kept], series.is_weekend, series.is_shaken)


def designs(*, has_controls: bool) -> Iterator[Design]:
    """Every way in which the question can sensibly be asked: the specification curve."""
    for controls, window, baseline, family in product(
        (True, False) if has_controls else (False,), WINDOWS, BASELINES, ("poisson", "negative_binomial")
    ):
        yield Design(window, baseline, controls, family)


def curve(series: Series, day: int, *, window: int) -> list[tuple[Design, float]]:
    """The ratio under every design of that window for which the data suffice."""
    found = []
    for design in designs(has_controls=len(series.controls) > 0):
        if design.window == window:
            observed, expected, _ = estimates(series, np.array([day]), design)
            ratio = float(_log_ratio(observed, expected)[0])
            if math.isfinite(ratio):
                found.append((design, math.exp(ratio)))
    return found


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """What share of the findings up to each p-value is expected to be false (Benjamini and Hochberg 1995)."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, least = [math.nan] * len(p_values), 1.0
    for rank in range(len(order), 0, -1):
        place = order[rank - 1]
        least = min(least, p_values[place] * len(order) / rank)
        adjusted[place] = least
    return adjusted


def detectable_by_counting(expected: float) -> float:
    """The smallest ratio that a plain Poisson count would show four times in five, at 5 % on both sides.

    By the square root that steadies the variance of a count (Anscombe 1948); only the noise of counting is in it.
    """
    reach = (1.959964 + 0.841621) / 2
    return ((math.sqrt(expected + 3 / 8) + reach) ** 2 - 3 / 8) / expected if expected > 0 else math.inf


def _log_ratio(observed: Floats, expected: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        ratio: Floats = np.log((observed + 0.5) / (expected + 0.5))
    return ratio


def _quantiles(values: Floats, *shares: float) -> list[float]:
    """Quantiles at rank share × (n + 1), so that with 39 values the outermost ones bound 95 %."""
    return [float(value) for value in np.quantile(values, shares, method="weibull")]


def _predict(
    series: Series, days: Integers, design: Design, offsets: Integers
) -> tuple[Floats, Floats, Integers]:
    """Fit each day's baseline and predict these offsets from the day: expectation, count, usable days of baseline.

    Controls are those that are known on every day of both, so that none comes or goes in between.
    """
    baseline = days[:, None] + np.arange(-design.baseline - GUARD_DAYS, -GUARD_DAYS)[None, :]
    wanted = days[:, None] + offsets[None, :]
    both = np.concatenate([baseline, wanted], axis=1)
    columns = [np.ones(both.shape), _at(series.is_weekend.astype(np.float64), both)]
    if design.has_controls and len(series.controls):
        columns.append(np.log(np.maximum(_mean_of_complete(series.controls, both), 0.5)))
    table = np.stack(columns, axis=2)
    y, x = _at(series.counts, baseline), table[:, : design.baseline]
    is_usable = np.isfinite(y) & np.isfinite(x).all(axis=2)
    usable = np.isfinite(y).sum(axis=1)
    coefficients = _fit(
        np.where(is_usable, y, 0.0), np.where(is_usable[:, :, None], x, 0.0), is_usable, design.family
    )
    coefficients[is_usable.sum(axis=1) < design.baseline] = np.nan
    with np.errstate(invalid="ignore"):
        linear = np.einsum("mwp,mp->mw", table[:, design.baseline :], coefficients)
        predicted: Floats = np.exp(np.clip(linear, -30, 30))
    return predicted, _at(series.counts, wanted), usable


def _at(values: Floats, places: NDArray[np.intp]) -> Floats:
    """The values at these places; not a number beyond the ends."""
    inside = (places >= 0) & (places < len(values))
    found: Floats = np.where(inside, values.take(places, mode="clip"), np.nan)
    return found


def _mean_of_complete(controls: Floats, places: Integers) -> Floats:
    """For each row of places the mean of the controls that are known at all of them."""
    total, size = np.zeros(places.shape), np.zeros(len(places))
    for control in controls:
        there = _at(control, places)
        is_complete: Booleans = np.asarray(np.isfinite(there).all(axis=1))
        total += np.where(is_complete[:, None], there, 0.0)
        size += is_complete
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.where(size[:, None] > 0, total / size[:, None], np.nan)
    return mean


def _fit(y: Floats, x: Floats, is_usable: Booleans, family: str) -> Floats:
    """Coefficients of a log-linear regression for every row at once."""
    coefficients = np.zeros((len(y), x.shape[2]))
    sizes = np.maximum(is_usable.sum(axis=1), 1)
    coefficients[:, 0] = np.log(np.maximum(y.sum(axis=1) / sizes, 1e-3))
    spread = np.zeros(len(y))
    coefficients = _iterate(y, x, is_usable, spread, coefficients)
    if family == "negative_binomial":
        mean = _means(x, coefficients)
        excess = np.where(is_usable, ((y - mean) ** 2 - mean) / mean**2, 0.0).sum(axis=1)
        spread = np.maximum(excess / np.maximum(sizes - x.shape[2], 1), 0.0)
        coefficients = _iterate(y, x, is_usable, spread, coefficients)
    return coefficients


def _iterate(y: Floats, x: Floats, is_usable: Booleans, spread: Floats, coefficients: Floats) -> Floats:
    ridge = np.eye(x.shape[2]) * 1e-9
    for _ in range(_STEPS):
        mean = _means(x, coefficients)
        weight = np.where(is_usable, mean / (1 + spread[:, None] * mean), 0.0)
        gradient = np.einsum("mtp,mt->mp", x, weight * (y - mean) / mean)
        curvature = np.einsum("mtp,mt,mtq->mpq", x, weight, x) + ridge
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        step = np.clip(step, -3, 3)
        coefficients = coefficients + step
        if np.abs(step).max(initial=0.0) < _EXACT:
            break
    return coefficients


def _means(x: Floats, coefficients: Floats) -> Floats:
    means: Floats = np.exp(np.clip(np.einsum("mtp,mp->mt", x, coefficients), -20, 20))
    return means


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else is known of a window: which other things fell into it, and how many of the count are suspect.

    `noun` is what is counted, in the plural; `fewest_expected` the smallest expectation of which anything is said;
    `controls` how many controls went on as usual; `suspect_share` is None where nobody can tell.
    """

    noun: str
    fewest_expected: float = 10.0
    others: Sequence[str] = ()
    controls: int = 0
    suspect_share: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One reason why a lift may not be shown, and whether it holds: `passed`, `refused`, `noted` or `not_checked`."""

    rule: str
    verdict: str
    sentence: str


def judge(lift: Lift, around: Circumstances, ratios: Sequence[float]) -> list[Check]:
    """Every check of a lift in the order in which they count; any that is refused forbids to show it.

    `ratios` are those of the other designs (`curve`).
    """
    few = len(lift.placebos) < FEWEST_PLACEBOS
    return [
        _whole_window(lift),
        _long_baseline(lift),
        _enough_expected(lift, around),
        _enough_placebos(lift, is_few=few),
        _alone(around),
        _genuine(around),
        _steady(lift, is_few=few),
        _controlled(around),
        _beyond_chance(lift, around, is_few=few),
        _robust(lift, ratios),
    ]


def refusal(checks: Sequence[Check]) -> str | None:
    """Why a lift is not shown; None where it is."""
    return next((check.sentence for check in checks if check.verdict == "refused"), None)


def _check(rule: str, sentence: str, passed: str, *, refused: bool) -> Check:
    return Check(rule, "refused" if refused else "passed", sentence if refused else passed)


def _whole_window(lift: Lift) -> Check:
    return _check(
        "whole_window",
        "Days of the window are missing in the data.",
        "Every day of the window is known.",
        refused=not math.isfinite(lift.observed),
    )


def _long_baseline(lift: Lift) -> Check:
    days = lift.design.baseline
    return _check(
        "long_baseline",
        f"Of the {days} days before it, {lift.baseline_days or 'none'} are known, and all are needed.",
        f"All of the {days} days before it are known.",
        refused=lift.baseline_days < days or not math.isfinite(lift.expected),
    )


def _enough_placebos(lift: Lift, *, is_few: bool) -> Check:
    n = len(lift.placebos)
    return _check(
        "ordinary_dates",
        f"There {'is' if n == 1 else 'are'} {n or 'no'} ordinary {'date' if n == 1 else 'dates'} before it to compare "
        f"with, and {FEWEST_PLACEBOS} are needed to say how sure we are.",
        f"{n} ordinary dates before it show what happens without it.",
        refused=is_few,
    )


def _enough_expected(lift: Lift, around: Circumstances) -> Check:
    known = lift.expected if math.isfinite(lift.expected) else 0.0
    expected = _how_many(known, around.noun)
    reach = f"nothing below {detectable_by_counting(known):.1f} times as many" if known >= 0.5 else "nothing"
    return _check(
        "enough_expected",
        f"Without it {expected} to be expected, and {around.fewest_expected:.0f} are needed: "
        f"with so few, {reach} can be told from chance.",
        f"Without it {expected} to be expected.",
        refused=known < around.fewest_expected,
    )  # fmt: skip


def _how_many(value: float, noun: str) -> str:
    """`about 12 stars were`, `about 1 star was`, `fewer than 1 star was`."""
    if value < 0.5:
        return f"less than 1 {noun.removesuffix('s')} was"
    return f"about 1 {noun.removesuffix('s')} was" if value < 1.5 else f"about {value:,.0f} {noun} were"


def _alone(around: Circumstances) -> Check:
    others = "; ".join(dict.fromkeys(around.others))
    return _check(
        "nothing_else",
        f"Something else fell into the same days, so nobody can tell what did it: {others}.",
        "Nothing else that we know of fell into the same days.",
        refused=bool(around.others),
    )


def _genuine(around: Circumstances) -> Check:
    share = around.suspect_share
    if share is None:
        return Check(
            "genuine",
            "not_checked",
            f"Whether all of the {around.noun} are genuine is not known, so it was not checked.",
        )
    return _check(
        "genuine",
        f"{share:.0%} of the {around.noun} look bought, and more than 5 % spoil the count.",
        f"{share:.1%} of the {around.noun} look bought.",
        refused=share > 0.05,
    )


def _steady(lift: Lift, *, is_few: bool) -> Check:
    if is_few:
        return Check("steady", "not_checked", "Too few ordinary dates to see whether they are alike.")
    return _check(
        "steady",
        f"The ordinary dates are not alike: of them, {lift.false_positives:.0%} would be called an effect, "
        "and 10 % is the most we accept.",
        f"Of the ordinary dates, {lift.false_positives:.0%} would be called an effect.",
        refused=lift.false_positives > 0.10,
    )


def _controlled(around: Circumstances) -> Check:
    if around.controls >= FEWEST_CONTROLS:
        return Check(
            "controls", "passed", f"{around.controls} other projects went on as usual and serve as controls."
        )
    return Check(
        "controls", "noted",
        f"Without controls: fewer than {FEWEST_CONTROLS} other projects went on as usual, so what changed everywhere "
        "would look like its effect.",
    )  # fmt: skip


def _beyond_chance(lift: Lift, around: Circumstances, *, is_few: bool) -> Check:
    if is_few or not math.isfinite(lift.log_ratio):
        return Check("beyond_chance", "not_checked", "Without ordinary dates nobody knows what chance does.")
    counted, against = f"{lift.observed:,.0f} {around.noun}", f"against {lift.expected:,.0f} expected"
    few = f"fewer than {SMALL} {around.noun}" if lift.observed < SMALL else counted
    return _check(
        "beyond_chance",
        f"No detectable change: {few} {against}, as on ordinary dates. "
        f"It would have taken {lift.detectable:.1f} times as many to be seen, four times in five.",
        f"{counted} {against}: of ordinary dates, {lift.p:.1%} are as far off.",
        refused=lift.p > 1 - _CONFIDENCE or lift.lower <= 1 <= lift.upper,
    )


def _robust(lift: Lift, ratios: Sequence[float]) -> Check:
    opposite = sum((ratio > 1) != (lift.ratio > 1) for ratio in ratios)
    return _check(
        "robust",
        f"Fragile: {opposite} of {len(ratios)} other sensible ways to ask say the opposite.",
        f"All {len(ratios)} sensible ways to ask say the same.",
        refused=opposite > 0,
    )
