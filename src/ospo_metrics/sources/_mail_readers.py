"""Messages read from the pieces of an archive, with as many processors as there are.

One process reads 20,000 messages a second. What is more than a chunk is shared with helpers: processes of their
own that hear chunks on their standard input and answer on their output, and end when we do.
"""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from json import JSONEncoder
from queue import SimpleQueue
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

from ospo_metrics.sources._mailbox import Piece
from ospo_metrics.sources._message import UnreadableError, read_message

BYTES_A_CHUNK = 1 << 20
PIECES_A_CHUNK = 1_000
MOST_HELPERS = 3
_CHUNKS_AHEAD = 2
_MOST_WAITING = 32
_SECONDS_UNTIL_OTHERS_MAY = 0.0005
"""A thread that feeds a helper waits for us no longer than this; Python's own 5 ms would leave helpers idle."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_as_json = JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some pieces, each with the place where it stands."""

    places: list[str]
    pieces: list[Piece]


@dataclass(slots=True)
class Sheet:
    """What the pieces of a chunk are: messages column by column, and what could not be read, with the reason.

    `sent_at` is in microseconds since 1970, `payloads` one text with an end for each message.
    """

    keys: list[str] = field(default_factory=list)
    sent_at: list[int | None] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    ends: list[int] = field(default_factory=lambda: [0])
    payloads: bytes = b""
    rejects: list[tuple[str, str]] = field(default_factory=list)
    wrong_charsets: int = 0

    @property
    def found(self) -> int:
        return len(self.keys) + len(self.rejects)


_Mark = TypeVar("_Mark")


def chunks(named: Iterable[tuple[str, Piece]]) -> Iterator[Chunk]:
    """Pieces in portions that are worth sending around; each comes with its place."""
    waiting, size = Chunk([], []), 0
    for place, piece in named:
        waiting.places.append(place)
        waiting.pieces.append(piece)
        size += len(piece.text)
        if size >= BYTES_A_CHUNK or len(waiting.pieces) >= PIECES_A_CHUNK:
            yield waiting
            waiting, size = Chunk([], []), 0
    if waiting.pieces:
        yield waiting


def read_chunk(chunk: Chunk, now: datetime) -> Sheet:
    """Read every piece of a chunk; each ends as a message or as a reject."""
    sheet = Sheet()
    payloads: list[bytes] = []
    end = 0
    for place, piece in zip(chunk.places, chunk.pieces, strict=True):
        if piece.broken:
            sheet.rejects.append((place, piece.broken))
            continue
        try:
            message = read_message(piece.text, piece.separator, now)
        except UnreadableError as error:
            reason = str(error) if piece.separator else f"text before the first separator: {error}"
            sheet.rejects.append((place, reason))
            continue
        except Exception as error:  # no single message may cost the rest of its list
            sheet.rejects.append((place, f"unreadable ({type(error).__name__})"))
            continue
        message.payload["size_bytes"] = piece.size
        message.payload["is_cut"] = piece.is_cut
        payload = _as_json(message.payload).encode("utf-8", "replace")
        payloads.append(payload)
        sheet.wrong_charsets += message.payload["has_wrong_charset"]
        end += len(payload)
        sheet.ends.append(end)
        sheet.keys.append(message.key)
        sheet.sent_at.append((message.sent_at - _EPOCH) // _MICROSECOND if message.sent_at else None)
        sheet.places.append(place)
    sheet.payloads = b"".join(payloads)
    return sheet


class Readers:
    """This process and its helpers, which start when there is more than a chunk to read."""

    def __init__(self, now: datetime, helpers: int | None = None) -> None:
        self._now = now
        self._most = min(_processors() - 1, MOST_HELPERS) if helpers is None else helpers
        self._pool = ThreadPoolExecutor(max(self._most, 1), "mail")
        self._idle: SimpleQueue[_Helper] = SimpleQueue()
        self._helpers: list[_Helper] = []
        self._under_way = 0
        self._seen = 0
        self._patience_of_threads = sys.getswitchinterval()

    def __enter__(self) -> Self:
        sys.setswitchinterval(_SECONDS_UNTIL_OTHERS_MAY)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setswitchinterval(self._patience_of_threads)
        for helper in self._helpers:
            helper.stop(at_once=error is not None)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def sheets(self, jobs: Iterable[Chunk | _Mark]) -> Iterator[Sheet | _Mark]:
        """The sheets of chunks, in their order; what is no chunk comes out where it went in."""
        waiting: deque[Future[Sheet] | Sheet | _Mark] = deque()
        for job in jobs:
            waiting.append(self._begun(job) if isinstance(job, Chunk) else job)
            while waiting and (
                not isinstance(waiting[0], Future) or waiting[0].done() or len(waiting) > _MOST_WAITING
            ):
                yield _done(waiting.popleft())
        while waiting:
            yield _done(waiting.popleft())

    def _begun(self, chunk: Chunk) -> Future[Sheet] | Sheet:
        """Give a chunk to a helper that has little to do, or read it here."""
        self._seen += 1
        if self._seen > 1 and len(self._helpers) < self._most:
            helper = _Helper()
            self._helpers.append(helper)
            self._idle.put(helper)
        if self._under_way < _CHUNKS_AHEAD * len(self._helpers):
            self._under_way += 1
            return self._pool.submit(self._read_elsewhere, chunk)
        return read_chunk(chunk, self._now)

    def _read_elsewhere(self, chunk: Chunk) -> Sheet:
        helper = self._idle.get()
        try:
            return helper.read(chunk, self._now)
        except (OSError, EOFError, ValueError):  # it is gone; its work is not lost
            return read_chunk(chunk, self._now)
        finally:
            self._idle.put(helper)
            self._under_way -= 1


def _done(job: Future[Sheet] | Sheet | _Mark) -> Sheet | _Mark:
    return job.result() if isinstance(job, Future) else job


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Helper:
    """A process that reads chunks for us; it ends when its input does, as it does when we are gone."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def read(self, chunk: Chunk, now: datetime) -> Sheet:
        heard, spoken = self._process.stdout, self._process.stdin
        assert heard is not None and spoken is not None  # noqa: S101, PT018 - both are pipes
        pieces = [(p.offset, p.separator, p.text, p.size, p.broken) for p in chunk.pieces]
        _tell(spoken, (now.isoformat(), chunk.places, pieces))
        return Sheet(*_hear(heard))

    def stop(self, *, at_once: bool) -> None:
        if at_once:
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None  # noqa: S101 - asked for above
            with suppress(OSError):
                pipe.close()
        self._process.wait()


def _tell(pipe: BinaryIO | Any, what: Any) -> None:
    data = marshal.dumps(what)
    pipe.write(len(data).to_bytes(8, "little"))
    pipe.write(data)
    pipe.flush()


def _hear(pipe: BinaryIO | Any) -> Any:
    size = pipe.read(8)
    if len(size) < 8:
        raise EOFError
    return marshal.loads(pipe.read(int.from_bytes(size, "little")))  # noqa: S302 - from our own other half


def _main() -> None:
    heard, spoken = sys.stdin.buffer, sys.stdout.buffer
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while True:
            now, places, pieces = _hear(heard)
            sheet = read_chunk(
                Chunk(places, [Piece(*piece) for piece in pieces]), datetime.fromisoformat(now)
            )
            columns = tuple(getattr(sheet, name) for name in Sheet.__slots__)
            _tell(spoken, columns)


if __name__ == "__main__":
    _main()
