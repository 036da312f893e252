"""The lift of one campaign: its expectation, its null, its interval, and what forbids to show it."""

from __future__ import annotations

import csv
import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import false_discovery_control

from ospo_metrics import lift
from ospo_metrics.campaign_lifts import Happening, Subject, counts, half_life, measure_all
from ospo_metrics.lift import Circumstances, Design, Lift, Series
from ospo_metrics.simulation import plan, stars

ARCHIVES = Path(__file__).parents[2] / "shared" / "data" / "F_numbers" / "daily-stars-forks"
WEEKENDS = np.array([day % 7 in (0, 6) for day in range(stars.DAYS)])


def noise(seed: int, days: int = 500, level: float = 12.0, controls: int = 4) -> Series:
    """Counts that spread more than Poisson's do, with weekends."""
    dice = np.random.default_rng(seed)
    is_weekend = np.arange(days) % 7 >= 5
    mean = level * np.where(is_weekend, 0.6, 1.0) * np.exp(dice.normal(0, 0.3, (controls + 1, days)))
    drawn = dice.poisson(mean).astype(float)
    return Series(drawn[0], drawn[1:], is_weekend, np.zeros(days, dtype=bool))


@pytest.mark.parametrize("design", [Design(7), Design(28, 112), Design(28, has_controls=False)])
def test_the_expectation_is_that_of_a_poisson_regression(design: Design) -> None:
    """Fitted to the baseline only and added up over the window, as statsmodels does it."""
    series, day = noise(1), 300
    base = np.arange(day - design.baseline - 7, day - 7)
    window = np.arange(day, day + design.window)
    columns = [np.ones(500), series.is_weekend.astype(float)]
    if design.has_controls:
        columns.append(np.log(np.maximum(series.controls.mean(axis=0), 0.5)))
    table = np.stack(columns, axis=1)
    fitted = sm.GLM(series.counts[base], table[base], family=sm.families.Poisson()).fit()

    observed, expected, usable = lift.estimates(series, np.array([day]), design)

    assert usable.tolist() == [design.baseline]
    assert observed[0] == series.counts[window].sum()
    assert expected[0] == pytest.approx(fitted.predict(table[window]).sum(), rel=1e-7)


def test_a_negative_binomial_regression_weighs_days_by_their_spread() -> None:
    """With the spread that the residuals show, statsmodels gives the same expectation."""
    series, day, design = noise(2), 300, Design(28, family="negative_binomial")
    base, window = np.arange(day - 63, day - 7), np.arange(day, day + 28)
    table = np.stack(
        [np.ones(500), series.is_weekend, np.log(np.maximum(series.controls.mean(axis=0), 0.5))], axis=1
    ).astype(float)
    y = series.counts[base]
    mean = sm.GLM(y, table[base], family=sm.families.Poisson()).fit().mu
    spread = max(float((((y - mean) ** 2 - mean) / mean**2).sum()) / (56 - 3), 1e-12)
    fitted = sm.GLM(y, table[base], family=sm.families.NegativeBinomial(alpha=spread)).fit()

    _, expected, _ = lift.estimates(series, np.array([day]), design)

    assert expected[0] == pytest.approx(fitted.predict(table[window]).sum(), rel=1e-6)


def test_a_day_that_is_not_known_gives_no_expectation() -> None:
    """Neither a hole in the baseline nor one in the window is taken for a zero."""
    for hole, observed, usable in ((250, True, 55), (310, False, 56)):
        series = noise(3)
        series.counts[hole] = np.nan
        found = lift.measure(series, 300, Design(28))
        assert math.isfinite(found.observed) is observed
        assert found.baseline_days == usable
        assert math.isnan(found.p)
        assert lift.refusal(lift.judge(found, Circumstances("stars"), [])) is not None


def test_ordinary_dates_are_whole_weeks_in_the_past_and_far_from_everything() -> None:
    """As many as there are Mondays (say) with a full baseline and window, 35 days from what shook the series."""
    series, day, design = noise(4), 400, Design(28)
    series.is_shaken[200] = True
    expected = [
        other for other in range(day % 7, day, 7)
        if other - 63 >= 0 and other + 28 <= day and abs(other - 200) > 35 and day - other > 35
    ]  # fmt: skip
    ratios = lift.placebo_ratios(series, day, design)
    observed, forecast, _ = lift.estimates(series, np.array(expected), design)

    assert np.log((observed + 0.5) / (forecast + 0.5)).tolist() == ratios.tolist()


