"""The whole model build at the scale of a large foundation, and the night after it, beside a bare scan of the tables.

The simulation at a scale of 20 is copied 48 times: 10 million activities, a million people, 500 projects and lists.
`OSPO_METRICS_BENCH_COPIES=4 pytest tests/bench/test_large.py` tells of a smaller one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from large import another_day, multiply, peak_of_dbt

from ospo_metrics import simulation, steps
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.warehouse import open_warehouse

COPIES = int(os.environ.get("OSPO_METRICS_BENCH_COPIES", "48"))


def test_whole_build(benchmark: Any, tmp_path: Path) -> None:
    """From the raw log to every metric and every test of the data; then the same with one day more."""
    folder = tmp_path / "workspace"
    simulation.simulate(folder, scale=20)
    workspace = open_workspace(folder)
    result = steps.run(workspace, lambda step: step.do(Quiet()), ["collect"])
    assert result.ok, result.message
    multiply(folder, COPIES)

    benchmark.pedantic(lambda: _build(folder), rounds=1)
    peaks = [peak_of_dbt(folder)]
    activities, people, projects = _sizes(workspace)
    scan = _scanned(workspace)
    another_day(folder)
    began = time.perf_counter()
    _build(folder)
    night = time.perf_counter() - began
    peaks.append(peak_of_dbt(folder))
    assert _sizes(workspace)[0] > activities

    benchmark.extra_info |= {
        "whole": benchmark.stats.stats.median,
        "night": night,
        "scan": scan,
        "peak": max(peaks) / 1024,
        "activities": activities,
        "people": people,
        "projects": projects,
    }
    shutil.rmtree(folder)


def _build(folder: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from ospo_metrics.cli import app; app()",
        "build",
        "--workspace",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _sizes(workspace: Workspace) -> tuple[int, int, int]:
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        row = connection.execute(
            "select (select count(*) from core.fct_activities), (select count(*) from core.dim_people), "
            "(select count(*) from core.dim_projects)"
        ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def _scanned(workspace: Workspace) -> float:
    """The seconds that it takes to read every value of the raw log and of `core` once."""
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        columns = connection.execute(
            "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() "
            "semi join duckdb_tables() using (schema_name, table_name) where schema_name in ('raw', 'core') group by 1"
        ).fetchall()
        began = time.perf_counter()
        for table, names in columns:
            told = ", ".join(f'bit_xor(hash("{name}"))' for name in names)
            connection.execute(f"select {told} from {table}").fetchall()
        return time.perf_counter() - began
