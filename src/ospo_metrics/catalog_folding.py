"""What a metric says of how its own numbers make up one another, so that a folded one cannot be worked out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

TELLS = ("shares", "counts", "people", "things")
OVER = ("months", "projects")
WHOLE = ("unlike its parts", "more than its parts")


class FoldingWordsError(Exception):
    """What stands under `folding:` cannot be used; the words say why and what to write."""


@dataclass(frozen=True, slots=True)
class Folding:
    """How the numbers of a metric hang together.

    `tells` is what its rows tell of where its kind does not say so: `shares`, of how many of a group something
    is so; `counts`, inside how many there were and nothing else; `people`, as a plain count does beside which
    another share stands; `things`, such as talks, which everybody can read. `adds_up_over` months where what is
    counted happens once, and over projects where it is in one only. The whole is `unlike its parts` where people
    may be in it what they are in none of the parts, such as there on two days, each in another community; it is
    `more than its parts` where the program has something that no community has. `made_of` has segments that
    others make up, each with all ways to do so.
    """

    tells: str = ""
    adds_up_over: tuple[str, ...] = ()
    whole: str = ""
    made_of: tuple[tuple[str, tuple[str, ...]], ...] = ()


def read(told: Mapping[str, Any], segments: Iterable[str]) -> Folding:
    """The folding of a metric with these segments; `FoldingWordsError` where a word or a segment is not known.

    A `*` in the name of a part stands for whatever it may: all segments of that form are parts.
    """
    known = tuple(segments)
    if unknown := sorted(told.keys() - {"tells", "adds_up_over", "whole", "made_of"}):
        raise FoldingWordsError(f"has {unknown[0]!r}; write tells, adds_up_over, whole or made_of")
    over = tuple(told.get("adds_up_over", ()))
    for key, words, choices in (
        ("tells", [told.get("tells", "")], ("", *TELLS)),
        ("adds_up_over", over, OVER),
        ("whole", [told.get("whole", "")], ("", *WHOLE)),
    ):
        for word in words:
            if word not in choices:
                raise FoldingWordsError(
                    f"has {key} {word!r}; write one of {', '.join(filter(None, choices))}"
                )
    made_of = [
        (total, _parts(ways, known)) for total, every in told.get("made_of", {}).items() for ways in every
    ]
    if unknown := [total for total, _ in made_of if total not in known]:
        raise FoldingWordsError(f"has {unknown[0]!r} made of others; its segments are {', '.join(known)}")
    return Folding(told.get("tells", ""), over, told.get("whole", ""), tuple(made_of))


def _parts(named: Iterable[str], known: tuple[str, ...]) -> tuple[str, ...]:
    parts: list[str] = []
    for name in named:
        found = [segment for segment in known if fnmatchcase(segment, name)]
        if not found:
            raise FoldingWordsError(f"names the part {name!r}; its segments are {', '.join(known)}")
        parts += found
    return tuple(parts)


def as_json(folding: Folding) -> str:
    """As it is published: only what the metric says."""
    return json.dumps({name: value for name, value in asdict(folding).items() if value})


def from_json(text: str) -> Folding:
    """What `as_json` wrote."""
    told = json.loads(text)
    return Folding(
        told.get("tells", ""),
        tuple(told.get("adds_up_over", ())),
        told.get("whole", ""),
        tuple((total, tuple(parts)) for total, parts in told.get("made_of", ())),
    )
