"""Small groups are folded, and nothing that is left leads back to them: rows in, rows out.

A row of a metric tells of a *group*: the people or conversations behind it. A proportion tells two more, those for
whom it holds and those for whom it does not. What is folded first (primary) is a row one of whose groups is small, from
1 to k - 1; nobody at all is no group. Inside the OSPO that is the group behind a share, a waiting time or a factor; for
the public it is every group of every row, plain counts too.

What follows by subtraction, and is closed by folding more (complementary):

* **Sums.** Segments that make up another one, the months or quarters of a year, the projects of a community and the
  communities of the program: with all but one of them told, the last follows. People who are in several projects make
  such a sum too large, but with one project the community *is* the project; so groups that do not add up exactly are
  treated the same.
* **What is within.** The new ones are among the active ones, those who did something within 30 days among those
  within 90, those who can be looked for among those who came. The difference of the two is a group that no row tells
  of, and it may be small: then one of the two goes.
* **Rules themselves.** The hidden ones together are small: then each of them is. More is folded until they are not.
* **Reasons.** All folded rows give one reason; who reads it cannot tell the small ones from those that cover for them.
* **Refusals.** A row that is refused because there are too few says no more than how many are needed. How many there
  are stands in its `sample_size` and is told to nobody: for the public a small one is folded as any group is; inside,
  where it is a number of public acts and nothing is told of it, only where it would tell what is folded elsewhere.

For the public this is not taken on trust: `ranges` works out, by linear programming over everything that stays, within
which bounds each folded group still may lie, and as long as any of them is narrower than k, more is folded.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from ospo_metrics.periods import is_week

Count = Literal["group", "hits", "misses"]
Kind = Literal["sum", "within", "people", "most"]
Place = tuple[str, str, Count]
"""A count of a metric: its metric, its segment, and which count of the row."""
Cell = tuple[int, Count]
"""A count of a row: the row's place, and which of its counts."""
_Unknown = Cell | tuple[str, int]
"""A count of a folded row, or the rest that a relation leaves."""

_COUNTS: tuple[Count, ...] = ("group", "hits", "misses")

PLAIN = ("count", "cost", "people")
"""Kinds of metrics that tell inside how many there were, and nothing else of them."""
_PARTED = ("proportion", "count")
"""Kinds of metrics whose rows tell of how many of a group something is so; a count does where it has a numerator."""
REASON = "The group is too small to be told, or one that is could be worked out from it."
_NUMBERS = ("value", "lower", "upper", "numerator", "denominator", "sample_size")
_STEPS = (31, 92)
"""Days of the longest month, and of the longest quarter: periods of which others are made."""
_ROUNDS = 24
_LARGE = 1e9


@dataclass(frozen=True, slots=True)
class Relation:
    """A count and others that it is made of.

    `sum`: exactly so. `within`: of these and a rest that no row tells. `people`: whoever is in several counts once.
    `most`: no more than all of them together.
    """

    total: Cell
    parts: tuple[Cell, ...]
    kind: Kind


@dataclass(frozen=True)
class Structure:
    """Which rows make up which.

    `communities` has the projects of each; `kinds` the kind of each metric; `totals` its segments that others make up;
    `within` chains of (metric, segment, count), each group in the one before; `once` names metrics whose months add up,
    for what they count happens once, and `apart` those whose projects do, for nothing is in two; of those in `loose`
    several projects or communities tell nothing of the whole. `sums` has counts of one scope and period that are the
    sum of others there, of whatever metric; in `earlier_sums` the sum is of the month before. Of metrics in
    `partial` the whole has something that is in none of its parts. `things` names
    metrics of pieces and talks, not of people: inside, no group of theirs is too small.
    """

    communities: Mapping[str, Sequence[str]]
    kinds: Mapping[str, str]
    totals: Mapping[str, Sequence[tuple[str, Sequence[str]]]] = field(default_factory=dict)
    within: Sequence[Sequence[Place]] = ()
    once: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    sums: Sequence[tuple[Place, Sequence[Place]]] = ()
    earlier_sums: Sequence[tuple[Place, Sequence[Place]]] = ()
    loose: frozenset[str] = frozenset()
    partial: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()


def counts(row: Mapping[str, Any], kind: str) -> dict[Count, int]:
    """The groups that a row tells of, or is refused for because they are small; nothing where it tells none."""
    if row["status"] == "refused" and row["sample_size"] is not None:
        return {"group": int(row["sample_size"])}
    if row["status"] == "no_data":
        return {"group": 0}
    if row["status"] != "ok":
        return {}
    if kind in _PARTED and row["denominator"] is not None:
        n, k = int(row["denominator"]), int(row["numerator"])
        return {"group": n, "hits": k, "misses": n - k}
    return {"group": int(row["sample_size"])}


