"""What a long step says while it works: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Teller(Protocol):
    """Somewhere to tell how far a step has come."""

    def say(self, text: str) -> None:
        """One finished thing worth a line."""

    def count(self, label: str, done: int, total: int | None = None) -> None:
        """How many of a thing are done, of how many where that is known."""


@contextmanager
def warnings_told(teller: Teller) -> Iterator[None]:
    """Tell what the library warns of while it works, such as a long wait for a limit to end."""
    handler = _Told(teller)
    log = logging.getLogger("ospo_metrics")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


class _Told(logging.Handler):
    def __init__(self, teller: Teller) -> None:
        super().__init__(logging.WARNING)
        self._teller = teller

    def emit(self, record: logging.LogRecord) -> None:
        self._teller.say(f"  {record.getMessage()}")


class Quiet:
    """Says nothing: for tests and for callers that only want the result."""

    def say(self, text: str) -> None:
        del text

    def count(self, label: str, done: int, total: int | None = None) -> None:
        del label, done, total


class Lines:
    """Plain lines for a log file, with a count at most every ten seconds."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def say(self, text: str) -> None:
        print(text, flush=True)

    def count(self, label: str, done: int, total: int | None = None) -> None:
        now = time.monotonic()
        if now - self._last.setdefault(label, now) >= 10:
            self._last[label] = now
            print(f"  {label}: {done:,}{f' of {total:,}' if total else ''}", flush=True)


class Bars(AbstractContextManager["Bars"]):
    """Moving bars for a person at a terminal."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stdout, highlight=False)
        self._progress = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        with self._lock:
            for task in self._tasks.values():
                self._progress.remove_task(task)
            self._tasks.clear()
        self._console.print(text, markup=False)

    def count(self, label: str, done: int, total: int | None = None) -> None:
        with self._lock:
            if label not in self._tasks:
                self._tasks[label] = self._progress.add_task(label, total=total)
            self._progress.update(self._tasks[label], completed=done, total=total)
