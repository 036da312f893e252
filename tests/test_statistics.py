"""Intervals and survival, against libraries and published numbers."""

from __future__ import annotations

import math

import lifelines
import lifelines.datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.utils import restricted_mean_survival_time
from scipy.stats import binomtest, chi2

from ospo_metrics.statistics import (
    difference_interval,
    poisson_interval,
    restricted_means,
    survival_medians,
    survival_quantiles,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("k", "n", "lower", "upper"),
    [(1, 16, 0.0111, 0.2833), (50, 350, 0.1101, 0.1834), (23_848, 98_855, 0.2386, 0.2439)],
)
def test_wilson_gives_the_published_intervals(k: int, n: int, lower: float, upper: float) -> None:
    """Fedora's badge, Sentry's webinar and Hacktoberfest 2023 have the intervals that were published."""
    low, high = wilson_interval(np.array([k]), np.array([n]))

    assert [round(float(low[0]), 4), round(float(high[0]), 4)] == [lower, upper]


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_equals_scipy(k: int, n: int) -> None:
    """Wilson's interval is scipy's, also at 0 of n and n of n."""
    k = min(k, n)
    expected = binomtest(k, n).proportion_ci(method="wilson")

    low, high = wilson_interval(np.array([k]), np.array([n]))

    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.integers(0, 100_000))
def test_poisson_equals_the_chi_square_form(k: int) -> None:
    """Garwood's interval is half the chi-square quantiles at 2k and 2k + 2 degrees of freedom."""
    low, high = poisson_interval(np.array([k]))

    expected_low = chi2.ppf(0.025, 2 * k) / 2 if k else 0.0
    assert (low[0], high[0]) == pytest.approx((expected_low, chi2.ppf(0.975, 2 * k + 2) / 2), rel=1e-9)


def test_twelve_thousand_for_three_people() -> None:
    """A cost of 12,000 for 3 people is 4,000 each, with 1,370 to 19,400."""
    low, high = poisson_interval(np.array([3]))

    assert [round(12_000 / float(high[0]), -1), round(12_000 / float(low[0]), -2)] == [1_370, 19_400]


def _lifelines(duration: np.ndarray, happened: np.ndarray) -> tuple[float, float, float]:
    """The first times at which lifelines' curve and band reach one half, free of its rounding noise."""
    fitter = lifelines.KaplanMeierFitter().fit(duration, happened)
    survival = fitter.survival_function_.iloc[:, 0]
    lower_band, upper_band = (fitter.confidence_interval_.iloc[:, i].fillna(survival) for i in (0, 1))
    curves = (survival, lower_band, upper_band)
    reached = [curve.index[curve.round(12) <= 0.5] for curve in curves]
    median, lower, upper = (float(times[0]) if len(times) else np.inf for times in reached)
    return median, lower, upper


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(1, 30), st.booleans()),
        min_size=1,
        max_size=120,
    )
)
def test_survival_medians_equal_lifelines(rows: list[tuple[int, int, bool]]) -> None:
    """Each group's median and interval are lifelines', whatever is tied, censored or never reached."""
    group = np.array([row[0] for row in rows], dtype=np.int64)
    duration = np.array([row[1] for row in rows], dtype=np.float64)
    happened = np.array([row[2] for row in rows])

    ours = survival_medians(group, duration, happened)

    for position, name in enumerate(ours.group):
        mine = group == name
        expected = _lifelines(duration[mine], happened[mine])
        found = (ours.median[position], ours.lower[position], ours.upper[position])
        assert np.nan_to_num(found, nan=np.inf) == pytest.approx(expected)
        assert (ours.events[position], ours.size[position]) == (happened[mine].sum(), mine.sum())


@pytest.mark.parametrize("name", ["waltons", "rossi", "larynx", "lung"])
def test_survival_medians_equal_lifelines_on_its_own_data(name: str) -> None:
    """Real data sets, with real ties, give lifelines' median and interval."""
    frame = getattr(lifelines.datasets, f"load_{name}")()
    columns = {"waltons": ("T", "E"), "rossi": ("week", "arrest"), "larynx": ("time", "death")}
    time, event = columns.get(name, ("time", "status"))
    duration = frame[time].to_numpy(dtype=np.float64)
    happened = (frame[event] == frame[event].max()).to_numpy()

    ours = survival_medians(np.zeros(len(duration), dtype=np.int64), duration, happened)

    expected = _lifelines(duration, happened)
    assert np.nan_to_num([ours.median[0], ours.lower[0], ours.upper[0]], nan=np.inf) == pytest.approx(
        expected
    )


def test_a_difference_of_proportions_has_newcombes_interval() -> None:
    """Newcombe's own example, 56 of 70 against 48 of 80, is 0.2 with 0.0524 to 0.3339 (1998, method 10)."""
    low, high = wilson_interval(np.array([56, 48]), np.array([70, 80]))

    found = difference_interval((56 / 70, low[0], high[0]), (48 / 80, low[1], high[1]))

    assert [round(float(end), 4) for end in found] == [0.0524, 0.3339]


