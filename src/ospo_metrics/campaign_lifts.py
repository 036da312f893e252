"""The lift of every campaign and event of ours: which projects it was about, which serve as controls, what is shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ospo_metrics import lift
from ospo_metrics.lift import Booleans, Circumstances, Design, Floats, Lift, Series

Objects = NDArray[np.object_]
Dates = NDArray[np.datetime64]

NOUNS = {"stars": "stars", "new_contributors": "new contributors"}
"""What each daily count counts, in the plural."""

FEWEST_EXPECTED = {"stars": 10.0, "new_contributors": 20.0}
"""So few people come in a month that a single campaign's share of them drowns: 6,596 bursts of tweets showed 1.8 %
(Fang and others 2022)."""

SPANS = {7: "week", 28: "month"}
MOST_CONTROLS = 30


@dataclass(frozen=True, slots=True)
class Subject:
    """A campaign or an event, when it began, and the projects that it was about."""

    scope_kind: str
    scope_id: str
    name: str
    starts_on: date
    ends_on: date
    metric: str | None
    window_days: int | None
    project_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something of some projects that moves their counts.

    Of the kinds, a campaign and an event spoil a date as an ordinary one; a release belongs to what is ordinary, but
    what fell together with one cannot be told from it.
    """

    kind: str
    id: str
    starts_on: date
    ends_on: date
    what: str
    project_ids: frozenset[str]


@dataclass(frozen=True)
class Counts:
    """Daily counts, project by day, and how many of each are suspect; not a number where nothing is known of a day."""

    first_on: date
    projects: Mapping[str, int]
    counts: Floats
    suspect: Floats

    def place(self, on: date) -> int:
        return (on - self.first_on).days


def counts(project: Objects, on: Dates, n: Floats, suspect: Floats) -> Counts | None:
    """Rows of project, day, count and suspects (not a number where unknown) as tables; None where there is no row."""
    if not len(project):
        return None
    names, rows = np.unique(project.astype(str), return_inverse=True)
    days = on.astype("datetime64[D]").astype(np.int64)
    first = int(days.min())
    tables = np.full((2, len(names), int(days.max()) - first + 1), np.nan)
    tables[0, rows, days - first] = n
    tables[1, rows, days - first] = suspect
    projects = {str(name): i for i, name in enumerate(names)}
    return Counts(date(1970, 1, 1) + timedelta(days=first), projects, *tables)


def measure_all(
    subjects: Sequence[Subject], happenings: Sequence[Happening], series: Mapping[str, Counts | None]
) -> list[dict[str, Any]]:
    """A row for each subject, daily count and window, with the checks and what stands behind it.

    Of a daily count that nobody holds, which is None, the rows say so.
    """
    rows = [
        row
        for subject in subjects
        for name, counted in series.items()
        for row in _of_subject(subject, happenings, name, counted)
    ]
    adjusted = iter(lift.false_discovery([row["p"] for row in rows if row["p"] is not None]))
    for row in rows:
        row["q"] = None if row["p"] is None else next(adjusted)
    return rows


def _of_subject(
    subject: Subject, happenings: Sequence[Happening], name: str, counted: Counts | None
) -> Iterator[dict[str, Any]]:
    touching = [one for one in happenings if one.project_ids & set(subject.project_ids)]
    for window, span in SPANS.items():
        ends_on = subject.starts_on + timedelta(days=window)
        key: dict[str, Any] = {
            "scope_kind": subject.scope_kind,
            "scope_id": subject.scope_id,
            "period_start": subject.starts_on,
            "period_end": ends_on,
            "segment": f"{name}_{span}",
            "is_registered": subject.metric == name and (subject.window_days or window) == window,
        }
        if counted is None:
            yield key | _nothing("no_data", f"No daily {NOUNS[name]} are held.")
            continue
        day, days = counted.place(subject.starts_on), counted.counts.shape[1]
        mine = _known(
            counted, [counted.projects[one] for one in subject.project_ids if one in counted.projects], day
        )
        if not mine or not 0 <= day < days:
            yield key | _nothing("no_data", f"The {NOUNS[name]} of these days are not held.")
            continue
        if day + window > days:
            last = counted.first_on + timedelta(days=days - 1)
            until = subject.starts_on + timedelta(days=window - 1)
            reason = f"Too early: it can be told once the data reach to {_day(until)}; now they reach to {_day(last)}."
            yield key | _nothing("too_early", reason)
            continue
        shaken = np.zeros(days, dtype=bool)
        for one in touching:
            if not _is_same(one, subject) and one.kind != "release":
                shaken[max(counted.place(one.starts_on), 0) : max(counted.place(one.ends_on) + 1, 0)] = True
        others = [
            one.what for one in touching
            if not _is_same(one, subject)
            and one.starts_on < ends_on and one.ends_on >= subject.starts_on
        ]  # fmt: skip
        whole = Series(
            counted.counts[mine].sum(axis=0),
            _controls(subject, happenings, counted, day, window),
            _weekends(counted),
            shaken,
        )
        share = _suspect_share(counted, mine, slice(day, day + window))
        around = Circumstances(NOUNS[name], FEWEST_EXPECTED[name], others, suspect_share=share)
        yield key | _measured(whole, day, window, around)


