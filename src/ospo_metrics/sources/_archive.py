"""What an archive of mail consists of: parts that are read as a whole, and what is new in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ospo_metrics.sources._mailbox import Piece


@dataclass(frozen=True, slots=True)
class News:
    """What is new in a part: its pieces, each with its place, and what to remember once they are read.

    `adds` says whether they come on top of what was found there before, or are all of it. `claimed` is how
    many messages the archive says that the part has, where it says so.
    """

    mark: Mapping[str, Any]
    pieces: Iterable[tuple[str, Piece]]
    adds: bool = False
    claimed: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A file, a month or a repository; `look` takes what was remembered of it, and tells what is new.

    It raises `OSError` or `PartError` where the part cannot be read, and the others go on.
    """

    name: str
    look: Callable[[Mapping[str, Any]], Iterator[News]]


@dataclass(frozen=True, slots=True)
class Archive:
    """Everything that lies at a location, and the format that it was recognised as.

    `is_live` says whether it was asked for news just now, so that a silence is one.
    """

    format: str
    parts: Iterable[Part]
    is_live: bool = False


class PartError(Exception):
    """One part of an archive could not be read; the text says why."""


class FormatError(Exception):
    """A location does not hold what it should; the sentence says what it holds, and what to do next."""
