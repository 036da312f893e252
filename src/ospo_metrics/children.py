"""Programs that end when the process that started them is gone, however it went."""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Sequence

ORPHAN_SECONDS = 3


def ending_with_us(arguments: Sequence[str]) -> list[str]:
    """The command that runs a Python module or file so; its standard input has to be a pipe of ours."""
    return [sys.executable, "-m", "ospo_metrics.children", *arguments]


def _main() -> None:
    """We hold the reading end of a pipe whose writing end is in our parent: even SIGKILL closes it."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    program = sys.argv[1]
    sys.argv = sys.argv[1:]
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