def test_p_and_the_interval_are_read_off_the_ordinary_dates() -> None:
    """p counts the dates at least as far off, this one among them; the interval holds what they do not exclude."""
    series = noise(5)
    series.counts[400:428] *= 3
    found = lift.measure(series, 400, Design(28))
    n = len(found.placebos)
    ordered = np.sort(found.placebos)

    assert n >= lift.FEWEST_PLACEBOS
    assert found.p == (1 + sum(abs(found.placebos) >= abs(found.log_ratio))) / (n + 1)
    assert found.lower < found.ratio < found.upper
    assert math.exp(found.log_ratio - ordered[-1]) <= found.lower
    assert found.upper <= math.exp(found.log_ratio - ordered[0])
    assert found.lower < 3 < found.upper
    assert found.band[0] < 1 < found.band[1] < found.ratio


def test_a_control_that_moved_at_the_date_is_dropped() -> None:
    """A rival that rises with us would hide the effect; it is found by its own past."""
    kept = np.zeros(4, dtype=int)
    for seed in range(40, 60):
        series = noise(seed)
        series.controls[2, 400:428] *= 4
        kept += lift.clean_controls(series, 400, Design(28))
    assert kept[2] == 0
    assert np.delete(kept, 2).sum() >= 0.9 * 60


def test_controls_that_begin_later_do_not_bend_the_expectation() -> None:
    """A control counts on a date only if it is known on all its days."""
    series = noise(7)
    late = np.full(500, np.nan)
    late[320:] = 900.0
    joined = Series(series.counts, np.vstack([series.controls, late]), series.is_weekend, series.is_shaken)
    days = np.array([340, 300])

    assert (
        lift.estimates(joined, days, Design(28))[1].tolist()
        == lift.estimates(series, days, Design(28))[1].tolist()
    )


def test_false_discoveries_are_those_of_scipy() -> None:
    """Benjamini and Hochberg's rate for each p-value, in the order in which they came."""
    p = [0.04, 0.001, 0.8, 0.03, 0.2]
    assert lift.false_discovery(p) == pytest.approx(false_discovery_control(p).tolist())


def test_what_counting_alone_can_show() -> None:
    """The published ratios that a Poisson count shows with 80 % power: 2.7, 2.2, 1.7, 1.4 and 1.3 times."""
    told = [round(lift.detectable_by_counting(expected), 1) for expected in (5, 10, 20, 50, 100)]
    assert told == pytest.approx([2.7, 2.2, 1.7, 1.4, 1.3], abs=0.15)


def a_lift(**more: Any) -> Lift:
    given: dict[str, Any] = {
        "design": Design(28), "observed": 200.0, "expected": 100.0, "log_ratio": math.log(2.0),
        "placebos": np.linspace(-0.3, 0.3, 60), "lower": 1.5, "upper": 2.7, "p": 1 / 61, "detectable": 1.4,
        "band": (0.75, 1.35), "baseline_days": 56, "false_positives": 0.05,
    }  # fmt: skip
    return Lift(**(given | more))


ALONE = Circumstances("stars", controls=4)


