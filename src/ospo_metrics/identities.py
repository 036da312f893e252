"""Which identities are the same person: pure rules, no input or output.

An identity is one address, handle or name in one source. Only links between identities are stored, each
with the name of its rule, so that a merge can be undone without loss. A name never merges anybody across
sources; only where an archive hides its addresses does the name stand for the person, within that archive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ospo_metrics.pseudonyms import normalise, pseudonym

_NOREPLY = re.compile(r"^(?:\d+\+)?([a-z0-9][a-z0-9-]*(?:\[bot\])?)@users\.noreply\.github\.com$")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a source calls somebody: `kind` is `address`, `login`, or the kind of a name in one place."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Link:
    """Two identities of one person, and the rule that says so."""

    left: int
    right: int
    rule: str


def login_of(address: str) -> str | None:
    """The GitHub login that a noreply address belongs to, or None: `12+ada@users.noreply.github.com`."""
    match = _NOREPLY.match(normalise("address", address))
    return match[1] if match else None


def links(identities: Sequence[Identity]) -> list[Link]:
    """The links that the rules find among distinct identities; positions refer to the sequence.

    Spellings of the same address are one identity already (rule `same_address`); what is linked here is
    GitHub's noreply address to its login (rule `github_noreply`).
    """
    logins = {
        normalise("login", identity.value): position
        for position, identity in enumerate(identities)
        if identity.kind == "login"
    }
    found = []
    for position, identity in enumerate(identities):
        if identity.kind == "address" and (login := login_of(identity.value)) in logins:
            found.append(Link(position, logins[login], "github_noreply"))
    return found


def components(count: int, linked: Iterable[Link]) -> list[int]:
    """For each of `count` identities the smallest position that it is linked to, directly or not."""
    parent = list(range(count))

    def top(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    for link in linked:
        low, high = sorted((top(link.left), top(link.right)))
        parent[high] = low
    return [top(position) for position in range(count)]


def persons(
    key: bytes, identities: Sequence[Identity], told: Sequence[Link] = ()
) -> tuple[list[str], list[str], list[str]]:
    """For each identity its id, its person's id and the rule; ids do not depend on the order of the input.

    `told` are links that the sources themselves know, such as those of a `.mailmap`; those that the rules
    find are added. A person's id is the smallest of the ids of their identities, so it stays while no link is added.
    """
    ids = [pseudonym(key, identity.kind, identity.value) for identity in identities]
    first: dict[str, int] = {}
    same = [
        Link(first.setdefault(identity_id, position), position, f"same_{identity.kind}")
        for position, (identity_id, identity) in enumerate(zip(ids, identities, strict=True))
    ]
    found = [*links(identities), *told]
    groups = components(len(identities), [*same, *found])
    smallest: dict[int, str] = {}
    for identity_id, group in zip(ids, groups, strict=True):
        smallest[group] = min(identity_id, smallest.get(group, identity_id))
    rules = ["same_" + identity.kind for identity in identities]
    for link in found:
        rules[link.left] = link.rule
    return ids, [smallest[group] for group in groups], rules
