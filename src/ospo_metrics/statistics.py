"""Intervals and survival, for whole columns at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, gammaincinv, ndtri

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


def poisson_interval(counts: Integers, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Exact interval of a Poisson mean for each count (Garwood 1936); from 0 to 3.69 where none was seen."""
    tail = (1 - confidence) / 2
    k = np.asarray(counts, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        lower = np.where(k > 0, gammaincinv(np.maximum(k, 1e-9), tail), 0.0)
        upper = gammaincinv(k + 1, 1 - tail)
    return lower, upper


def wilson_interval(successes: Integers, trials: Integers, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Interval of a proportion for each pair (Wilson 1927); not a number where there was no trial."""
    z = float(ndtri(1 - (1 - confidence) / 2))
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = k / n
        middle = p + z * z / (2 * n)
        half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return np.maximum(0.0, (middle - half) / scale), np.minimum(1.0, (middle + half) / scale)


def difference_interval(
    one: tuple[float, float, float], other: tuple[float, float, float]
) -> tuple[float, float]:
    """Interval of a difference from each side's value, lower and upper end, which need not be symmetric.

    The ends are recovered from the variances that the two intervals imply (Zou and Donner 2008); with
    Wilson's intervals of two proportions it is Newcombe's (1998). An end that is not known is infinite.
    """
    (a, a_low, a_high), (b, b_low, b_high) = one, other
    if math.isinf(a) or math.isinf(b):
        return -math.inf, math.inf
    return a - b - math.hypot(a - a_low, b_high - b), a - b + math.hypot(a_high - a, b - b_low)


@dataclass(frozen=True, slots=True)
class Medians:
    """One row a group: the median waiting time with its interval; not a number where it is not reached."""

    group: Integers
    median: Floats
    lower: Floats
    upper: Floats
    events: Integers
    size: Integers


def survival_medians(
    group: Integers, duration: Floats, happened: Booleans, confidence: float = 0.95
) -> Medians:
    """Kaplan–Meier median of each group, in the unit of `duration`; who still waits is counted as waiting."""
    found = survival_quantiles(group, duration, happened, 0.5, confidence)
    return Medians(found.group, found.time, found.lower, found.upper, found.events, found.size)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """One row a group: by when a share of them was over, with its interval; not a number where it is not reached."""

    group: Integers
    time: Floats
    lower: Floats
    upper: Floats
    events: Integers
    size: Integers


def survival_quantiles(
    group: Integers, duration: Floats, happened: Booleans, share: float = 0.5, confidence: float = 0.95
) -> Quantiles:
    """The time by which a share of each group was over, of Kaplan and Meier's curve, in the unit of `duration`.

    The interval is that of Brookmeyer and Crowley (1982) on the log(-log) scale with Greenwood's variance:
    its ends are the first times at which the upper and the lower band of the survival curve fall to what is
    left. All groups are worked through in one sorted pass.
    """
    return quantiles_of(survival_curves(group, duration, happened, confidence), share)


def quantiles_of(curves: Curves, share: float = 0.5) -> Quantiles:
    """The same of curves that are there already, so that several shares need them once."""
    groups, starts = np.unique(curves.group, return_index=True)
    size = curves.at_risk[starts]
    if not len(groups):
        return Quantiles(groups, np.empty(0), np.empty(0), np.empty(0), size, size)

    def first_at(curve: Floats) -> Floats:
        answer = np.full(len(groups), np.nan)
        hit = np.flatnonzero(curve <= 1 - share + 1e-12)
        reached, first = np.unique(curves.group[hit], return_index=True)
        answer[np.searchsorted(groups, reached)] = curves.time[hit[first]]
        return answer

    events = np.add.reduceat(curves.events, starts)
    return Quantiles(
        groups,
        first_at(curves.survival),
        first_at(curves.lower),
        first_at(curves.upper),
        events,
        size,
    )


def _by_group_and_time(group: Integers, duration: Floats) -> Integers:
    """The order of many rows, sixteen bits of the group at a time, which numpy sorts without comparing."""
    order = np.argsort(duration)
    place = group - group.min()
    for shift in range(0, int(place.max()).bit_length(), 16):
        digit = ((place[order] >> shift) & 0xFFFF).astype(np.uint16)
        order = order[np.argsort(digit, kind="stable")]
    return order


def _running_sum(values: Floats, first: Booleans, group: Integers) -> Floats:
    """Sum up within each group; a sum that is infinite stays so to the end of its group only."""
    finite = np.where(np.isfinite(values), values, 0.0)
    total = np.cumsum(finite)
    before = total - finite
    summed = total - before[np.flatnonzero(first)][group]
    infinite = np.cumsum(~np.isfinite(values))
    since = infinite - (infinite - ~np.isfinite(values))[np.flatnonzero(first)][group]
    end = -np.inf if np.isneginf(values).any() else np.inf
    return np.where(since > 0, end, summed)


@dataclass(frozen=True, slots=True)
class Curves:
    """One row a group and time at which somebody's wait ended, known or not: the share who still wait, and the band."""

    group: Integers
    time: Floats
    survival: Floats
    lower: Floats
    upper: Floats
    at_risk: Integers
    events: Integers


def survival_curves(
    group: Integers, duration: Floats, happened: Booleans, confidence: float = 0.95
) -> Curves:
    """Kaplan–Meier curve of each group (Kaplan and Meier 1958), all groups in one sorted pass, times in order.

    The band is Greenwood's variance on the log(-log) scale (Kalbfleisch and Prentice 1980); where all or none
    still wait there is no variance, and the band is the curve. Whoever is lost sight of at a time was still at
    risk at it. Before its first row a curve is 1.
    """
    z = float(ndtri(1 - (1 - confidence) / 2))
    if not len(group):
        floats, integers = np.empty(0), np.empty(0, dtype=np.int64)
        return Curves(integers, floats, floats, floats, floats, integers, integers)
    order = _by_group_and_time(group, duration)
    g, t, d = group[order], duration[order], happened[order].astype(np.int64)
    new_group = np.r_[True, g[1:] != g[:-1]]
    new_time = new_group | np.r_[True, t[1:] != t[:-1]]
    starts, time_starts = np.flatnonzero(new_group), np.flatnonzero(new_time)
    sizes = np.diff(np.r_[starts, len(g)])
    group_of_time = (np.cumsum(new_group) - 1)[time_starts]
    events = np.add.reduceat(d, time_starts)
    at_risk = starts[group_of_time] + sizes[group_of_time] - time_starts

    with np.errstate(divide="ignore", invalid="ignore"):
        log_step = np.log1p(-events / at_risk)
        variance_step = np.where(events > 0, events / (at_risk * (at_risk - events.astype(np.float64))), 0.0)
    first_time = np.r_[True, group_of_time[1:] != group_of_time[:-1]]
    log_survival = _running_sum(log_step, first_time, group_of_time)
    variance = _running_sum(variance_step, first_time, group_of_time)
    survival = np.exp(log_survival)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = z * np.sqrt(variance) / log_survival
        upper = np.exp(-np.exp(np.log(-log_survival) + spread))
        lower = np.exp(-np.exp(np.log(-log_survival) - spread))
    certain = (survival >= 1) | (survival <= 0) | ~np.isfinite(lower) | ~np.isfinite(upper)
    return Curves(
        g[time_starts],
        t[time_starts],
        survival,
        np.where(certain, survival, lower),
        np.where(certain, survival, upper),
        at_risk.astype(np.int64),
        events,
    )


@dataclass(frozen=True, slots=True)
class Comparisons:
    """One row a pair of proportions: how they differ, by subtraction and by division."""

    difference: Floats
    lower: Floats
    upper: Floats
    odds_ratio: Floats
    odds_ratio_lower: Floats
    odds_ratio_upper: Floats
    risk_ratio: Floats
    e_value: Floats


def compare_proportions(
    hits: Integers, trials: Integers, other_hits: Integers, other_trials: Integers
) -> Comparisons:
    """How each proportion differs from another, with 95 % intervals; not a number where one side has no trial."""
    difference, lower, upper = proportion_difference(hits, trials, other_hits, other_trials)
    odds, odds_lower, odds_upper = odds_ratio(hits, trials, other_hits, other_trials)
    with np.errstate(divide="ignore", invalid="ignore"):
        risk_ratio = (hits / trials) / (other_hits / other_trials)
    return Comparisons(
        difference, lower, upper, odds, odds_lower, odds_upper, risk_ratio, e_value(risk_ratio)
    )


def proportion_difference(
    hits: Integers, trials: Integers, other_hits: Integers, other_trials: Integers, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Each proportion minus the other, with the interval of Newcombe (1998, method 10)."""
    low, high = wilson_interval(hits, trials, confidence)
    other_low, other_high = wilson_interval(other_hits, other_trials, confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.asarray(hits, dtype=np.float64) / trials
        q = np.asarray(other_hits, dtype=np.float64) / other_trials
    return p - q, p - q - np.hypot(p - low, other_high - q), p - q + np.hypot(high - p, q - other_low)


def odds_ratio(
    hits: Integers, trials: Integers, other_hits: Integers, other_trials: Integers, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Odds of each proportion over those of the other, and the interval on the log scale (Woolf 1955).

    Not a number where all or none are hits on a side, for then no odds can be told.
    """
    z = float(ndtri(1 - (1 - confidence) / 2))
    a, c = np.asarray(hits, dtype=np.float64), np.asarray(other_hits, dtype=np.float64)
    cells = np.stack([a, trials - a, c, other_trials - c])
    cells = np.where((cells > 0).all(axis=0), cells, np.nan)
    ratio = cells[0] * cells[3] / (cells[1] * cells[2])
    half = z * np.sqrt((1 / cells).sum(axis=0))
    return ratio, ratio * np.exp(-half), ratio * np.exp(half)


def e_value(risk_ratio: Floats) -> Floats:
    """How strongly something unseen would have to go with both sides to explain a ratio of risks away.

    As a ratio of risks (VanderWeele and Ding 2017); 1 needs nothing. Not a number where there is no ratio.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(risk_ratio < 1, 1 / np.asarray(risk_ratio, dtype=np.float64), risk_ratio)
        return np.where(np.isfinite(ratio), ratio + np.sqrt(ratio * (ratio - 1)), np.nan)


def restricted_means(curves: Curves, until: Floats) -> tuple[Floats, Floats]:
    """The mean wait of each group up to `until`, one for each group in order, and its standard error.

    It is the area under the curve (Irwin 1949), with Greenwood's variance (Klein and Moeschberger 2003, formula
    4.5.2). Later than its last row a curve tells nothing, so `until` should not be.
    """
    if not len(curves.group):
        return np.empty(0), np.empty(0)
    first = np.r_[True, curves.group[1:] != curves.group[:-1]]
    starts = np.flatnonzero(first)
    place = np.cumsum(first) - 1
    end = np.asarray(until, dtype=np.float64)[place]
    begun = np.minimum(curves.time, end)
    over = np.where(np.r_[first[1:], True], end, np.r_[begun[1:], 0.0])
    area = curves.survival * (over - begun)
    mean = begun[starts] + np.add.reduceat(area, starts)
    behind = np.cumsum(area) - area
    left = np.add.reduceat(area, starts)[place] - (behind - behind[starts][place])
    events = np.where(curves.time <= end, curves.events, 0).astype(np.float64)
    survivors = curves.at_risk - events
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(survivors > 0, left**2 * events / (curves.at_risk * survivors), 0.0)
    return mean, np.sqrt(np.add.reduceat(step, starts))


def log_rank(duration: Floats, happened: Booleans, is_other: Booleans) -> float:
    """How probable it is by chance that two curves lie as far apart as these (Mantel 1966, Peto and Peto 1972).

    Not a number where nothing happened while both sides were watched.
    """
    times, where = np.unique(duration, return_inverse=True)

    def at_risk(mine: Booleans) -> Floats:
        ended = np.bincount(where[mine], minlength=len(times))
        return np.cumsum(ended[::-1])[::-1].astype(np.float64)

    def events(mine: Booleans) -> Floats:
        return np.bincount(where[mine & happened], minlength=len(times)).astype(np.float64)

    n, n_one, d = at_risk(np.ones_like(is_other)), at_risk(~is_other), events(np.ones_like(is_other))
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(n > 0, n_one * d / n, 0.0)
        variance = np.where(n > 1, n_one * (n - n_one) * d * (n - d) / (n * n * (n - 1)), 0.0)
    total = float(variance.sum())
    if total <= 0:
        return math.nan
    return float(chdtrc(1, (events(~is_other).sum() - expected.sum()) ** 2 / total))


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Two matrices, column by column of the memberships: how many any two would share by chance, and how surely more or
    fewer than that."""

    expected: Floats
    p_value: Floats


def overlaps(members: Booleans, permutations: int = 199, seed: int = 0) -> Overlaps:
    """What the columns of a table of memberships (a row for each member) share beyond what their sizes bring about.

    By chance means: every column as large as it is, and every member in as many columns as they are. Two columns at a
    time put what only one of them has together and draw their shares anew (Strona et al. 2014). The tables are those
    of a chain that is run both ways from the one that was seen, which makes the p-value exact (Besag and Clifford
    1989); it is of a distance from the mean, on either side. Members of one column alone are drawn as a number.
    """
    dice = np.random.default_rng(seed)
    columns = members.shape[1]
    is_single = members.sum(axis=1) == 1
    singles = members[is_single].sum(axis=0).astype(np.int64)
    several = np.ascontiguousarray(members[members.sum(axis=1) > 1].T)  # a row for each column of `members`
    pairs = [(a, b) for a in range(columns) for b in range(a + 1, columns)]

    def shared(table: Booleans) -> Integers:
        counts = table.astype(np.float64)
        return np.rint(counts @ counts.T).astype(np.int64)

    def swept(table: Booleans, alone: Integers) -> None:
        for at in dice.permutation(len(pairs)):
            a, b = pairs[at]
            either = np.flatnonzero(table[a] != table[b])
            slots = int(table[a, either].sum()) + int(alone[a])
            pool = int(alone[a] + alone[b])
            taken = int(dice.hypergeometric(len(either), pool, slots)) if len(either) + pool and slots else 0
            chosen = np.zeros(len(either), dtype=bool)
            chosen[dice.permutation(len(either))[:taken]] = True
            table[a, either], table[b, either] = chosen, ~chosen
            alone[a], alone[b] = slots - taken, pool - (slots - taken)

    seen = shared(several)
    found = [seen]
    before = int(dice.integers(0, permutations + 1))
    for steps in (before, permutations - before):
        table, alone = several.copy(), singles.copy()
        for _ in range(steps):
            swept(table, alone)
            found.append(shared(table))
    drawn = np.stack(found).astype(np.float64)
    expected = drawn.mean(axis=0)
    distance = np.abs(drawn - expected)
    return Overlaps(expected, (distance >= np.abs(seen - expected) - 1e-9).mean(axis=0))


@dataclass(frozen=True, slots=True)
class RestrictedMeans:
    """One row a group: the mean time, of which no more counts than up to a limit, and the variance of that mean."""

    group: Integers
    mean: Floats
    variance: Floats
    events: Integers
    size: Integers


def restricted_mean_times(
    group: Integers, duration: Floats, happened: Booleans, until: float
) -> RestrictedMeans:
    """The mean time of each group of which no more counts than up to a limit, in the unit of `duration`."""
    curves = survival_curves(group, duration, happened)
    groups, starts = np.unique(curves.group, return_index=True)
    if not len(groups):
        return RestrictedMeans(groups, np.empty(0), np.empty(0), curves.events, curves.at_risk)
    mean, error = restricted_means(curves, np.full(len(groups), until))
    return RestrictedMeans(
        groups, mean, error**2, np.add.reduceat(curves.events, starts), curves.at_risk[starts]
    )