@pytest.mark.parametrize(
    ("found", "around", "ratios", "rule", "says"),
    [
        (a_lift(observed=math.nan), ALONE, [], "whole_window", "Days of the window are missing"),
        (a_lift(baseline_days=50), ALONE, [], "long_baseline", "Of the 56 days before it, 50 are known"),
        (a_lift(expected=7.0), ALONE, [], "enough_expected", "about 7 stars were to be expected, and 10 are needed"),
        (a_lift(expected=15.0), Circumstances("new contributors", 20.0), [], "enough_expected",
         "about 15 new contributors were to be expected, and 20 are needed"),
        (a_lift(expected=1e-12), ALONE, [], "enough_expected",
         "Without it less than 1 star was to be expected, and 10 are needed: with so few, nothing can be told from"),
        (a_lift(placebos=np.zeros(38)), ALONE, [], "ordinary_dates", "There are 38 ordinary dates"),
        (a_lift(), Circumstances("stars", others=("a release of x", "a release of x")), [], "nothing_else",
         "nobody can tell what did it: a release of x."),
        (a_lift(), Circumstances("stars", suspect_share=0.06), [], "genuine", "6% of the stars look bought"),
        (a_lift(false_positives=0.12), ALONE, [], "steady", "12% would be called an effect"),
        (a_lift(p=0.3, lower=0.8), ALONE, [], "beyond_chance",
         "No detectable change: 200 stars against 100 expected, as on ordinary dates. "
         "It would have taken 1.4 times as many to be seen, four times in five."),
        (a_lift(p=0.3, lower=0.8, observed=9.0, expected=12.0), ALONE, [], "beyond_chance",
         "No detectable change: fewer than 10 stars against 12 expected"),
        (a_lift(), ALONE, [2.0, 0.9], "robust", "Fragile: 1 of 2 other sensible ways"),
    ],
)  # fmt: skip
def test_each_rule_refuses_with_its_sentence(
    found: Lift, around: Circumstances, ratios: list[float], rule: str, says: str
) -> None:
    """One thing that is wrong is enough, and the sentence says which."""
    checks = {one.rule: one for one in lift.judge(found, around, ratios)}

    assert checks[rule].verdict == "refused"
    assert says in checks[rule].sentence
    assert says in str(lift.refusal(list(checks.values())))


def test_a_lift_without_fault_is_shown_with_all_its_checks() -> None:
    """Ten checks, none refused; too few controls and stars nobody can look at are noted, and forbid nothing."""
    checks = lift.judge(a_lift(), ALONE, [1.9, 2.2])
    assert lift.refusal(checks) is None
    assert {one.rule: one.verdict for one in checks} == dict.fromkeys(
        ["whole_window", "long_baseline", "enough_expected", "ordinary_dates", "nothing_else", "steady", "controls",
         "beyond_chance", "robust"], "passed",
    ) | {"genuine": "not_checked"}  # fmt: skip
    noted = lift.judge(a_lift(), Circumstances("stars", controls=2), [2.0])
    assert [one.verdict for one in noted if one.rule == "controls"] == ["noted"]
    assert lift.refusal(noted) is None


def test_half_of_the_excess_is_found_within_a_day() -> None:
    """Of 10 above expectation on day 0 and 5 on each of the next two, half is there at the end of day 0."""
    offsets = np.arange(-3, 3)
    seen, expected = np.array([2, 2, 2, 12, 7, 7.0]), np.full(6, 2.0)
    found = half_life(a_lift(placebos=np.zeros(39)), offsets, seen, expected)
    assert found == {"value": 1.0, "lower": 1.0, "upper": 1.0}
    assert half_life(a_lift(), offsets, expected, expected) is None


def test_planted_lifts_are_covered_and_quiet_dates_are_left_alone() -> None:
    """On 200 simulated campaigns the 95 % interval covers at least 90 %; of 700 quiet dates at most 5 % are called."""
    communities = {each.id: one.id for one in plan.COMMUNITIES for each in one.repositories}
    covered: dict[int, list[bool]] = {7: [], 28: []}
    called: dict[int, list[bool]] = {7: [], 28: []}
    for seed in range(100, 240):
        imagined = stars.imagine(seed)
        given = {name: np.array(each.given, dtype=float) for name, each in imagined.items()}
        starts = {one.id: stars.first_day(one) for one in plan.CAMPAIGNS}
        about = {one.id: plan.community(one.community).repositories[0].id for one in plan.CAMPAIGNS}
        for window in (7, 28):
            for campaign in plan.CAMPAIGNS:
                if campaign.stars_factor > 1 and seed < 200:
                    found, _ = judged(
                        given, communities, about[campaign.id], starts[campaign.id], window, starts, about
                    )
                    planted = stars.ratio(imagined[about[campaign.id]], campaign, window)
                    covered[window].append(found.lower <= planted <= found.upper)
            for place, name in enumerate(sorted(given)[:5]):
                day = 520 + 97 * place + seed % 90
                busy = [starts[one] for one in starts if about[one] == name]
                if all(abs(day - start) > 119 for start in busy):
                    called[window].append(
                        judged(given, communities, name, day, window, starts, about)[1] is None
                    )

    for window in (7, 28):
        assert len(covered[window]) == 200
        assert len(called[window]) >= 500
        assert sum(covered[window]) >= 0.9 * 200, (window, sum(covered[window]))
    quiet = called[7] + called[28]
    assert len(quiet) >= 700
    assert sum(quiet) <= 0.05 * len(quiet), (sum(quiet), len(quiet))


