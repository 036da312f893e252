"""How fast each step is, as a process of its own, on simulated workspaces of scale 1 and 10."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from large import peak_of_dbt

from ospo_metrics import simulation
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.warehouse import open_warehouse

VERBS = ("collect", "build", "publish", "report")


@pytest.fixture(scope="module", params=[1, 10], ids=["scale 1", "scale 10"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A simulated workspace, and one copy of it that the steps work on in order."""
    folder = tmp_path_factory.mktemp("bench") / "workspace"
    simulation.simulate(folder, scale=request.param)
    return folder, request.param


_LAUNCH = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A small process that starts the step: a child's peak begins with the size of whoever started it."""


def _measured(verb: str, folder: Path) -> int:
    """Run one verb as a process and return the most memory it took, in kB; its children count."""
    command = [
        sys.executable,
        "-c",
        "from ospo_metrics.cli import app; app()",
        verb,
        "--workspace",
        str(folder),
    ]
    done = subprocess.run(
        [sys.executable, "-c", _LAUNCH, *command], capture_output=True, text=True, check=True
    )
    return max(int(done.stdout), _largest_child(folder, verb))


def _largest_child(folder: Path, verb: str) -> int:
    """dbt tells its own peak in its log; it is the process that works in `build`."""
    if verb != "build":
        return 0
    return peak_of_dbt(folder)


def _rows(workspace: Workspace, verb: str) -> int:
    """How many rows a step had to do with: raw items, activities, or numbers."""
    tables = {
        "collect": "select sum(rows_held)::bigint from meta.sources",
        "build": "select count(*) from core.fct_activities",
        "publish": "select sum(estimated_size)::bigint from duckdb_tables() where schema_name in ('core', 'metrics')",
        "report": "select count(*) from metrics.newcomer_retention",
    }
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        row = connection.execute(tables[verb]).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("verb", VERBS)
def test_step(benchmark: Any, world: tuple[Path, int], verb: str) -> None:
    """One step from a cold start; `collect` begins with an empty warehouse each time."""
    folder, scale = world
    peaks: list[int] = []

    def prepare() -> None:
        if verb == "collect":
            shutil.rmtree(folder / "private", ignore_errors=True)

    benchmark.pedantic(
        lambda: peaks.append(_measured(verb, folder)), setup=prepare, rounds=3 if scale == 1 else 2
    )

    benchmark.extra_info |= {
        "step": verb,
        "scale": scale,
        "rows": _rows(open_workspace(folder), verb),
        "seconds": benchmark.stats.stats.median,
        "peak": max(peaks) / 1024,
    }