def relations(rows: Sequence[Mapping[str, Any]], structure: Structure) -> list[Relation]:
    """Every way in which counts of these rows make up one another.

    Weeks make up no month and no year: they are told inside only, where nothing that they count is folded.
    """
    place = {_key(row): number for number, row in enumerate(rows)}
    told = [counts(row, structure.kinds[row["metric"]]) for row in rows]
    found: list[Relation] = []

    def relate(total: int, parts: Sequence[int | None], kind: Kind) -> None:
        there = [part for part in parts if part is not None and told[part]]
        if len(there) < len(parts) or not there or not told[total]:
            return
        for count in _COUNTS:
            cells = tuple((part, count) for part in there if count in told[part])
            if count not in told[total] or not cells:
                continue
            lacking = any(told[part].get("group") for part in there if count not in told[part])
            if kind != "within":
                found.append(Relation((total, count), cells, "most" if lacking else kind))
            elif not lacking and told[total][count] >= sum(told[part][count] for part, _ in cells):
                found.append(Relation((total, count), cells, kind))

    steps: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        start, end = row["period_start"], row["period_end"]
        if not is_week(row["scope_kind"], start, end) and (longest := _step(start, end)):
            steps[row["metric"], row["scope_kind"], row["scope_id"], row["segment"], longest].append(number)
    for number, row in enumerate(rows):
        metric, start, end = row["metric"], row["period_start"], row["period_end"]
        for total, parts in structure.totals.get(metric, ()):
            if row["segment"] == total:
                relate(number, [place.get((*_key(row)[:-1], part)) for part in parts], "sum")
        for longest in _STEPS:
            if (end - start).days <= longest:
                continue
            mine = [
                step
                for step in steps[metric, row["scope_kind"], row["scope_id"], row["segment"], longest]
                if start <= rows[step]["period_start"] and rows[step]["period_end"] <= end
            ]
            if _tile([rows[step] for step in mine], start, end):
                relate(number, mine, "sum" if metric in structure.once else "people")
        inside: list[tuple[str, str]] = []
        if row["scope_kind"] == "program":
            inside = [("community", name) for name in structure.communities]
        elif row["scope_kind"] == "community":
            inside = [("project", name) for name in structure.communities.get(row["scope_id"], ())]
        below = [
            place[metric, *scope, start, end, row["segment"]]
            for scope in inside
            if (metric, *scope, start, end, row["segment"]) in place
        ]
        if below and len(below) == len(inside) and (len(below) == 1 or metric not in structure.loose):
            relate(number, below, _between_scopes(structure, metric, row["scope_kind"], len(below)))
    found += _within(rows, told, structure)
    return found


def _step(start: date, end: date) -> int | None:
    """How many days the longest period has that is of the same kind; of longer ones none makes up others."""
    return next((longest for longest in _STEPS if (end - start).days <= longest), None)


def _between_scopes(structure: Structure, metric: str, scope_kind: str, parts: int) -> Kind:
    """How the numbers of what is inside a scope make up its own."""
    if metric in structure.partial:
        return "within"
    projects = [project for inside in structure.communities.values() for project in inside]
    if parts == 1:
        return "sum"
    if metric in structure.apart and (scope_kind != "program" or len(projects) == len(set(projects))):
        return "sum"
    # Somebody may be new in a project and well known in the community.
    return "most" if metric in structure.once and metric not in structure.apart else "people"


def suppress(
    rows: Sequence[Mapping[str, Any]],
    k: int,
    structure: Structure,
    *,
    for_public: bool,
) -> list[dict[str, Any]]:
    """The rows, those with a group below k and those that would tell it without numbers and with one reason."""
    related = relations(rows, structure)
    told = [counts(row, structure.kinds[row["metric"]]) for row in rows]
    hidden = {
        number
        for number, row in enumerate(rows)
        if (for_public or (row["metric"] not in structure.things and row["status"] != "refused"))
        and _is_small(told[number], k, structure.kinds[row["metric"]], for_public=for_public)
    }
    if not for_public:
        related = [
            one
            for one in related
            if one.kind == "sum" and structure.kinds[rows[one.total[0]]["metric"]] not in PLAIN
        ]
        related = _without_shares(related)
    by_row = defaultdict(list)
    for relation in related:
        for number, _ in (relation.total, *relation.parts):
            by_row[number].append(relation)
    _cover(hidden, related, by_row, told, k, zeros=for_public)
    settled: set[frozenset[_Unknown]] = set()
    while for_public and (open_cells := _too_narrow(told, related, hidden, k, settled)):
        more = {one for cell in open_cells if (one := _next(cell[0], by_row, told, hidden)) is not None}
        if not more:  # nothing is left that could cover for it
            break
        hidden |= more
        _cover(hidden, related, by_row, told, k, zeros=for_public)
    return [_folded(row) if number in hidden else _told(row) for number, row in enumerate(rows)]