def judged(
    given: dict[str, Any], communities: dict[str, str], name: str, day: int, window: int,
    starts: dict[str, int], about: dict[str, str],
) -> tuple[Lift, str | None]:  # fmt: skip
    controls = np.array([given[other] for other in given if communities[other] != communities[name]])
    shaken = np.zeros(stars.DAYS, dtype=bool)
    shaken[[start for one, start in starts.items() if about[one] == name]] = True
    series = Series(given[name], controls, WEEKENDS, shaken)
    clean = lift.without(series, kept := lift.clean_controls(series, day, Design(window)))
    found = lift.measure(clean, day, Design(window))
    ratios = [ratio for _, ratio in lift.curve(clean, day, window=window)]
    return found, lift.refusal(lift.judge(found, Circumstances("stars", controls=int(kept.sum())), ratios))


def test_a_subject_is_compared_with_projects_that_nothing_touched() -> None:
    """Projects of another campaign in the same days are no controls; a release in the window refuses; q is there.

    Suspect stars of the window refuse too; where they are not known of a day, nothing was checked.
    """
    series = noise(8, days=600, controls=7)
    table = np.vstack([series.counts, series.controls])
    table[0, 450:478] *= 3
    first = date(2025, 1, 6)
    rows = [
        (f"p{place}", first + timedelta(days=day), n)
        for place, line in enumerate(table)
        for day, n in enumerate(line)
    ]
    project, on, n = (np.array(column) for column in zip(*rows, strict=True))
    looked_at = np.zeros(len(n))
    looked_at[(project == "p1") & (on == first + timedelta(days=460))] = 1e3
    looked_at[project == "p2"] = np.nan
    counted = counts(project.astype(object), on.astype("datetime64[D]"), n.astype(float), looked_at)
    assert counted is not None
    begins = first + timedelta(days=450)
    mine = Subject("campaign", "mine", "Mine", begins, begins + timedelta(days=9), "stars", 28, ("p0",))
    other = Happening("campaign", "other", begins, begins, "the campaign Other", frozenset(["p7"]))
    itself = Happening(
        "campaign", "mine", begins, begins + timedelta(days=9), "the campaign Mine", frozenset(["p0"])
    )
    release = Happening(
        "release",
        "p0",
        begins + timedelta(days=9),
        begins + timedelta(days=9),
        "a release of p0",
        frozenset(["p0"]),
    )

    week, month = measure_all([mine], [itself, other, release], {"stars": counted})

    assert [week["segment"], month["segment"]] == ["stars_week", "stars_month"]
    assert [week["is_registered"], month["is_registered"]] == [False, True]
    assert [week["status"], month["status"]] == ["ok", "refused"]
    assert month["reason"].endswith("a release of p0.")
    assert week["controls"] <= 6
    assert week["q"] >= week["p"]
    assert len(week["checks"]) == 10
    assert len(week["days"]) == 56 + 7 + 7
    late = measure_all(
        [Subject("event", "e", "E", first + timedelta(days=590), first, None, None, ("p0",))],
        [],
        {"stars": counted},
    )
    assert [row["status"] for row in late] == ["refused", "too_early"]
    nowhere = measure_all(
        [Subject("event", "e", "E", begins, begins, None, None, ("x",))], [], {"stars": counted}
    )
    assert {row["status"] for row in nowhere} == {"no_data"}
    unheld = measure_all([mine], [], {"stars": None, "new_contributors": counted})
    assert [(row["segment"], row["reason"]) for row in unheld[:2]] == [
        ("stars_week", "No daily stars are held."),
        ("stars_month", "No daily stars are held."),
    ]
    assert {row["segment"] for row in unheld[2:]} == {"new_contributors_week", "new_contributors_month"}
    for project_id, verdicts in (
        ("p0", ["passed", "passed"]),
        ("p1", ["passed", "refused"]),
        ("p2", ["not_checked"] * 2),
    ):
        told = measure_all(
            [Subject("event", "e", "E", begins, begins, None, None, (project_id,))], [], {"stars": counted}
        )
        genuine = [check["verdict"] for row in told for check in row["checks"] if check["rule"] == "genuine"]
        assert genuine == verdicts


