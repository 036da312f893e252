"""Small groups: what is folded, and an attacker who tries to work it out from all that is left."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from ospo_metrics.suppression import REASON, Structure, ranges, suppress

YEAR = (date(2025, 1, 1), date(2026, 1, 1))
MONTHS = [(date(2025, m, 1), date(2025 + m // 12, m % 12 + 1, 1)) for m in range(1, 13)]
K = 10

STRUCTURE = Structure(
    communities={"a": ["p", "q"], "b": ["r"]},
    kinds={
        "sums": "duration",
        "active": "count",
        "fresh": "count",
        "stayed": "proportion",
        "steps": "proportion",
        "why": "proportion",
        "net": "count",
        "roam": "count",
    },
    totals={"sums": [("all", ("new", "old"))]},
    within=(
        [("active", "out", "group"), ("fresh", "out", "group")],
        [("fresh", "out", "group"), ("stayed", "day", "group")],
        [("steps", "came", "hits"), ("steps", "did", "group"), ("steps", "did", "hits")],
    ),
    once=frozenset({"sums", "fresh"}),
    apart=frozenset({"sums"}),
    sums=(
        (("steps", "came", "hits"), [("why", "found", "hits"), ("why", "not", "hits")]),
        (("why", "found", "group"), [("why", "found", "hits"), ("why", "not", "hits")]),
        (("why", "not", "group"), [("why", "found", "hits"), ("why", "not", "hits")]),
        (("net", "net", "misses"), [("net", "gone", "group")]),
    ),
    earlier_sums=((("active", "out", "group"), [("net", "gone", "group"), ("net", "here", "group")]),),
    loose=frozenset({"roam"}),
)


def row(metric: str, n: int | None, k: int | None = None, **other: Any) -> dict[str, Any]:
    """A row as a model makes it: a count, or k of n."""
    share = k is not None
    return {
        "metric": metric, "scope_kind": "project", "scope_id": "p", "period_start": YEAR[0], "period_end": YEAR[1],
        "segment": "all", "value": k / n if share and n else n, "lower": None, "upper": None,
        "numerator": k, "denominator": n if share else None, "sample_size": n, "status": "ok", "reason": None,
    } | other  # fmt: skip


def told(rows: list[dict[str, Any]]) -> list[Any]:
    return [r["sample_size"] if r["status"] == "ok" else r["status"] for r in rows]


def fold(*rows: dict[str, Any], for_public: bool = True) -> list[Any]:
    return told(suppress(rows, K, STRUCTURE, for_public=for_public))


def test_a_folded_row_tells_one_reason_and_no_number() -> None:
    """Whether a row is small itself or covers for another cannot be told from it."""
    rows = [row("sums", 30), row("sums", 3, segment="new"), row("sums", 27, segment="old"), row("active", 0)]
    folded = suppress(rows, K, STRUCTURE, for_public=True)
    hidden = [r for r in folded if r["status"] == "suppressed"]
    assert len(hidden) == 2
    assert {
        (r["value"], r["numerator"], r["denominator"], r["sample_size"], r["reason"]) for r in hidden
    } == {(None, None, None, None, REASON)}
    assert folded[0] == rows[0]
    assert folded[3] == rows[3]


def test_inside_plain_counts_stay_and_small_groups_behind_a_share_go() -> None:
    """Counts of public acts are no secret inside; a share of three people is no number."""
    rows = (row("active", 3), row("stayed", 3, 1), row("stayed", 12, 2, segment="day"), row("sums", 4))
    assert fold(*rows, for_public=False) == [3, "suppressed", 12, "suppressed"]
    assert fold(*rows) == ["suppressed", "suppressed", "suppressed", "suppressed"]


def test_inside_few_hits_of_many_people_are_no_small_group() -> None:
    """Of 37 people of a year one stayed: that each month is folded for its few people is no reason to fold the year."""
    structure = Structure({}, {"stayed": "proportion"}, once=frozenset({"stayed"}))
    counts = [(3, 1), (4, 0), *[(3, 0)] * 10]
    months = [
        row("stayed", n, k, period_start=s, period_end=e)
        for (n, k), (s, e) in zip(counts, MONTHS, strict=True)
    ]
    year = row("stayed", 37, 1)
    assert told(suppress([year, *months], 5, structure, for_public=False)) == [37, *["suppressed"] * 12]


def test_inside_nobody_is_a_part_of_a_sum_too() -> None:
    """Of 20 three came one way and nobody another: how many came the third is folded, and that nobody did is told."""
    structure = Structure({}, {"came": "proportion"}, totals={"came": [("all", ("a", "b", "c"))]})
    nobody = row("came", None, status="no_data", reason="Nobody.", value=None, segment="b")
    rows = [row("came", 20, 9), row("came", 3, 1, segment="a"), nobody, row("came", 17, 8, segment="c")]
    assert told(suppress(rows, 5, structure, for_public=False)) == [20, "suppressed", "no_data", "suppressed"]


def test_the_last_segment_does_not_follow_from_the_others() -> None:
    """With one part folded, the smallest other cell of the sum goes too."""
    assert fold(row("sums", 50), row("sums", 3, segment="new"), row("sums", 47, segment="old")) == [
        50, "suppressed", "suppressed",
    ]  # fmt: skip


def test_hidden_ones_that_are_small_together_are_not_left_alone() -> None:
    """Two folded cells of three and four are still known to be seven in all."""
    months = [row("fresh", n, period_start=s, period_end=e, segment="out")
              for n, (s, e) in zip([3, 4, *[20] * 10], MONTHS, strict=True)]  # fmt: skip
    folded = fold(row("fresh", 207, segment="out"), *months)
    assert folded.count("suppressed") >= 3


def test_months_quarters_and_years_tell_nothing_of_one_another() -> None:
    """A folded month does not follow from its quarter, nor a folded quarter from its year, though no month is told."""
    quarters = [(MONTHS[n][0], MONTHS[n + 2][1]) for n in (0, 3, 6, 9)]

    def rows(periods: list[tuple[date, date]], counts: list[int]) -> list[dict[str, Any]]:
        return [
            row("fresh", n, period_start=start, period_end=end)
            for n, (start, end) in zip(counts, periods, strict=True)
        ]

    assert fold(*rows([*quarters[:1], *MONTHS[:3]], [44, 20, 20, 4])).count("suppressed") == 2
    assert fold(*rows([YEAR, *quarters], [64, 20, 20, 20, 4])).count("suppressed") == 2


def test_weeks_come_between_no_month_and_its_year() -> None:
    """With the weeks beside them the months still make up the year: with one of them folded another one goes."""
    place = {"scope_kind": "program", "scope_id": "program"}
    mondays = [date(2025, 1, 6) + timedelta(7 * n) for n in range(40)]
    weeks = [row("fresh", 20, period_start=day, period_end=day + timedelta(7), **place) for day in mondays]
    months = [row("fresh", n, period_start=s, period_end=e, **place)
              for n, (s, e) in zip([4, *[80] * 11], MONTHS, strict=True)]  # fmt: skip
    folded = fold(row("fresh", 884, **place), *months, *weeks)
    assert folded[:13].count("suppressed") == 2
    assert folded[13:] == [20] * 40


def test_a_community_of_one_project_hides_with_it() -> None:
    """The community is the project, so its number goes as well, also where people may be in several projects."""
    folded = fold(
        row("active", 4, scope_id="r"), row("active", 4, scope_kind="community", scope_id="b"),
        row("active", 15, scope_id="r", segment="x"),
        row("active", 15, scope_kind="community", scope_id="b", segment="x"),
    )  # fmt: skip
    assert folded == ["suppressed", "suppressed", 15, 15]


def test_a_difference_of_two_told_groups_is_a_group() -> None:
    """Of 40 who came 38 can be looked for: the two who did not agree are not to be told by subtraction."""
    folded = fold(row("steps", 60, 40, segment="came"), row("steps", 38, 20, segment="did"))
    assert "suppressed" in folded
    assert fold(row("steps", 60, 40, segment="came"), row("steps", 25, 12, segment="did")) == [60, 25]


def test_what_makes_up_a_count_of_another_metric_does_not_tell_it() -> None:
    """Three of the 40 who came were not found: neither that share nor the other one says so."""
    came = row("steps", 60, 40, segment="came")
    few = (row("why", 40, 37, segment="found"), row("why", 40, 3, segment="not"))
    assert fold(came, *few) == [60, "suppressed", "suppressed"]
    many = (row("why", 40, 25, segment="found"), row("why", 40, 15, segment="not"))
    assert fold(came, *many) == [60, 40, 40]


def test_a_difference_tells_no_small_part_of_it() -> None:
    """Of 40 who moved 36 came: with the difference the four who went are told too, so both go; with 15 both stay."""
    assert fold(row("net", 40, 36, segment="net"), row("net", 4, segment="gone")) == [
        "suppressed", "suppressed",
    ]  # fmt: skip
    assert fold(row("net", 40, 25, segment="net"), row("net", 15, segment="gone")) == [40, 15]


def test_who_was_there_the_month_before_tells_nobody_who_went() -> None:
    """Of the 30 of January 26 are here in February: one of the two numbers goes with the four who went."""
    (january, february), out = MONTHS[:2], {"segment": "out"}
    then = row("active", 30, period_start=january[0], period_end=january[1], **out)
    now = {"period_start": february[0], "period_end": february[1]}
    folded = fold(then, row("net", 4, segment="gone", **now), row("net", 26, segment="here", **now))
    assert folded == [30, "suppressed", "suppressed"]


def test_what_people_are_in_the_whole_alone_is_made_of_no_parts() -> None:
    """Somebody may be there twice in a community and once in each project, so its parts may be fewer than it."""
    place = {"scope_kind": "community", "scope_id": "a"}
    assert fold(row("roam", 50, **place), row("roam", 0), row("roam", 4, scope_id="q")) == [
        50,
        0,
        "suppressed",
    ]
    only = {"scope_kind": "community", "scope_id": "b"}
    assert fold(row("roam", 4, **only), row("roam", 4, scope_id="r")) == ["suppressed", "suppressed"]


def few(n: int, **other: Any) -> dict[str, Any]:
    """A row that a model refuses because there are too few, as it lies in the warehouse."""
    why = {"status": "refused", "reason": "Fewer than 20 conversations were opened, and so few say nothing."}
    return row("sums", n, **why, value=None) | other


def test_a_refusal_tells_no_count() -> None:
    """How few there are stays in the warehouse, whoever reads; for the public a small group is folded like any."""
    refused, folded = ("refused", few(3)["reason"], None), ("suppressed", REASON, None)
    for for_public, small in ((False, refused), (True, folded)):
        rows = suppress([few(3), few(12, scope_id="r")], K, STRUCTURE, for_public=for_public)
        assert [(r["status"], r["reason"], r["sample_size"]) for r in rows] == [small, refused]


def test_what_is_refused_does_not_tell_a_folded_count() -> None:
    """The share of the three old ones is folded: no median that is refused for them, and no rest, says how many."""
    same = [(("stayed", s, "group"), [("sums", s, "group")]) for s in ("new", "old")]
    structure = Structure(
        {}, {"sums": "duration", "stayed": "proportion"}, {"sums": [("all", ("new", "old"))]}, sums=same
    )
    rows = [
        row("stayed", 3, 1, segment="old"), few(3, segment="old"),
        row("sums", 40, segment="new"), row("sums", 43),
    ]  # fmt: skip
    for for_public in (False, True):
        folded = suppress(rows, K, structure, for_public=for_public)
        assert [r["status"] for r in folded] == ["suppressed", "suppressed", "suppressed", "ok"]
        hidden = {number for number, r in enumerate(folded) if r["status"] == "suppressed"}
        low, high = ranges(rows, structure, hidden, [(0, "group")])[0, "group"]
        assert high - low >= K


def test_nobody_is_refused_openly() -> None:
    """That there was no pair at all is no small group, and its row says so."""
    assert fold(few(0)) == ["refused"]


def test_what_everybody_can_read_is_told_inside_however_little() -> None:
    """Of three talks nothing is hidden inside; outside they are folded as a share of three people is everywhere."""
    structure = Structure({}, {"talks": "proportion", "people": "proportion"}, things=frozenset({"talks"}))
    rows = [row("talks", 3, 1), row("people", 3, 1)]
    assert told(suppress(rows, K, structure, for_public=False)) == [3, "suppressed"]
    assert told(suppress(rows, K, structure, for_public=True)) == ["suppressed", "suppressed"]


def test_communities_that_do_not_make_up_the_program_leave_a_rest() -> None:
    """Of 60 answers four name no community: with both communities told the four would follow, with 24 they may."""

    def answers(of_program: int) -> list[dict[str, Any]]:
        community = {"scope_kind": "community"}
        return [
            row("asked", of_program, scope_kind="program", scope_id="program"),
            row("asked", 30, scope_id="a", **community), row("asked", 26, scope_id="b", **community),
        ]  # fmt: skip

    structure = Structure({"a": ["p", "q"], "b": ["r"]}, {"asked": "score"}, partial=frozenset({"asked"}))
    assert "suppressed" in told(suppress(answers(60), K, structure, for_public=True))
    assert told(suppress(answers(80), K, structure, for_public=True)) == [80, 30, 26]
    assert told(suppress(answers(50), K, structure, for_public=True)) == [50, 30, 26]


def cube(dice: random.Random) -> list[dict[str, Any]]:
    """A program of three projects over a year, with many small groups, that adds up as such numbers do."""
    rows: list[dict[str, Any]] = []
    projects = {"p": "a", "q": "a", "r": "b"}
    scopes = [("project", p) for p in projects] + [
        ("community", "a"),
        ("community", "b"),
        ("program", "program"),
    ]

    def inside(scope: tuple[str, str]) -> list[str]:
        return [p for p, c in projects.items() if scope[0] == "program" or scope[1] in (p, c)]

    sums = {
        (p, m, s): dice.choice([0, 1, 2, 5, 9, 14, 30])
        for p in projects
        for m in MONTHS
        for s in ("new", "old")
    }
    people = {
        p: [{dice.randrange(60) for _ in range(dice.choice([0, 2, 8, 20, 35]))} for _ in MONTHS]
        for p in projects
    }
    for scope in scopes:
        mine = inside(scope)
        known: set[int] = set()
        periods = [*((m, [i]) for i, m in enumerate(MONTHS)), (YEAR, list(range(12)))]
        for (start, end), numbers in periods:
            at = {"scope_kind": scope[0], "scope_id": scope[1], "period_start": start, "period_end": end}
            parts = {s: sum(sums[p, MONTHS[i], s] for p in mine for i in numbers) for s in ("new", "old")}
            rows.append(row("sums", parts["new"] + parts["old"], **at))
            rows += [row("sums", n, **at, segment=s) for s, n in parts.items()]
            here = set[int]().union(*(people[p][i] for p in mine for i in numbers))
            rows.append(row("active", len(here), **at, segment="out"))
            if len(numbers) == 1:
                fresh = len(here - known)
                known |= here
            else:
                fresh = len(known)
            rows.append(row("fresh", fresh, **at, segment="out"))
            if fresh:
                rows.append(row("stayed", fresh, dice.randint(0, fresh), **at, segment="day"))
    return rows


class Attacker:
    """Knows how the numbers hang together, reads what was published, and bounds the rest; written independently."""

    def __init__(self, published: list[dict[str, Any]]) -> None:
        self.columns: dict[Any, int] = {}
        self.equal: list[tuple[dict[int, float], float]] = []
        self.most: list[tuple[dict[int, float], float]] = []
        self.rows = {self.name(r): r for r in published}
        by_month = defaultdict(list)
        for r in published:
            if r["period_end"] != YEAR[1] or r["period_start"] != YEAR[0]:
                by_month[r["metric"], r["scope_kind"], r["scope_id"], r["segment"]].append(r)
        for r in published:
            if r["metric"] == "stayed":
                self.say(self.equal, [(r, "n", 1), (r, "k", -1), (r, "m", -1)])
                fresh = self.rows.get(("fresh", *self.name(r)[1:5], "out"))
                if fresh:
                    self.say(self.most, [(r, "n", 1), (fresh, "n", -1)])
            if r["metric"] == "sums" and r["segment"] == "all":
                parts = [self.rows[(*self.name(r)[:5], s)] for s in ("new", "old")]
                self.adds_up(r, parts, exact=True)
            if r["metric"] == "fresh":
                self.say(self.most, [(r, "n", 1), (self.rows[("active", *self.name(r)[1:])], "n", -1)])
            if r["metric"] == "stayed":
                continue
            exact = r["metric"] in ("sums", "fresh")
            if (r["period_start"], r["period_end"]) == YEAR:
                self.adds_up(r, by_month[r["metric"], r["scope_kind"], r["scope_id"], r["segment"]], exact)
            below = {"program": [("community", "a"), ("community", "b")], "a": [("project", "p"), ("project", "q")],
                     "b": [("project", "r")]}.get(r["scope_id"], [])  # fmt: skip
            if below:
                parts = [self.rows[(r["metric"], *scope, *self.name(r)[3:])] for scope in below]
                self.adds_up(r, parts, exact=r["metric"] == "sums")

    def name(self, r: dict[str, Any]) -> tuple[Any, ...]:
        return (r["metric"], r["scope_kind"], r["scope_id"], r["period_start"], r["period_end"], r["segment"])

    def adds_up(self, total: dict[str, Any], parts: list[dict[str, Any]], exact: bool) -> None:
        line = [(total, "n", 1), *((part, "n", -1) for part in parts)]
        self.say(self.equal if exact or len(parts) == 1 else self.most, line)
        for part in parts:
            if total["metric"] != "fresh" or part["scope_id"] == total["scope_id"]:
                self.say(self.most, [(part, "n", 1), (total, "n", -1)])

    def say(self, lines: list[Any], terms: list[tuple[dict[str, Any], str, int]]) -> None:
        left: dict[int, float] = defaultdict(float)
        right = 0.0
        for r, which, sign in terms:
            if r["status"] == "ok":
                n, k = r["sample_size"], r["numerator"] or 0
                right -= sign * {"n": n, "k": k, "m": n - k}[which]
            else:
                left[self.columns.setdefault((self.name(r), which), len(self.columns))] += sign
        if left:
            lines.append((dict(left), right))

    def bounds(self, r: dict[str, Any], which: str = "n") -> tuple[float, float]:
        if (self.name(r), which) not in self.columns:
            return 0, 1e6
        column = self.columns[self.name(r), which]
        size = len(self.columns)

        def dense(lines: list[Any]) -> tuple[Any, Any]:
            matrix = np.zeros((len(lines), size))
            for number, (left, _) in enumerate(lines):
                for place, sign in left.items():
                    matrix[number, place] = sign
            return matrix, np.array([right for _, right in lines])

        a_eq, b_eq = dense(self.equal)
        a_ub, b_ub = dense(self.most)
        found = []
        for sign in (1, -1):
            aim = np.zeros(size)
            aim[column] = sign
            done = linprog(aim, A_eq=a_eq, b_eq=b_eq, A_ub=a_ub, b_ub=b_ub, bounds=(0, 1e6), method="highs")
            assert done.status == 0, done.message
            found.append(done.fun * sign)
        return found[0], found[1]


@pytest.mark.parametrize("seed", range(4))
def test_whoever_computes_with_everything_learns_no_small_group(seed: int) -> None:
    """For every folded group an attacker's bounds stay at least k apart, whatever he adds and subtracts."""
    dice = random.Random(seed)
    rows = cube(dice)
    folded = suppress(rows, K, STRUCTURE, for_public=True)
    hidden = [(before, after) for before, after in zip(rows, folded, strict=True) if after["status"] != "ok"]
    small = [(before, after) for before, after in hidden if 0 < before["sample_size"] < K]
    assert len(small) > 30
    assert sum(after["status"] == "ok" and after["sample_size"] > 0 for after in folded) > 20
    attacker = Attacker(folded)

    for before, after in dice.sample(small, 25):
        low, high = attacker.bounds(after)
        assert low - 1e-6 <= before["sample_size"] <= high + 1e-6
        assert high - low >= K - 1e-6, (before, low, high)


def test_the_attack_finds_what_simple_folding_leaves() -> None:
    """Against folding the small ones alone, the same attacker learns some of them exactly: else it proves nothing."""
    rows = cube(random.Random(0))
    naive = [
        r | {"status": "suppressed", "numerator": None, "sample_size": None}
        if 0 < r["sample_size"] < K
        else r
        for r in rows
    ]
    attacker = Attacker(naive)
    exposed = 0
    for before, after in zip(rows, naive, strict=True):
        if after["status"] != "ok" and before["metric"] == "sums" and exposed < 3:
            low, high = attacker.bounds(after)
            exposed += high - low < 1e-6
    assert exposed >= 3
