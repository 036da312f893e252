"""How long it takes until hours of GH Archive are in the raw log, beside `zcat` of the same files to nowhere."""

from __future__ import annotations

import gzip
import os
import resource
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ospo_metrics.collect import collect
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.sources import gharchive

HOUR = Path(__file__).parents[3] / "shared" / "data" / "B_github" / "gharchive" / "2015-01-01-0.json.gz"
EVENTS = 7_702
HOURS = {"hour": 1, "day": 24}
SETTINGS = """
[ospo]
name = "Bench"
[[communities]]
id = "c"
name = "C"
[[sources.gharchive]]
location = "gharchive/*.json.gz"
"""


@pytest.fixture(params=HOURS)
def hours(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Workspace]:
    """The recorded hour, or a day of 24 such hours whose events have ids of their own."""
    if not HOUR.is_file():
        pytest.skip(f"the recorded hour is not at {HOUR}")
    (tmp_path / "ospo.toml").write_text(SETTINGS)
    folder = tmp_path / "gharchive"
    folder.mkdir()
    text = gzip.decompress(HOUR.read_bytes())
    for hour in range(HOURS[request.param]):
        other = text.replace(b'{"id":"', b'{"id":"%02d' % hour)
        (folder / f"{hour:02}.json.gz").write_bytes(gzip.compress(other, 6))
    return request.param, open_workspace(tmp_path)


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """Both sides on one core; what counts is the time that it works for them, whoever else is busy."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


def _worked() -> float:
    """Seconds of processor time, of this process and of those it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def test_beside_zcat(benchmark: Any, hours: tuple[str, Workspace]) -> None:
    """From an empty warehouse to every event in it and the file closed, each round right after a `zcat`."""
    name, workspace = hours
    ours: list[float] = []
    theirs: list[float] = []
    files = sorted(str(path) for path in (workspace.folder / "gharchive").iterdir())

    def zcat() -> None:
        shutil.rmtree(workspace.private, ignore_errors=True)
        start = _worked()
        subprocess.run(["zcat", *files], stdout=subprocess.DEVNULL, check=True)
        theirs.append(_worked() - start)

    def land() -> int:
        start = _worked()
        added = collect(workspace, gharchive, "run", Quiet()).added
        ours.append(_worked() - start)
        return added

    rows = EVENTS * HOURS[name]
    assert rows == benchmark.pedantic(land, setup=zcat, rounds=15 if name == "hour" else 5, warmup_rounds=1)
    benchmark.extra_info |= {
        "what": f"gharchive {name}",
        "beside": "zcat",
        "rows": rows,
        "seconds": (min(ours), statistics.median(ours), max(ours)),
        "theirs": (min(theirs), statistics.median(theirs), max(theirs)),
        "ratio": statistics.median(ours) / statistics.median(theirs),
    }
