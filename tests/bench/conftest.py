"""Benchmarks print one table: how long each step takes, how many rows a second, how much memory."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what the benchmarks measured, a line each."""
    rows = [bench.extra_info for bench in config._benchmarksession.benchmarks if "step" in bench.extra_info]  # type: ignore[attr-defined]
    if not rows:
        return
    terminalreporter.section("each step, on simulated workspaces")
    terminalreporter.write_line(
        f"{'step':<12}{'scale':>6}{'rows':>12}{'seconds':>10}{'rows/s':>12}{'peak MB':>10}"
    )
    for row in rows:
        terminalreporter.write_line(
            f"{row['step']:<12}{row['scale']:>6}{row['rows']:>12,}{row['seconds']:>10.2f}"
            f"{row['rows'] / row['seconds']:>12,.0f}{row['peak']:>10.0f}"
        )