@given(st.floats(0, 50), st.floats(0, 50), st.floats(0, 50))
def test_a_difference_from_something_unknown_is_unknown(value: float, below: float, above: float) -> None:
    """A median whose upper end is not reached can only differ upwards; one that is unknown tells nothing."""
    known = (value, value - below, value + above)

    assert difference_interval(known, (math.inf, 0.0, math.inf)) == (-math.inf, math.inf)
    assert difference_interval((value, value, math.inf), known)[1] == math.inf


def test_no_rows_give_no_groups() -> None:
    """Nothing in, nothing out, and no warning."""
    nothing = survival_medians(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=bool))

    assert len(nothing.group) == 0


_ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30), st.booleans()), min_size=1, max_size=120)


def _columns(rows: list[tuple[int, int, bool]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.float64),
        np.array([row[2] for row in rows]),
    )


@settings(max_examples=150, deadline=None)
@given(_ROWS, st.sampled_from([0.25, 0.5, 0.9]))
def test_survival_quantiles_equal_lifelines(rows: list[tuple[int, int, bool]], share: float) -> None:
    """The time by which a share was over is where lifelines' curve, and its band, first fall to what is left."""
    group, duration, happened = _columns([(g, t + 1, d) for g, t, d in rows])

    ours = survival_quantiles(group, duration, happened, share)

    for position, name in enumerate(ours.group):
        mine = group == name
        fitter = lifelines.KaplanMeierFitter().fit(duration[mine], happened[mine])
        survival = fitter.survival_function_.iloc[:, 0]
        bands = [fitter.confidence_interval_.iloc[:, i].fillna(survival) for i in (0, 1)]
        reached = [
            curve.index[curve.round(12) <= round(1 - share, 12)] for curve in (survival, bands[0], bands[1])
        ]
        expected = [float(times[0]) if len(times) else np.inf for times in reached]
        found = (ours.time[position], ours.lower[position], ours.upper[position])
        assert np.nan_to_num(found, nan=np.inf) == pytest.approx(expected)


@settings(max_examples=150, deadline=None)
@given(_ROWS, st.sampled_from([0.5, 7.0, 14.0, 40.0]))
def test_restricted_means_equal_lifelines(rows: list[tuple[int, int, bool]], until: float) -> None:
    """Each group's mean is the area under lifelines' curve up to the limit, whatever is tied or censored."""
    group, duration, happened = _columns(rows)

    ours = restricted_means(group, duration, happened, until)

    for position, name in enumerate(ours.group):
        mine = group == name
        fitter = lifelines.KaplanMeierFitter().fit(duration[mine], happened[mine])
        expected = restricted_mean_survival_time(fitter, t=until)
        assert ours.mean[position] == pytest.approx(expected, abs=1e-9)
        assert (ours.events[position], ours.size[position]) == (happened[mine].sum(), mine.sum())


@settings(max_examples=150, deadline=None)
@given(_ROWS, st.sampled_from([7.0, 14.0]))
def test_the_variance_of_a_restricted_mean_is_greenwoods(
    rows: list[tuple[int, int, bool]], until: float
) -> None:
    """It is the sum over the times of d / (n (n - d)) times the square of the area that is left after each."""
    group, duration, happened = _columns(rows)

    ours = restricted_means(group, duration, happened, until)

    for position, name in enumerate(ours.group):
        time, over = duration[group == name], happened[group == name]
        expected, survival = 0.0, 1.0
        steps = []
        for at in sorted(set(time[over])):
            n, d = int((time >= at).sum()), int(((time == at) & over).sum())
            survival *= 1 - d / n
            steps.append((at, n, d, survival))
        for place, (at, n, d, left) in enumerate(steps):
            ends = [step[0] for step in steps[place + 1 :]] + [until]
            levels = [left, *(step[3] for step in steps[place + 1 :])]
            starts = [at, *(step[0] for step in steps[place + 1 :])]
            area = sum(
                level * max(min(end, until) - min(start, until), 0)
                for start, end, level in zip(starts, ends, levels, strict=True)
            )
            if at <= until and n > d:
                expected += area**2 * d / (n * (n - d))
        assert ours.variance[position] == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.floats(0, 40), min_size=2, max_size=60))
def test_with_everybody_followed_a_restricted_mean_is_a_plain_one(times: list[float]) -> None:
    """Where nobody is lost before the limit, it is the mean of the times cut there, and its variance theirs over n."""
    duration = np.array(times)
    cut = np.minimum(duration, 14.0)

    ours = restricted_means(np.zeros(len(times), dtype=np.int64), duration, duration < 40, 14.0)

    assert ours.mean[0] == pytest.approx(cut.mean(), abs=1e-9)
    assert ours.variance[0] == pytest.approx(cut.var() / len(cut), abs=1e-9)