def archive() -> tuple[date, dict[str, Any]]:
    """Daily stars of six projects; a day without a row is zero where another one has stars, else nothing is known."""
    held = {}
    for path in sorted(ARCHIVES.glob("*stars.csv")):
        with path.open(encoding="utf-8") as file:
            name = path.stem.split("_")[0].split("-")[0]
            held[name] = {
                date(int(r["yr"]), int(r["mon"]), int(r["d"])): int(r["stars"]) for r in csv.DictReader(file)
            }
    first, last = min(min(one) for one in held.values()), max(max(one) for one in held.values())
    days = [first + timedelta(days=day) for day in range((last - first).days + 1)]

    def count(name: str, on: date) -> float:
        if not min(held[name]) <= on <= max(held[name]):
            return math.nan
        return held[name].get(on, 0.0 if any(on in one for one in held.values()) else math.nan)

    return first, {name: np.array([count(name, on) for on in days]) for name in held}


@pytest.mark.skipif(
    not ARCHIVES.is_dir(), reason="the daily stars of chaoss/wg-data-science are not on this machine"
)
@pytest.mark.parametrize(
    ("name", "on", "controls", "window", "observed", "expected", "interval", "p"),
    [
        ("redis", date(2024, 3, 20), "elasticsearch opensearch terraform", 7, 475, 97, (3.27, 7.57), 0.009),
        ("redis", date(2024, 3, 20), "elasticsearch opensearch terraform", 28, 1050, 393, (1.93, 3.45), 0.009),
        ("elasticsearch", date(2024, 8, 29), "opensearch redis terraform", 7, 323, 97, (2.39, 6.00), 0.008),
        ("elasticsearch", date(2024, 8, 29), "opensearch redis terraform", 28, 674, 392, (1.32, 2.48), 0.008),
        ("terraform", date(2023, 8, 10), "elasticsearch opensearch redis", 7, 111, 94, (0.62, 1.89), 0.48),
        ("terraform", date(2023, 8, 10), "elasticsearch opensearch redis", 28, 541, 375, (1.06, 2.05), 0.044),
        ("opensearch", date(2024, 9, 16), "redis terraform", 28, 182, 183, (0.69, 1.52), 0.98),
        ("elasticsearch", date(2021, 2, 3), "redis terraform", 28, None, None, None, None),
    ],
)  # fmt: skip
def test_licence_changes_moved_stars_as_published(
    name: str, on: date, controls: str, window: int, observed: int | None, expected: int | None,
    interval: tuple[float, float] | None, p: float | None,
) -> None:  # fmt: skip
    """Counted and expected exactly as published, intervals and p within what other quantiles and dates give."""
    first, held = archive()
    days = len(held[name])
    is_weekend = np.array([(first + timedelta(days=day)).weekday() >= 5 for day in range(days)])
    shaken = np.zeros(days, dtype=bool)
    for told in (
        (2021, 1, 14),
        (2021, 2, 3),
        (2023, 8, 10),
        (2023, 9, 20),
        (2024, 3, 20),
        (2024, 8, 29),
        (2024, 9, 16),
    ):
        shaken[(date(*told) - first).days] = True
    series = Series(held[name], np.array([held[one] for one in controls.split()]), is_weekend, shaken)

    found = lift.measure(series, (on - first).days, Design(window))

    if observed is None:
        assert len(found.placebos) < lift.FEWEST_PLACEBOS
        assert "are needed to say how sure we are" in str(
            lift.refusal(lift.judge(found, Circumstances("stars"), []))
        )
        return
    assert interval is not None
    assert found.observed == observed
    assert round(found.expected) == expected
    assert found.lower == pytest.approx(interval[0], rel=0.1)
    assert found.upper == pytest.approx(interval[1], rel=0.1)
    assert found.p == pytest.approx(p, abs=0.12)
    assert (found.p <= 0.05) == (p is not None and p <= 0.05)
