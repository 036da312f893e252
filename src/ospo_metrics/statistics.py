"""Intervals and survival, for whole columns at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri

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
    z = float(ndtri(1 - (1 - confidence) / 2))
    curves = _survival_curves(group, duration, happened)
    survival, log_survival = np.exp(curves.log_survival), curves.log_survival
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = z * np.sqrt(curves.variance) / log_survival
        above = np.exp(-np.exp(np.log(-log_survival) + spread))
        below = np.exp(-np.exp(np.log(-log_survival) - spread))
    certain = (survival >= 1) | (survival <= 0) | ~np.isfinite(above) | ~np.isfinite(below)
    above, below = np.where(certain, survival, above), np.where(certain, survival, below)

    def first_at(curve: Floats) -> Floats:
        answer = np.full(len(curves.group), np.nan)
        hit = np.flatnonzero(curve <= 1 - share + 1e-12)
        which, first = np.unique(curves.group_of_time[hit], return_index=True)
        answer[which] = curves.time[hit[first]]
        return answer

    return Quantiles(
        curves.group, first_at(survival), first_at(below), first_at(above), curves.events, curves.size
    )


@dataclass(frozen=True, slots=True)
class _Curves:
    """Kaplan and Meier's curve of every group: a row a group, and a row for each of its different times.

    `variance` is Greenwood's sum up to a time, `variance_step` what the time adds to it.
    """

    group: Integers
    events: Integers
    size: Integers
    group_of_time: Integers
    is_first: Booleans
    time: Floats
    log_survival: Floats
    variance: Floats
    variance_step: Floats


def _survival_curves(group: Integers, duration: Floats, happened: Booleans) -> _Curves:
    order = np.lexsort((duration, group))
    g, t, d = group[order], duration[order], happened[order].astype(np.float64)
    if not len(g):
        floats, integers = np.empty(0), np.empty(0, dtype=np.int64)
        nothing = np.empty(0, dtype=bool)
        return _Curves(integers, integers, integers, integers, nothing, floats, floats, floats, floats)
    new_group = np.r_[True, g[1:] != g[:-1]]
    new_time = new_group | np.r_[True, t[1:] != t[:-1]]
    starts = np.flatnonzero(new_group)
    sizes = np.diff(np.r_[starts, len(g)])

    time_starts = np.flatnonzero(new_time)
    time, group_of_time = t[time_starts], (np.cumsum(new_group) - 1)[time_starts]
    deaths = np.add.reduceat(d, time_starts)
    at_risk = (starts[group_of_time] + sizes[group_of_time] - time_starts).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_step = np.log1p(-deaths / at_risk)
        variance_step = np.where(deaths > 0, deaths / (at_risk * (at_risk - deaths)), 0.0)
    is_first = np.r_[True, group_of_time[1:] != group_of_time[:-1]]
    return _Curves(
        group=g[new_group],
        events=np.add.reduceat(d, starts).astype(np.int64),
        size=sizes,
        group_of_time=group_of_time,
        is_first=is_first,
        time=time,
        log_survival=_running_sum(log_step, is_first, group_of_time),
        variance=_running_sum(variance_step, is_first, group_of_time),
        variance_step=variance_step,
    )


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
class RestrictedMeans:
    """One row a group: the mean time, of which no more counts than up to a limit, and the variance of that mean."""

    group: Integers
    mean: Floats
    variance: Floats
    events: Integers
    size: Integers


def restricted_means(group: Integers, duration: Floats, happened: Booleans, until: float) -> RestrictedMeans:
    """The area under Kaplan and Meier's curve up to a limit: the restricted mean survival time of each group.

    The variance is Greenwood's, of the areas that are left after each time (Klein and Moeschberger 2003, 4.5.3;
    Royston and Parmar 2013). Beyond a group's last time its curve stays where it is. In the unit of `duration`.
    """
    curves = _survival_curves(group, duration, happened)
    if not len(curves.group):
        return RestrictedMeans(curves.group, curves.time, curves.time, curves.events, curves.size)
    starts = np.flatnonzero(curves.is_first)
    limited = np.minimum(curves.time, until)
    following = np.r_[limited[1:], until]
    following[np.r_[starts[1:] - 1, len(limited) - 1]] = until
    area = np.exp(curves.log_survival) * (following - limited)
    mean = limited[starts] + np.add.reduceat(area, starts)
    # the area after a time is what the area up to it, in its group, leaves of the whole
    gone = np.cumsum(area) - area
    left = (mean - limited[starts])[curves.group_of_time] - (gone - gone[starts][curves.group_of_time])
    with np.errstate(invalid="ignore"):
        weighted = np.where(
            (left > 1e-12) & (curves.time <= until) & np.isfinite(curves.variance_step),
            np.square(left) * curves.variance_step,
            0.0,
        )
    return RestrictedMeans(curves.group, mean, np.add.reduceat(weighted, starts), curves.events, curves.size)