def _without_shares(related: Sequence[Relation]) -> list[Relation]:
    """Without the sums of hits or misses of rows whose groups make a sum too.

    Inside a group is small or not, whatever its hits: where several groups are hidden, so are several hits.
    """
    groups = defaultdict(list)
    for one in related:
        if {count for _, count in (one.total, *one.parts)} == {"group"}:
            groups[one.total[0]].append({number for number, _ in one.parts})
    return [
        one
        for one in related
        if {count for _, count in (one.total, *one.parts)} not in ({"hits"}, {"misses"})
        or not any({number for number, _ in one.parts} <= parts for parts in groups[one.total[0]])
    ]


def ranges(
    rows: Sequence[Mapping[str, Any]], structure: Structure, hidden: set[int], wanted: Iterable[Cell]
) -> dict[Cell, tuple[float, float]]:
    """Between which bounds each wanted count of a hidden row may lie for all that the other rows tell."""
    told = [counts(row, structure.kinds[row["metric"]]) for row in rows]
    system = _System(told, relations(rows, structure), hidden)
    return {cell: system.range(cell) for cell in wanted}


def _is_small(told: Mapping[Count, int], k: int, kind: str, *, for_public: bool) -> bool:
    if for_public:
        small = [n for count, n in told.items() if count == "group" or kind in _PARTED]
        return any(0 < n < k for n in small)
    return kind not in PLAIN and 0 < told.get("group", 0) < k


def _cover(
    hidden: set[int],
    related: Sequence[Relation],
    by_row: Mapping[int, Sequence[Relation]],
    told: Sequence[Mapping[Count, int]],
    k: int,
    *,
    zeros: bool,
) -> None:
    """Fold the smallest row of each relation that would tell a folded one, until none does.

    Inside, where nobody was is told: once all others are folded, `zeros` cover nothing.
    """
    waiting = list(related)
    while waiting:
        relation = waiting.pop()
        chosen = _cover_of(relation, hidden, told, k)
        if chosen is not None and (zeros or told[chosen].get("group")):
            hidden.add(chosen)
            waiting.extend(by_row[chosen])


def _cover_of(
    relation: Relation, hidden: set[int], told: Sequence[Mapping[Count, int]], k: int
) -> int | None:
    """The row to fold so that a relation tells nothing that is folded; None where it does not."""
    cells = [relation.total, *relation.parts]
    away = [told[number][count] for number, count in cells if number in hidden]
    if relation.kind == "within":
        rest = told[relation.total[0]][relation.total[1]] - sum(told[n][count] for n, count in relation.parts)
        if not away and not 0 < rest < k:
            return None
        away += [rest] if rest else []
    if not away or (len(away) > 1 and sum(away) >= k):
        return None
    seen = sorted(
        (told[number][count] == 0, told[number][count], number)
        for number, count in cells
        if number not in hidden
    )
    return seen[0][2] if seen else None


def _next(
    number: int,
    by_row: Mapping[int, Sequence[Relation]],
    told: Sequence[Mapping[Count, int]],
    hidden: set[int],
) -> int | None:
    """The smallest row still told that is nearest to a folded one."""
    seen, front = {number}, {number}
    while front:
        near = {
            other
            for one in front
            for relation in by_row.get(one, ())
            for other, _ in (relation.total, *relation.parts)
        } - seen
        visible = [one for one in near if one not in hidden]
        if visible:
            return min(
                visible, key=lambda one: (told[one].get("group", 0) == 0, told[one].get("group", 0), one)
            )
        seen |= near
        front = near
    return None


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "sample_size": row["sample_size"] if row["status"] == "ok" else None}


def _folded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **dict.fromkeys(_NUMBERS), "status": "suppressed", "reason": REASON}


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        row["metric"], row["scope_kind"], row["scope_id"], row["period_start"], row["period_end"], row["segment"],
    )  # fmt: skip


def _tile(rows: Sequence[Mapping[str, Any]], start: date, end: date) -> bool:
    """Whether these periods follow one another from the first day to the last."""
    at = start
    for row in sorted(rows, key=lambda row: row["period_start"]):
        if row["period_start"] != at:
            return False
        at = row["period_end"]
    return at == end and bool(rows)


