"""Intervals and survival, against libraries and published numbers."""

from __future__ import annotations

import math

import duckdb
import jinja2
import lifelines
import lifelines.datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time
from scipy.stats import binomtest, chi2

from ospo_metrics import project
from ospo_metrics.statistics import (
    Curves,
    compare_proportions,
    difference_interval,
    e_value,
    log_rank,
    odds_ratio,
    overlaps,
    poisson_interval,
    proportion_difference,
    restricted_mean_times,
    restricted_means,
    survival_curves,
    survival_medians,
    survival_quantiles,
    wilson_interval,
)

PUBLISHED = [(1, 16, 0.0111, 0.2833), (50, 350, 0.1101, 0.1834), (23_848, 98_855, 0.2386, 0.2439)]


@pytest.mark.parametrize(("k", "n", "lower", "upper"), PUBLISHED)
def test_wilson_gives_the_published_intervals(k: int, n: int, lower: float, upper: float) -> None:
    """Fedora's badge, Sentry's webinar and Hacktoberfest 2023 have the intervals that were published."""
    low, high = wilson_interval(np.array([k]), np.array([n]))

    assert [round(float(low[0]), 4), round(float(high[0]), 4)] == [lower, upper]


@pytest.mark.parametrize(("k", "n", "lower", "upper"), PUBLISHED)
def test_wilson_in_sql_gives_the_published_intervals(k: int, n: int, lower: float, upper: float) -> None:
    """The macro that every share of the models goes through says the same as Python, to the twelfth digit."""
    macros = jinja2.Environment().from_string((project.root() / "sql/macros/wilson.sql").read_text()).module

    found = duckdb.sql(f"select {macros.wilson_lower(k, n)}, {macros.wilson_upper(k, n)}").fetchone()  # type: ignore[attr-defined]

    assert found is not None
    assert [round(end, 4) for end in found] == [lower, upper]
    assert found == pytest.approx(
        [float(end[0]) for end in wilson_interval(np.array([k]), np.array([n]))], abs=1e-12
    )


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


DATA_SETS = {
    "waltons": ("T", "E"),
    "rossi": ("week", "arrest"),
    "larynx": ("time", "death"),
    "lung": ("time", "status"),
    "gbsg2": ("time", "cens"),
}
SIDES = {"waltons": "group", "rossi": "fin", "larynx": "Stage_IV", "lung": "sex", "gbsg2": "horTh"}


