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
    """Kaplan–Meier median of each group, in the unit of `duration`; who still waits is counted as waiting.

    The interval is that of Brookmeyer and Crowley (1982) on the log(-log) scale with Greenwood's variance:
    its ends are the first times at which the upper and the lower band of the survival curve fall to one
    half. All groups are worked through in one sorted pass.
    """
    z = float(ndtri(1 - (1 - confidence) / 2))
    order = np.lexsort((duration, group))
    g, t, d = group[order], duration[order], happened[order].astype(np.float64)
    if not len(g):
        empty_floats, empty_integers = np.empty(0), np.empty(0, dtype=np.int64)
        return Medians(
            empty_integers, empty_floats, empty_floats, empty_floats, empty_integers, empty_integers
        )
    new_group = np.r_[True, g[1:] != g[:-1]]
    new_time = new_group | np.r_[True, t[1:] != t[:-1]]
    groups, starts = g[new_group], np.flatnonzero(new_group)
    sizes = np.diff(np.r_[starts, len(g)])
    group_of_row = np.cumsum(new_group) - 1

    time_starts = np.flatnonzero(new_time)
    time, group_of_time = t[time_starts], group_of_row[time_starts]
    deaths = np.add.reduceat(d, time_starts)
    at_risk = (starts[group_of_time] + sizes[group_of_time] - time_starts).astype(np.float64)

    with np.errstate(divide="ignore", invalid="ignore"):
        log_step = np.log1p(-deaths / at_risk)
        variance_step = np.where(deaths > 0, deaths / (at_risk * (at_risk - deaths)), 0.0)
    first_time = np.r_[True, group_of_time[1:] != group_of_time[:-1]]
    log_survival = _running_sum(log_step, first_time, group_of_time)
    variance = _running_sum(variance_step, first_time, group_of_time)
    survival = np.exp(log_survival)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = z * np.sqrt(variance) / log_survival
        above = np.exp(-np.exp(np.log(-log_survival) + spread))
        below = np.exp(-np.exp(np.log(-log_survival) - spread))
    certain = (survival >= 1) | (survival <= 0) | ~np.isfinite(above) | ~np.isfinite(below)
    above, below = np.where(certain, survival, above), np.where(certain, survival, below)

    def first_at_half(curve: Floats) -> Floats:
        answer = np.full(len(groups), np.nan)
        hit = np.flatnonzero(curve <= 0.5 + 1e-12)
        which, first = np.unique(group_of_time[hit], return_index=True)
        answer[which] = time[hit[first]]
        return answer

    events = np.add.reduceat(d, starts).astype(np.int64)
    return Medians(groups, first_at_half(survival), first_at_half(below), first_at_half(above), events, sizes)


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
