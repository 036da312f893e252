"""The envelope every source hands over, so that loading is written once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Stream:
    """One listing of a source, such as the issues of a repository.

    `versions` says whether an item may change: if true, every new version of a key is appended to the
    raw log; if false, the first one stays, and the same key at another location counts as a duplicate.
    `within` names the streams whose reading hands these items over too; such a stream is not read on its own.
    `counted_in` is a stream and a JSON path: the sum over that stream's newest payloads is what the source
    says it has of this one.
    """

    name: str
    versions: bool
    within: tuple[str, ...] = ()
    counted_in: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One untouched thing from a source: JSON text, its key in the stream, and when it last changed.

    `stream` is named where it is not the stream that is being read.
    """

    key: str
    payload: str
    updated_at: datetime | None = None
    location: str = ""
    stream: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Many items at once, for sources with millions: an Arrow table with an item's four fields as columns.

    A payload of Arrow's type json is taken as it is; one of type string is checked once more. A stream hands over
    items or batches, not both. Rejects and checkpoints stand between batches as between items.
    """

    table: pa.Table


@dataclass(frozen=True, slots=True)
class Reject:
    """Something that could not be read, where it stands, and why; it is set aside and counted."""

    location: str
    reason: str
    excerpt: str = ""
    stream: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything up to here has been handed over; the cursor is where the next run goes on."""

    cursor: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """What the source itself says it has, to be held against what we have.

    `observed_until` is the last instant of which the source can tell: now for a live API, the newest
    item for an archive on disk. What had not happened by then is unknown, not absent.
    """

    count: int | None
    how: str
    observed_until: datetime | None = None
    stream: str = ""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A full listing begins here, or is over: what was held before it and did not come by is gone at the source.

    It is handed over when a listing begins anew, not when an interrupted one goes on.
    """

    streams: tuple[str, ...]
    is_over: bool


@dataclass(frozen=True, slots=True)
class Spent:
    """What reading cost at the source: requests, and the points it charged for them."""

    what: str
    requests: int
    points: int


Handed = Item | Batch | Reject | Checkpoint | Claim | Sweep | Spent


@dataclass(frozen=True, slots=True)
class Instance:
    """One thing to collect from: a repository, a mailing list, a schedule.

    `id` never changes; `name` is what people are shown of it. `options` are the source's own settings of it.
    `project_id` is the project its activities count for.
    """

    id: str
    project_id: str | None = None
    options: Any = None
    name: str = ""

    @property
    def shown(self) -> str:
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class Context:
    """What a source may know of the run: where the workspace is, and the time that counts as now."""

    workspace: Path
    now: datetime
    cursor: Mapping[str, Any] = field(default_factory=dict)


class SourceError(Exception):
    """A source could not be read at all; the sentence says what, where, and what to do next."""


class StoppedError(SourceError):
    """A source stopped on purpose with more to read; what was read is kept, and the next run goes on from there."""


class Source(Protocol):
    """What a module in `sources/` has to offer."""

    NAME: str
    STREAMS: tuple[Stream, ...]
    PARALLEL: int
    """How many instances may be read at once; 1 where a source does not say.

    A source that finds projects by globs also has `still_named(settings, project_id)`. One whose input must never be
    repeated, not even by an error that nobody expected, says `IS_CONFIDENTIAL = True`.
    """

    def instances(self, settings: Any, workspace: Path) -> list[Instance]: ...

    def read(self, instance: Instance, stream: str, context: Context) -> Iterator[Handed]: ...


def as_json(value: Any) -> str:
    """Write a payload as compact JSON that any database reads: no NaN, no lone surrogates."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    return text.encode("utf-8", "replace").decode("utf-8")