def _stays(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Durations, whether it happened, and on which of two sides somebody is, of a data set of lifelines."""
    frame = getattr(lifelines.datasets, f"load_{name}")()
    time, event = DATA_SETS[name]
    happened = (frame[event] == frame[event].max()).to_numpy()
    is_other = (frame[SIDES[name]] == frame[SIDES[name]].min()).to_numpy()
    return frame[time].to_numpy(dtype=np.float64), happened, is_other


@pytest.mark.parametrize("name", DATA_SETS)
def test_survival_curves_equal_lifelines_on_its_own_data(name: str) -> None:
    """Curve, band, people at risk and events of real data sets, both sides of each in one pass, are lifelines'."""
    duration, happened, is_other = _stays(name)

    ours = survival_curves(is_other.astype(np.int64), duration, happened)

    for side in (0, 1):
        mine = is_other == side
        fitter = lifelines.KaplanMeierFitter().fit(duration[mine], happened[mine])
        rows = ours.group == side
        band = fitter.confidence_interval_
        expected = np.column_stack(
            [
                fitter.survival_function_.iloc[:, 0],
                band.iloc[:, 0],
                band.iloc[:, 1],
                fitter.event_table["at_risk"],
                fitter.event_table["observed"],
            ]
        )
        expected = expected[fitter.survival_function_.index > 0]
        found = np.column_stack([ours.survival, ours.lower, ours.upper, ours.at_risk, ours.events])[rows]
        inside = (expected[:, 0] < 1) & (expected[:, 0] > 1e-12)
        assert len(found) == len(expected) > 5
        assert found[inside] == pytest.approx(expected[inside])


@pytest.mark.parametrize("name", DATA_SETS)
@pytest.mark.parametrize("part", [0.3, 0.9, 1.0])
def test_restricted_means_equal_lifelines(name: str, part: float) -> None:
    """The area under each side's curve, up to any time that both were watched, is lifelines'."""
    duration, happened, is_other = _stays(name)
    until = part * min(duration[is_other].max(), duration[~is_other].max())

    means, _ = restricted_means(
        survival_curves(is_other.astype(np.int64), duration, happened), np.full(2, until)
    )

    for side in (0, 1):
        mine = is_other == side
        fitter = lifelines.KaplanMeierFitter().fit(duration[mine], happened[mine])
        assert means[side] == pytest.approx(restricted_mean_survival_time(fitter, t=until))


@given(st.lists(st.integers(1, 30), min_size=2, max_size=80), st.integers(1, 40))
def test_the_error_of_a_restricted_mean_is_that_of_a_mean_where_nobody_is_lost(
    days: list[int], until: int
) -> None:
    """With everybody followed to the end, mean and standard error are those of the times cut off at the limit."""
    duration = np.array(days, dtype=np.float64)
    group = np.zeros(len(days), dtype=np.int64)

    means, errors = restricted_means(
        survival_curves(group, duration, np.ones(len(days), dtype=bool)), np.array([float(until)])
    )

    cut = np.minimum(duration, until)
    assert means[0] == pytest.approx(cut.mean())
    assert errors[0] == pytest.approx(cut.std() / math.sqrt(len(cut)), abs=1e-9)


def test_the_error_of_a_restricted_mean_is_how_far_it_strays() -> None:
    """Over 400 samples of 150 stays, some of them cut short, the means stray as far as their errors say."""
    dice = np.random.default_rng(7)
    stays, limits = dice.exponential(100, (400, 150)), dice.uniform(20, 400, (400, 150))
    group = np.repeat(np.arange(400), 150)

    means, errors = restricted_means(
        survival_curves(group, np.minimum(stays, limits).ravel(), (stays <= limits).ravel()),
        np.full(400, 200.0),
    )

    assert means.mean() == pytest.approx(100 * (1 - math.exp(-2)), rel=0.01)
    assert errors.mean() == pytest.approx(means.std(), rel=0.1)


@pytest.mark.parametrize("name", DATA_SETS)
def test_the_log_rank_test_is_that_of_lifelines(name: str) -> None:
    """Real data sets, with real ties, have lifelines' p-value."""
    duration, happened, is_other = _stays(name)

    expected = logrank_test(duration[is_other], duration[~is_other], happened[is_other], happened[~is_other])

    assert log_rank(duration, happened, is_other) == pytest.approx(expected.p_value, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 20), st.booleans(), st.booleans()), min_size=2, max_size=60).filter(
        lambda rows: len({row[2] for row in rows}) == 2
    )
)
def test_the_log_rank_test_equals_lifelines(rows: list[tuple[int, bool, bool]]) -> None:
    """Whatever is tied or lost sight of; where nothing can be compared it is not a number."""
    duration = np.array([row[0] for row in rows], dtype=np.float64)
    happened, is_other = (np.array([row[place] for row in rows]) for place in (1, 2))

    ours = log_rank(duration, happened, is_other)

    times = duration[happened]
    compared = any(
        (duration[is_other] >= time).any()
        and (duration[~is_other] >= time).any()
        and (happened & (duration == time)).sum() != (duration >= time).sum()
        for time in times
    )
    assert math.isnan(ours) is not compared
    if compared:
        expected = logrank_test(
            duration[is_other], duration[~is_other], happened[is_other], happened[~is_other]
        )
        assert ours == pytest.approx(expected.p_value, rel=1e-6)