def _within(
    rows: Sequence[Mapping[str, Any]], told: Sequence[Mapping[Count, int]], structure: Structure
) -> list[Relation]:
    """Each group and the next narrower one of its chain, and each sum, of the same scope and period."""
    by_place: dict[tuple[Any, ...], dict[tuple[str, str], int]] = defaultdict(dict)
    for number, row in enumerate(rows):
        place = (row["scope_kind"], row["scope_id"], row["period_start"], row["period_end"])
        by_place[place][row["metric"], row["segment"]] = number
    months = {
        (scope_kind, scope_id, end): here
        for (scope_kind, scope_id, start, end), here in by_place.items()
        if (end - start).days in range(28, 32) and start.day == 1
    }
    found = []
    for (scope_kind, scope_id, start, _), here in by_place.items():
        before = months.get((scope_kind, scope_id, start), {})
        for chain in structure.within:
            cells: list[Cell] = [
                (here[metric, segment], count)
                for metric, segment, count in chain
                if (metric, segment) in here and count in told[here[metric, segment]]
            ]
            found += [
                Relation(wide, (narrow,), "within")
                for wide, narrow in pairwise(cells)
                if wide[0] != narrow[0] and told[wide[0]][wide[1]] >= told[narrow[0]][narrow[1]]
            ]
        wholes = [(total, here, parts) for total, parts in structure.sums]
        wholes += [(total, before, parts) for total, parts in structure.earlier_sums]
        for total, there, parts in wholes:
            cells = [
                (place[metric, segment], count)
                for place, (metric, segment, count) in ((there, total), *((here, part) for part in parts))
                if (metric, segment) in place and count in told[place[metric, segment]]
            ]
            if len(cells) == len(parts) + 1:
                found.append(Relation(cells[0], tuple(cells[1:]), "sum"))
    return found


def _too_narrow(
    told: Sequence[Mapping[Count, int]],
    related: Sequence[Relation],
    hidden: set[int],
    k: int,
    settled: set[frozenset[_Unknown]],
) -> list[Cell]:
    """The small counts of folded rows whose bounds are narrower than k, for all that is told.

    Unknowns that have to do with one another and with no others are `settled` once all are wide enough: as long as
    they are the same ones, what is told of them is the same too.
    """
    system = _System(told, related, hidden)
    wanted: list[Cell] = [
        (number, count) for number in sorted(hidden) for count, n in told[number].items() if 0 < n < k
    ]
    found: list[Cell] = []
    for group, cells in system.by_group(wanted).items():
        unknowns = system.unknowns(group)
        if unknowns in settled:
            continue
        narrow = [
            cell
            for cell in system.uncertain(group, cells, k)
            if (bounds := system.range(cell))[1] - bounds[0] < k
        ]
        found += narrow
        if not narrow:
            settled.add(unknowns)
    return found


