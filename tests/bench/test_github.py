"""What GitHub costs: requests and points for a full collection and for a night on which nothing changed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from ospo_metrics.collect import collect
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.sources import github
from ospo_metrics.steps import new_run_id
from ospo_metrics.warehouse import open_warehouse

sys.path.insert(0, str(Path(__file__).parents[1]))

import github_dumps
from github_example import NAME, write_example
from github_server import GitHubServer

SHARED = Path(__file__).parents[3] / "shared" / "data"
DUMP = SHARED / "B_github" / "tlswg+draft-ietf-tls-esni" / "2025-07-29" / "archive.json"
SETTINGS = """
[ospo]
name = "Bench"
[[communities]]
id = "c"
name = "C"
projects = ["{name}"]
[sources.github]
api_url = "{url}"
token_env = ["BENCH_TOKEN"]
"""


def _long_threads(folder: Path) -> str:
    write_example(folder, issues=1_000, pulls=1_000, comments=6_000, reviews=3_000, permission="READ")
    return NAME


def _recorded(folder: Path) -> str:
    if not DUMP.is_file():
        pytest.skip(f"the recorded project is not at {DUMP}")
    return github_dumps.convert(DUMP, folder)


@pytest.mark.parametrize("fill", [_long_threads, _recorded], ids=["long threads", "recorded"])
def test_cost(benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fill: Any) -> None:
    """From nothing to everything that GitHub tells of one project, and the same again."""
    monkeypatch.setenv("BENCH_TOKEN", "a-token-of-the-bench")
    name = fill(tmp_path / "github")
    with GitHubServer(tmp_path / "github") as server:
        (tmp_path / "ospo.toml").write_text(SETTINGS.format(name=name, url=server.url))
        workspace = open_workspace(tmp_path)

        def afresh() -> None:
            shutil.rmtree(workspace.private, ignore_errors=True)
            server.forget()

        benchmark.pedantic(lambda: _collected(workspace), setup=afresh, rounds=3)
        full = (len(server.asked), server.points)
        server.forget()
        assert _collected(workspace) == 0
        quiet = (len(server.asked), server.points)
    held = dict(_ask(workspace, "select stream, rows_held from meta.sources"))
    spent = {
        what: (requests, points)
        for what, requests, points in _ask(
            workspace,
            "select what, requests, points from meta.spending where run_id = (select min(run_id) from meta.spending)",
        )
    }
    threads = held["issues"] + held["change_requests"]
    # one by one: each thread's comments and events, and of a change request its reviews and what is said in them
    rows = [
        ("issues", held["issues"], spent["issues"], 2 * held["issues"]),
        ("change requests", held["change_requests"], spent["change_requests"], 4 * held["change_requests"]),
        ("everything", threads, full, 2 * held["issues"] + 4 * held["change_requests"]),
        ("a quiet night", threads, quiet, threads),
    ]
    benchmark.extra_info |= {
        "cost": fill.__name__.strip("_").replace("_", " "),
        "rows": rows,
        "items_a_second": sum(held.values()) / benchmark.stats.stats.median,
    }


def _collected(workspace: Workspace) -> int:
    result = collect(workspace, github, new_run_id(), Quiet())
    assert not result.failures
    return result.added


def _ask(workspace: Workspace, sql: str) -> list[Any]:
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        return connection.execute(sql).fetchall()
