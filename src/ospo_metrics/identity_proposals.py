"""Which people may be one, for a person to decide: alike in name, in one community, never merged by that alone."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from rapidfuzz.distance import Indel

MOST_ALIKE = 6
"""A name or handle that more people of a community share tells nothing about any two of them."""
LEAST_SCORE = 0.5
_LEAST_LIKENESS = 0.88
_LEAST_HANDLE = 5  # letters
_LARGEST_BLOCK = 200  # people; of more, only those with the very same name are compared
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person as a sheet can name them, with the names, logins and local parts of addresses that they use."""

    person: str
    identity: str
    names: tuple[str, ...]
    handles: tuple[str, ...]
    communities: tuple[str, ...]
    first: date
    last: date
    has_login: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two people who may be one, as a sheet names them, how likely between 0 and 1, and why."""

    left: str
    right: str
    score: float
    reason: str


def propose(
    candidates: Sequence[Candidate], decided: Collection[frozenset[str]] = (), most: int = 500
) -> list[Proposal]:
    """The pairs that are most likely one person, the likeliest first; pairs of people that are `decided` are left out.

    Every pair is of one community. What speaks for it: the same full name, the name of one with a given name
    cut to its letter, one's handle made of the other's name, the same long handle, or nearly the same name.
    """
    signs: dict[tuple[int, int], dict[str, tuple[float, str]]] = defaultdict(dict)
    for pair, kind, what, weight in _signs(candidates):
        signs[pair][kind] = max((weight, what), signs[pair].get(kind, (0, "")))
    found = []
    for (one, other), why in signs.items():
        left, right = candidates[one], candidates[other]
        if frozenset((left.person, right.person)) in decided:
            continue
        against = 1.0
        for weight, _ in why.values():
            against *= 1 - weight
        overlap = min(left.last, right.last), max(left.first, right.first)
        is_together = overlap[0] >= overlap[1]
        against *= 0.9 if is_together else 1.0
        score = (1 - against) * (0.6 if left.has_login and right.has_login else 1.0)
        if score < LEAST_SCORE:
            continue
        shared = sorted(set(left.communities) & set(right.communities))
        when = (
            f"both active {overlap[1]:%Y-%m} to {overlap[0]:%Y-%m}" if is_together else "one after the other"
        )
        reason = "; ".join([*(what for _, what in why.values()), f"both in {', '.join(shared)}", when])
        first, second = sorted((left.identity, right.identity))
        found.append(Proposal(first, second, round(score, 2), reason))
    return sorted(found, key=lambda each: (-each.score, each.left, each.right))[:most]


_Places = dict[tuple[str, ...], set[int]]


class _Index:
    """Who of each community is called what, in the forms in which two people are compared."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.full: _Places = defaultdict(set)
        self.cut: _Places = defaultdict(set)
        self.could_be_cut: _Places = defaultdict(set)
        self.handles: _Places = defaultdict(set)
        self.made_of_names: _Places = defaultdict(set)
        self.near: dict[tuple[str, ...], dict[int, str]] = defaultdict(dict)
        self.shown: dict[str, str] = {}
        for place, candidate in enumerate(candidates):
            names = [(name, parts) for name in candidate.names if len(parts := tokens(name)) > 1]
            handles = {handle for each in candidate.handles if len(handle := _handle(each)) >= _LEAST_HANDLE}
            for community in candidate.communities:
                for handle in handles:
                    self.handles[community, handle].add(place)
                for name, parts in names:
                    self._add(place, community, name, parts)

    def _add(self, place: int, community: str, name: str, parts: list[str]) -> None:
        letters = [part for part in parts if len(part) == 1]
        if letters:
            self.cut[community, max(parts, key=len), letters[0]].add(place)
            return
        key = " ".join(sorted(parts))
        self.shown.setdefault(key, name)
        self.full[community, key].add(place)
        self.near[community, max(parts, key=len)[:3]][place] = key
        for given, family in ((parts[0], parts[-1]), (parts[-1], parts[0])):
            self.could_be_cut[community, family, given[0]].add(place)
            for handle in _handles(given, family):
                self.made_of_names[community, handle].add(place)


def _signs(candidates: Sequence[Candidate]) -> Iterator[tuple[tuple[int, int], str, str, float]]:
    """Every pair that something speaks for: of which kind it is, what, and how much."""
    index, nobody = _Index(candidates), set[int]()
    for key, places in index.full.items():
        weight = 0.75 if len(places) == 2 else 0.55
        what = f"the same name, {index.shown[key[-1]]}"
        yield from ((pair, "name", what, weight) for pair in _pairs(places))
    for key, places in index.cut.items():
        what = f"{key[1].title()} with the letter {key[2].upper()}"
        pairs = _across(places, index.could_be_cut.get(key, nobody))
        yield from ((pair, "name", what, 0.5) for pair in pairs)
    for key, places in index.handles.items():
        yield from ((pair, "handle", f"the handle {key[-1]} for both", 0.55) for pair in _pairs(places))
        pairs = _across(places, index.made_of_names.get(key, nobody))
        yield from ((pair, "handle", f"{key[-1]} is made of the other's name", 0.6) for pair in pairs)
    for block in index.near.values():
        yield from _nearly_alike(block, index.shown)


def _nearly_alike(
    block: dict[int, str], shown: dict[str, str]
) -> Iterator[tuple[tuple[int, int], str, str, float]]:
    """Of people whose longest names begin alike, the pairs whose names differ by a letter or two."""
    if len(block) > _LARGEST_BLOCK:
        return
    for (one, name), (other, alike) in combinations(block.items(), 2):
        if name != alike and Indel.normalized_similarity(name, alike, score_cutoff=_LEAST_LIKENESS):
            what = f"names almost the same, {shown[name]} and {shown[alike]}"
            yield (min(one, other), max(one, other)), "name", what, 0.55


def _pairs(places: Collection[int]) -> Iterator[tuple[int, int]]:
    if 2 <= len(places) <= MOST_ALIKE:
        yield from combinations(sorted(places), 2)


def _across(some: Collection[int], others: Collection[int]) -> Iterator[tuple[int, int]]:
    if len(some) <= MOST_ALIKE and len(others) <= MOST_ALIKE:
        yield from ((min(a, b), max(a, b)) for a in some for b in others if a != b)


def tokens(name: str) -> list[str]:
    """The parts of a name without accents and in small letters, the given name first, also of `Family, Given`."""
    family, comma, given = name.partition(",")
    text = f"{given} {family}" if comma else name
    return re.findall(r"[^\W\d_]+", _folded(text))


def _handle(text: str) -> str:
    """A login or local part without what is between its letters and the number behind them."""
    return re.sub(r"[^a-z0-9]+", "", _folded(text)).rstrip("0123456789")


def _folded(text: str) -> str:
    """Small letters without accents; what is plain already, as most is, is so at once."""
    small = text.lower()
    if small.isascii():
        return small
    apart = unicodedata.normalize("NFKD", small.translate(_LETTERS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _handles(given: str, family: str) -> set[str]:
    made = {given + family, given[0] + family, family + given[0], given + family[0], given + family[:4]}
    return {handle for handle in made if len(handle) >= _LEAST_HANDLE}