def _measured(whole: Series, day: int, window: int, around: Circumstances) -> dict[str, Any]:
    """The numbers of one window, the checks, and what is drawn of it."""
    design = Design(window)
    narrowed = lift.without(whole, lift.clean_controls(whole, day, design))
    if len(narrowed.controls) < lift.FEWEST_CONTROLS:
        narrowed, design = (
            lift.without(whole, np.zeros(len(whole.controls), dtype=bool)),
            Design(window, has_controls=False),
        )
    found = lift.measure(narrowed, day, design)
    curve = lift.curve(narrowed, day, window=window)
    checks = lift.judge(
        found, replace(around, controls=len(narrowed.controls)), [ratio for _, ratio in curve]
    )
    reason = lift.refusal(checks)
    offsets, seen, expected = lift.daily(narrowed, day, design)
    low, high = found.band
    return {
        "status": "ok" if reason is None else "refused",
        "reason": reason,
        "observed": _number(found.observed),
        "expected": _number(found.expected),
        "ratio": _number(found.ratio),
        "lower": _number(found.lower),
        "upper": _number(found.upper),
        "p": _number(found.p),
        "detectable": _number(found.detectable),
        "ordinary_low": _number(low),
        "ordinary_high": _number(high),
        "controls": len(narrowed.controls),
        "half_life": half_life(found, offsets, seen, expected),
        "checks": [
            {"position": place, "rule": one.rule, "verdict": one.verdict, "sentence": one.sentence}
            for place, one in enumerate(checks, 1)
        ],
        "days": [
            {"day": int(offset), "observed": _number(n), "expected": _number(mean)}
            for offset, n, mean in zip(offsets, seen, expected, strict=True)
        ],
        "placebos": [float(ratio) for ratio in np.exp(np.sort(found.placebos))],
        "designs": [
            {
                "baseline_days": one.baseline,
                "has_controls": one.has_controls,
                "family": one.family,
                "ratio": ratio,
            }
            for one, ratio in curve
        ],
    }


def _suspect_share(counted: Counts, places: Sequence[int], span: slice) -> float | None:
    """How much of what these projects counted in these days is suspect; None where that is not known of each day."""
    suspect, n = counted.suspect[places, span].sum(), counted.counts[places, span].sum()
    return float(suspect / n) if math.isfinite(suspect) and n > 0 else None


def half_life(found: Lift, offsets: Any, seen: Floats, expected: Floats) -> dict[str, float] | None:
    """After how many days half of the excess of the window was there, and between which it lies at 95 %.

    The interval lets the expectation be as far off as it was on ordinary dates: for each of them the excess is counted
    against an expectation that is as much too high or too low. None where there was no excess.
    """
    window = offsets >= 0
    n, mean = seen[window], expected[window]
    middle = _half(n, mean)
    if middle is None or not len(found.placebos):
        return None
    halves = [_half(n, mean * factor) for factor in np.exp(found.placebos)]
    known = [half for half in halves if half is not None]
    if len(known) < lift.FEWEST_PLACEBOS:
        return None
    low, high = np.quantile(known, [0.025, 0.975], method="weibull")
    return {"value": middle, "lower": min(float(low), middle), "upper": max(float(high), middle)}


def _half(n: Floats, mean: Floats) -> float | None:
    """Days until the sum of the excess first reaches half of what it is in the end, a day's share of a day included."""
    excess = np.cumsum(n - mean)
    if not math.isfinite(excess[-1]) or excess[-1] <= 0:
        return None
    place = int(np.argmax(excess >= excess[-1] / 2))
    before = float(excess[place - 1]) if place else 0.0
    return place + (float(excess[-1]) / 2 - before) / (float(excess[place]) - before)


def _controls(
    subject: Subject, happenings: Sequence[Happening], counted: Counts, day: int, window: int
) -> Floats:
    """Projects that neither the subject nor anything else touched from the baseline on: the largest ones first."""
    first = subject.starts_on - timedelta(days=lift.BASELINES[0] + lift.GUARD_DAYS)
    last = subject.starts_on + timedelta(days=window)
    touched = set(subject.project_ids).union(
        *(one.project_ids for one in happenings if one.starts_on < last and one.ends_on >= subject.starts_on)
    )
    places = [place for project, place in counted.projects.items() if project not in touched]
    span = slice(max(counted.place(first), 0), day + window)
    known = [place for place in places if np.isfinite(counted.counts[place, span]).all()]
    known.sort(key=lambda place: (-float(counted.counts[place, span].sum()), place))
    return counted.counts[known[:MOST_CONTROLS]]


def _known(counted: Counts, places: Sequence[int], day: int) -> list[int]:
    """Of these projects the ones that were there from the baseline on; all of them where none was."""
    span = slice(max(day - lift.BASELINES[0] - lift.GUARD_DAYS, 0), day)
    return [place for place in places if np.isfinite(counted.counts[place, span]).any()] or list(places)


def _nothing(status: str, reason: str) -> dict[str, Any]:
    empty = dict.fromkeys(
        (
            "observed",
            "expected",
            "ratio",
            "lower",
            "upper",
            "p",
            "detectable",
            "ordinary_low",
            "ordinary_high",
            "half_life",
        )
    )
    return {"status": status, "reason": reason, **empty, "controls": 0, "checks": [], "days": [], "placebos": [],
            "designs": []}  # fmt: skip


def _is_same(one: Happening, subject: Subject) -> bool:
    return (one.kind, one.id) == (subject.scope_kind, subject.scope_id)


def _weekends(counted: Counts) -> Booleans:
    first = counted.first_on.weekday()
    weekday = (first + np.arange(counted.counts.shape[1])) % 7
    found: Booleans = weekday >= 5
    return found


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"