class _System:
    """What is told of folded counts, as equations and inequalities over all that may be."""

    def __init__(
        self, told: Sequence[Mapping[Count, int]], related: Sequence[Relation], hidden: set[int]
    ) -> None:
        self._told, self._hidden = told, hidden
        self._place: dict[_Unknown, int] = {}
        self._lines: list[tuple[dict[int, float], float, bool]] = []
        for number in sorted(hidden):
            if {"group", "hits", "misses"} <= told[number].keys():
                self._add(
                    [((number, "group"), 1.0), ((number, "hits"), -1.0), ((number, "misses"), -1.0)], True
                )
        for index, relation in enumerate(related):
            if all(number not in hidden for number, _ in (relation.total, *relation.parts)):
                continue
            terms: list[tuple[Any, float]] = [
                (relation.total, 1.0),
                *((part, -1.0) for part in relation.parts),
            ]
            match relation.kind:
                case "sum":
                    self._add(terms, True)
                case "within":
                    self._add([*terms, (("rest", index), -1.0)], True)
                case _:
                    self._add(terms, False)
                    for part in relation.parts if relation.kind == "people" else ():
                        self._add([(part, 1.0), (relation.total, -1.0)], False)
        self._names = list(self._place)
        self._groups = _components(len(self._names), self._lines)
        self._group_of = {
            column: group for group, (columns, _, _) in enumerate(self._groups) for column in columns
        }

    def _add(self, terms: Sequence[tuple[Any, float]], is_equal: bool) -> None:
        """One line: what is told goes to the right side."""
        left: dict[int, float] = defaultdict(float)
        right = 0.0
        for cell, sign in terms:
            if cell[0] == "rest" or cell[0] in self._hidden:
                left[self._place.setdefault(cell, len(self._place))] += sign
            else:
                right -= sign * self._told[cell[0]][cell[1]]
        if left:
            self._lines.append((dict(left), right, is_equal))

    def _solve(self, group: int, objective: Mapping[int, float]) -> np.ndarray[Any, Any] | None:
        columns, equal, unequal = self._groups[group]
        local = {column: place for place, column in enumerate(columns)}
        c = np.zeros(len(columns))
        for column, weight in objective.items():
            c[local[column]] = weight
        parts: dict[str, Any] = {}
        for name, lines in (("eq", equal), ("ub", unequal)):
            if lines:
                data = [
                    (r, local[column], v) for r, line in enumerate(lines) for column, v in line[0].items()
                ]
                at, across, values = zip(*data, strict=True)
                parts[f"A_{name}"] = coo_matrix(
                    (values, (at, across)), shape=(len(lines), len(columns))
                ).tocsr()
                parts[f"b_{name}"] = [line[1] for line in lines]
        solved = linprog(c, bounds=(0, _LARGE), method="highs", **parts)
        return solved.x if solved.status == 0 else None

    def range(self, cell: Cell) -> tuple[float, float]:
        """The least and the most that a folded count may be."""
        if cell not in self._place:
            return 0.0, _LARGE
        column = self._place[cell]
        group = self._group_of[column]
        found = []
        for sign in (1.0, -1.0):
            solution = self._solve(group, {column: sign})
            if solution is None:
                return 0.0, 0.0
            place = list(self._groups[group][0]).index(column)
            found.append(float(solution[place]))
        return found[0], found[1]

    def by_group(self, wanted: Sequence[Cell]) -> dict[int, list[Cell]]:
        """The counts that something is told of, with others they have to do with; about any other all may be true."""
        found: dict[int, list[Cell]] = defaultdict(list)
        for cell in wanted:
            if cell in self._place:
                found[self._group_of[self._place[cell]]].append(cell)
        return found

    def unknowns(self, group: int) -> frozenset[_Unknown]:
        """All that is not told of those that have to do with one another."""
        return frozenset(self._names[column] for column in self._groups[group][0])

    def uncertain(self, group: int, wanted: Sequence[Cell], k: int) -> list[Cell]:
        """Those of the counts of which a few tables that fit everything told do not show yet that they may vary by k.

        Each solution with random aims is such a table; so a few of them settle most counts at once.
        """
        dice = random.Random(1)  # noqa: S311 - any aims will do, the same every time
        columns = list(self._groups[group][0])
        low, high = np.full(len(columns), np.inf), np.full(len(columns), -np.inf)
        left = {self._place[cell]: cell for cell in wanted}
        for turn in range(_ROUNDS):
            aims = {column: dice.choice((-1.0, 1.0)) * dice.random() for column in left}
            if turn < 2:
                aims = dict.fromkeys(left, 1.0 if turn else -1.0)
            solution = self._solve(group, aims)
            if solution is None:
                break
            low, high = np.minimum(low, solution), np.maximum(high, solution)
            wide = {column for place, column in enumerate(columns) if high[place] - low[place] >= k}
            left = {column: cell for column, cell in left.items() if column not in wide}
            if len(left) < 3:
                break
        return list(left.values())


def _components(
    size: int, lines: Sequence[tuple[dict[int, float], float, bool]]
) -> list[tuple[list[int], list[tuple[dict[int, float], float]], list[tuple[dict[int, float], float]]]]:
    """The unknowns that have to do with one another, each set with its own equations and inequalities."""
    from scipy.sparse.csgraph import connected_components

    pairs = [(first, other) for line, _, _ in lines for first in [next(iter(line))] for other in line]
    links = coo_matrix(
        (np.ones(len(pairs)), tuple(zip(*pairs, strict=True)) if pairs else ([], [])), shape=(size, size)
    )
    number, labels = connected_components(links, directed=False) if size else (0, [])
    columns: list[list[int]] = [[] for _ in range(number)]
    for column, label in enumerate(labels):
        columns[label].append(column)
    equal: list[list[tuple[dict[int, float], float]]] = [[] for _ in range(number)]
    unequal: list[list[tuple[dict[int, float], float]]] = [[] for _ in range(number)]
    for line, right, is_equal in lines:
        (equal if is_equal else unequal)[labels[next(iter(line))]].append((line, right))
    return list(zip(columns, equal, unequal, strict=True))