def test_no_curves_have_no_means() -> None:
    """Nothing in, nothing out."""
    integers, floats = np.empty(0, dtype=np.int64), np.empty(0)

    means, errors = restricted_means(
        Curves(integers, floats, floats, floats, floats, integers, integers), floats
    )

    assert (len(means), len(errors)) == (0, 0)


def _memberships(dice: np.random.Generator, shared: int) -> np.ndarray:
    """300 people in one of four communities, 60 in two of them by chance, and some more in the first two."""
    table = np.zeros((360 + shared, 4), dtype=bool)
    table[np.arange(300), dice.integers(0, 4, 300)] = True
    for row in range(300, 360):
        table[row, dice.choice(4, 2, replace=False)] = True
    table[360:, :2] = True
    return table


def test_overlaps_are_what_chance_brings_about() -> None:
    """Of forty tables made by chance about one in twenty is unlikely at one in twenty, as it should be."""
    dice = np.random.default_rng(11)
    p_values = [overlaps(_memberships(dice, 0), seed=seed).p_value[0, 1] for seed in range(40)]

    assert 0 <= sum(p <= 0.05 for p in p_values) <= 6
    assert 0.3 < np.mean(p_values) < 0.75


def test_an_overlap_that_is_no_chance_is_found() -> None:
    """Forty people put into two communities on purpose are more than chance brings about, and only there."""
    members = _memberships(np.random.default_rng(3), 40)

    found = overlaps(members, seed=1)

    seen = members.astype(int).T @ members.astype(int)
    assert found.p_value[0, 1] == found.p_value[1, 0] == 1 / 200
    assert found.expected[0, 1] < seen[0, 1] - 15
    assert seen[2, 3] >= found.expected[2, 3] - 15
    assert np.array_equal(overlaps(members, seed=1).expected, found.expected)


def test_chance_leaves_sizes_and_memberships_as_they_are() -> None:
    """All tables with these sizes of communities and numbers of memberships are drawn equally often."""
    members = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=bool)
    sizes, degrees = members.sum(axis=0), members.sum(axis=1)
    tables = [
        np.array([[bits >> (3 * row + column) & 1 for column in range(3)] for row in range(4)], dtype=bool)
        for bits in range(2**12)
    ]
    fitting = [
        table
        for table in tables
        if (table.sum(axis=0) == sizes).all() and (table.sum(axis=1) == degrees).all()
    ]
    expected = np.mean([table.astype(int).T @ table.astype(int) for table in fitting], axis=0)

    found = overlaps(members, permutations=4_000, seed=5)

    off = ~np.eye(3, dtype=bool)
    assert len(fitting) > 3
    assert found.expected[off] == pytest.approx(expected[off], abs=0.06)


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
def test_restricted_mean_times_equal_lifelines(rows: list[tuple[int, int, bool]], until: float) -> None:
    """Each group's mean is the area under lifelines' curve up to the limit, whatever is tied or censored."""
    group, duration, happened = _columns(rows)

    ours = restricted_mean_times(group, duration, happened, until)

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

    ours = restricted_mean_times(group, duration, happened, until)

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

    ours = restricted_mean_times(np.zeros(len(times), dtype=np.int64), duration, duration < 40, 14.0)

    assert ours.mean[0] == pytest.approx(cut.mean(), abs=1e-9)
    assert ours.variance[0] == pytest.approx(cut.var() / len(cut), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 30), st.booleans()),
        min_size=1,
        max_size=100,
    )
)
def test_survival_curves_equal_lifelines(rows: list[tuple[int, int, bool]]) -> None:
    """Each group's curve, band, number at risk and steps are lifelines', whatever is tied, censored or at time 0."""
    group = np.array([row[0] for row in rows], dtype=np.int64)
    duration = np.array([row[1] for row in rows], dtype=np.float64)
    happened = np.array([row[2] for row in rows])

    ours = survival_curves(group, duration, happened)

    assert sorted(set(group)) == sorted(set(ours.group))
    for name in set(group):
        mine, there = ours.group == name, group == name
        fitter = lifelines.KaplanMeierFitter().fit(duration[there], happened[there])
        times = ours.time[mine]
        survival = fitter.survival_function_.iloc[:, 0].loc[times]
        table = fitter.event_table.loc[times]
        assert list(times) == sorted(set(duration[there]))
        assert ours.survival[mine] == pytest.approx(survival.to_numpy(), abs=1e-12)
        # Where nobody or everybody is left, lifelines has no band; ours is the curve.
        for place, end in enumerate((ours.lower, ours.upper)):
            band = fitter.confidence_interval_.iloc[:, place].loc[times]
            sure = (survival < 1 - 1e-12) & (survival > 1e-12)
            assert end[mine] == pytest.approx(band.where(sure, survival).to_numpy(), abs=1e-9)
        assert list(ours.at_risk[mine]) == list(table["at_risk"].astype(int))
        assert list(ours.events[mine]) == list(table["observed"].astype(int))


