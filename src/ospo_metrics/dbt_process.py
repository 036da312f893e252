"""dbt in a process that says only what we ask of it: how far it has come, and what went wrong, a line of JSON each.

dbt can tell all that it does as JSON and into a file, but a third of a build's time goes into that.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg
from dbt_common.exceptions import env_secrets, scrub_secrets

_WRITTEN = ("info", "warn", "error")

_ONE_AT_A_TIME = threading.Lock()
"""dbt tells of two models at once, and a file that two threads write to holds rubbish in the end."""


def main(path: Path, arguments: Sequence[str]) -> int:
    """Run one dbt command, with its log in this file; 0 where it succeeded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = _Log(path)
    quiet = ["--log-level", "none", "--log-level-file", "none", "--log-path", str(path.parent)]
    result = dbtRunner(callbacks=[lambda event: _tell(event, log)]).invoke([*quiet, *arguments])
    if result.exception:
        told = scrub_secrets(str(result.exception), env_secrets())
        log.write(f"{told}\n", is_urgent=True)
        _say(error=told)
    log.close()
    return 0 if result.success else 1


class _Log:
    """A file that ends where the disk is full: an error in what dbt calls back makes it wait for ever."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO | None = None
        with suppress(OSError):
            self._file = path.open("w", encoding="utf-8")

    def write(self, text: str, *, is_urgent: bool) -> None:
        if self._file is None:
            return
        try:
            self._file.write(text)
            if is_urgent:
                self._file.flush()
        except OSError:
            self.close()

    def close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._file = None


def _tell(event: EventMsg, log: _Log) -> None:
    """One event of dbt's: nothing is said of those that only help to mend dbt itself."""
    info: Any = event.info  # protobuf makes its fields when it runs
    level = info.level
    if level not in _WRITTEN and info.name != "ResourceReport":  # which tells how much memory it took
        return
    told = scrub_secrets(info.msg, env_secrets())
    with _ONE_AT_A_TIME:
        log.write(f"{info.ts.ToDatetime():%H:%M:%S} {level:<5} {told}\n", is_urgent=level == "error")
        if level == "error":
            _say(error=told)
        if info.name.endswith("Result") and hasattr(event.data, "total"):
            _say(index=int(event.data.index), total=int(event.data.total))


def _say(**said: str | int) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
