"""Benchmarks print one table: how long each step takes, how many rows a second, how much memory."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what the benchmarks measured, a line each."""
    found = [bench.extra_info for bench in config._benchmarksession.benchmarks]  # type: ignore[attr-defined]
    _print_steps(terminalreporter, [row for row in found if "step" in row])
    _print_ratios(terminalreporter, [row for row in found if "ratio" in row])
    _print_costs(terminalreporter, [row for row in found if "cost" in row])
    _print_pages(terminalreporter, [line for row in found for line in row.get("pages", [])])
    _print_builds(terminalreporter, [row for row in found if "whole" in row])


def _print_steps(terminalreporter: Any, rows: list[dict[str, Any]]) -> None:
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


def _print_ratios(terminalreporter: Any, rows: list[dict[str, Any]]) -> None:
    """What we do beside a plain tool doing it: milliseconds as least/median/most, and the ratio of the medians."""
    if not rows:
        return
    terminalreporter.section("beside plain tools, in ms: least/median/most")
    terminalreporter.write_line(
        f"{'what':<20}{'rows':>9}{'ours':>22}{'theirs':>22}  {'tool':<10}{'ratio':>6}"
    )
    for row in rows:
        ours, theirs = (
            "/".join(f"{1000 * number:,.0f}" for number in row[key]) for key in ("seconds", "theirs")
        )
        terminalreporter.write_line(
            f"{row['what']:<20}{row['rows']:>9,}{ours:>22}{theirs:>22}  {row['beside']:<10}{row['ratio']:>6.2f}"
        )


def _print_pages(terminalreporter: Any, lines: list[tuple[str, str, str]]) -> None:
    """What was measured of the pages, and the most that it may be."""
    if not lines:
        return
    terminalreporter.section("the pages")
    for what, measured, most in lines:
        terminalreporter.write_line(f"{what:<56}{measured:>12}, at most {most}")


def _print_costs(terminalreporter: Any, rows: list[dict[str, Any]]) -> None:
    """What a project costs at GitHub, whole and for 1,000 of its issues and change requests."""
    if not rows:
        return
    terminalreporter.section("what GitHub is asked: requests / points")
    terminalreporter.write_line(
        f"{'project':<14}{'what':<17}{'threads':>9}{'in all':>13}{'for 1,000':>13}{'one by one, for 1,000':>23}"
    )
    pair = "{:,.0f} / {:,.0f}".format
    for row in rows:
        for what, threads, cost, one_by_one in row["rows"]:
            thousands = threads / 1000
            terminalreporter.write_line(
                f"{row['cost']:<14}{what:<17}{threads:>9,}{pair(*cost):>13}"
                f"{pair(*(number / thousands for number in cost)):>13}{one_by_one / thousands:>23,.0f}"
            )
        terminalreporter.write_line(f"{row['cost']:<14}{row['items_a_second']:,.0f} items a second")


def _print_builds(terminalreporter: Any, rows: list[dict[str, Any]]) -> None:
    """The build of a whole workspace, the night after it, and what reading its tables once takes of the time."""
    if not rows:
        return
    terminalreporter.section("the whole build, and the night after it")
    for row in rows:
        terminalreporter.write_line(
            f"{row['activities']:,} activities of {row['people']:,} people in {row['projects']:,} projects: "
            f"{row['whole']:.0f} s, {row['peak']:,.0f} MB at most"
        )
        terminalreporter.write_line(
            f"with one day more: {row['night']:.0f} s, {row['night'] / row['whole']:.0%} of that; "
            f"a bare scan of the tables: {row['scan']:.1f} s, {row['scan'] / row['whole']:.1%}"
        )
