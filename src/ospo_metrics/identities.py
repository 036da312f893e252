"""Which identities are the same person: pure rules, no input or output.

An identity is one address, handle or name in one source. Only links between identities are stored, each
with the name of its rule, so that a merge can be undone without loss. A name never merges anybody across
sources; only where an archive hides its addresses does the name stand for the person, within that archive.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ospo_metrics.pseudonyms import normalise

RULES = {
    "same_person": "somebody decided that they are one person",
    "github_noreply": "GitHub made this address for this login",
    "github_commit": "GitHub attributes commits from this address to this login",
    "mailmap": "the project's own .mailmap says so",
    "profile_address": "the public profile of this login has this address",
    "register": "a register of who is who says so",
    "name_in_archive": "the archive hides addresses, and this name has this one address in it",
    "masked_address": "what the archive left of an address fits this one, under the same name",
}
"""The rules by which two identities are one person, the strongest first, and what each of them means."""

_NOREPLY = re.compile(r"^(?:\d+\+)?([a-z0-9][a-z0-9-]*(?:\[bot\])?)@users\.noreply\.github\.com$")

Places = NDArray[np.int64]


def login_of(address: str) -> str | None:
    """The GitHub login that a noreply address belongs to, or None: `12+ada@users.noreply.github.com`."""
    match = _NOREPLY.match(normalise("address", address))
    return match[1] if match else None


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of identities of one person: two places in a list of identities, and the rank of the rule in `RULES`."""

    left: Places
    right: Places
    rank: Places

    @classmethod
    def of(cls, links: Sequence[tuple[int, int, str]]) -> Links:
        """From pairs with the name of their rule."""
        ranks = {rule: rank for rank, rule in enumerate(RULES)}
        table = [(left, right, ranks[rule]) for left, right, rule in links]
        return cls(*np.array(table, np.int64).reshape(-1, 3).T)


def founders(
    ids: Sequence[str] | pa.ChunkedArray,
    links: Links,
    apart: Sequence[tuple[int, int]],
    first_seen: NDArray[np.datetime64] | None = None,
) -> Places:
    """For each of some different identities the place of the one that names its person: the first that was seen.

    `apart` are pairs of places that somebody decided are two people: they overrule every link, and of the links that
    would join them the weakest are not followed. So the name of a person stays from night to night, whatever comes to
    light later, and no order of the input matters.
    """
    count = len(ids)
    texts = ids if isinstance(ids, pa.ChunkedArray) else pa.array(ids, pa.string())
    order = pc.sort_indices(texts).to_numpy().astype(np.int64)
    place_of = np.empty(count, np.int64)
    place_of[order] = np.arange(
        count
    )  # identities by their ids, so that nothing depends on the order of the input
    kept_apart = place_of[np.array(apart, np.int64).reshape(-1, 2)]
    pairs = np.column_stack([place_of[links.left], place_of[links.right]])
    labels = groups(count, pairs, links.rank, kept_apart)
    if first_seen is None:
        first_seen = np.full(count, np.datetime64("NaT"), "datetime64[us]")
    seen = first_seen[order].astype("datetime64[us]").astype(np.int64)
    seen[np.isnat(first_seen[order])] = np.iinfo(np.int64).max  # what was never seen names nobody who was
    by_age = np.lexsort((seen, labels))
    _, first_of_label, label = np.unique(labels[by_age], return_index=True, return_inverse=True)
    founder = np.empty(count, np.int64)
    founder[by_age] = by_age[first_of_label][label]
    named: Places = order[founder[place_of]]
    return named


def groups(count: int, pairs: Places, ranks: Places, apart: Places) -> Places:
    """For each of `count` identities a number that it shares with all that it is linked to, directly or not.

    `pairs` has a link a row, `ranks` how weak each is, `apart` a pair a row that must not come together.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    labels: Places = connected_components(graph, directed=False)[1].astype(np.int64)
    torn = labels[apart[:, 0]][labels[apart[:, 0]] == labels[apart[:, 1]]]
    if not len(torn):
        return labels
    inside = np.flatnonzero(np.isin(labels[pairs[:, 0]], torn))
    low, high = pairs[inside].min(axis=1), pairs[inside].max(axis=1)
    strongest_first = inside[np.lexsort((high, low, ranks[inside]))]
    top = _without(
        [(int(left), int(right)) for left, right in pairs[strongest_first]],
        [(int(left), int(right)) for left, right in apart if left != right],
    )
    for member in np.flatnonzero(np.isin(labels, torn)):
        labels[member] = count + top(int(member))
    return labels


def _without(links: list[tuple[int, int]], apart: list[tuple[int, int]]) -> _Top:
    """Follow the links in their order, but for those that would bring together what is to stay apart."""
    top = _Top()
    foes: dict[int, set[int]] = {}
    for left, right in apart:
        foes.setdefault(left, set()).add(right)
        foes.setdefault(right, set()).add(left)
    for left, right in links:
        one, other = top(left), top(right)
        if one == other or any(top(foe) == other for foe in foes.get(one, ())):
            continue
        keep, gone = min(one, other), max(one, other)
        top.parent[gone] = keep
        if more := foes.pop(gone, None):
            foes.setdefault(keep, set()).update(more)
    return top


class _Top:
    """The smallest of those that are joined with somebody."""

    def __init__(self) -> None:
        self.parent: dict[int, int] = {}

    def __call__(self, member: int) -> int:
        while (parent := self.parent.setdefault(member, member)) != member:
            self.parent[member] = self.parent[parent]
            member = parent
        return member