def test_no_rows_give_no_curve() -> None:
    """Nothing in, nothing out, and no warning."""
    nothing = survival_curves(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=bool))

    assert len(nothing.group) == len(nothing.survival) == 0


def test_the_odds_of_newcomers_of_events_are_those_that_were_published() -> None:
    """242 of 2,001 who came to an event against 192 of 2,001 who did not: 1.30, with 1.06 to 1.58 (2604.22120)."""
    found = odds_ratio(np.array([242]), np.array([2001]), np.array([192]), np.array([2001]))

    assert [round(float(each[0]), 2) for each in found] == [1.30, 1.06, 1.58]


def test_no_odds_are_told_where_a_cell_is_empty() -> None:
    """With none or all on a side there is no ratio, and no warning either."""
    found = odds_ratio(np.array([0, 3, 5]), np.array([9, 3, 9]), np.array([3, 1, 0]), np.array([9, 3, 9]))

    assert np.isnan(np.stack(found)).all()


def test_differences_of_columns_have_newcombes_interval() -> None:
    """His own examples (1998, table II, method 10), 56 of 70 against 48 of 80 and 9 of 10 against 3 of 10."""
    difference, low, high = proportion_difference(
        np.array([56, 9]), np.array([70, 10]), np.array([48, 3]), np.array([80, 10])
    )

    assert difference == pytest.approx([0.2, 0.6])
    assert low == pytest.approx([0.0524, 0.1705], abs=5e-5)
    assert high == pytest.approx([0.3339, 0.8090], abs=5e-5)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_a_difference_is_the_same_one_by_one_and_in_columns(
    k: int, n: int, other_k: int, other_n: int
) -> None:
    """The form for whole columns and the form for one pair of numbers say the same."""
    k, other_k = min(k, n), min(other_k, other_n)
    low, high = wilson_interval(np.array([k, other_k]), np.array([n, other_n]))

    columns = proportion_difference(np.array([k]), np.array([n]), np.array([other_k]), np.array([other_n]))

    one = difference_interval((k / n, low[0], high[0]), (other_k / other_n, low[1], high[1]))
    assert [float(end[0]) for end in columns[1:]] == pytest.approx(one, abs=1e-12)


def test_e_values_are_those_of_its_inventors() -> None:
    """A ratio of 3.9 needs 7.26 (VanderWeele and Ding 2017), 1/3.9 as much, and one of 1 needs nothing."""
    found = e_value(np.array([3.9, 1.0, 1 / 3.9, np.inf, np.nan]))

    assert found[:3] == pytest.approx([7.26, 1.0, 7.26], abs=5e-3)
    assert np.isnan(found[3:]).all()


def test_a_comparison_without_anybody_on_one_side_is_no_number() -> None:
    """No trial, no difference and no ratio; none of several on the other side has a difference and no ratio."""
    found = compare_proportions(np.array([1, 1]), np.array([2, 2]), np.array([0, 0]), np.array([0, 2]))

    assert np.isnan(found.difference[0])
    assert found.difference[1] == 0.5
    assert np.isnan(found.e_value).all()
