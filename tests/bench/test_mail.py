"""How long a mail archive takes to the raw log and to what is published, beside Perceval reading the same archive.

Perceval is no dependency: `python3 -m venv perceval && perceval/bin/pip install perceval "setuptools<81"`, then
`OSPO_METRICS_PERCEVAL=perceval/bin/python pytest tests/bench/test_mail.py`. Without it, only our own time is told.
"""

from __future__ import annotations

import gzip
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from ospo_metrics import steps
from ospo_metrics.collect import collect
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.sources import mailing_lists

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "A_mail" / "r-sig-mixed-models"
MESSAGES = 18_619
TIMES = {"72 MB": 1, "720 MB": 10}
SETTINGS = """
[ospo]
name = "Bench"
[[communities]]
id = "c"
name = "C"
mailing_lists = ["bench"]
[[sources.mailing_lists]]
id = "bench"
location = "archive/*"
"""
PERCEVAL = """
import json, sys, time
from perceval.backends.core.mbox import MBox
began = time.perf_counter()
with open(sys.argv[2], "w") as lines:
    for item in MBox("bench", sys.argv[1]).fetch():
        lines.write(json.dumps(item) + "\\n")
print(time.perf_counter() - began)
"""


@pytest.fixture(params=TIMES)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Workspace]:
    """The real archive in one file, or ten of it in ten files, whose messages have ids of their own."""
    if not ARCHIVE.is_dir():
        pytest.skip(f"the real archive is not at {ARCHIVE}")
    (tmp_path / "ospo.toml").write_text(SETTINGS)
    (tmp_path / "archive").mkdir()
    text = b"".join(gzip.decompress(file.read_bytes()) for file in sorted(ARCHIVE.iterdir()))
    for number in range(TIMES[request.param]):
        other = text.replace(b"\nMessage-ID: <", b"\nMessage-ID: <%d." % number)
        other = other.replace(b"\nIn-Reply-To: <", b"\nIn-Reply-To: <%d." % number)
        (tmp_path / "archive" / f"{number:02}.mbox").write_bytes(other)
    return request.param, open_workspace(tmp_path)


_slow: dict[str, float] = {}
"""What Perceval took for the large archive, which it is given once in a run."""


def _perceval(workspace: Workspace, size: str) -> float:
    """The seconds that Perceval takes from the archive to JSON lines, without its start; or none where it is not."""
    python = os.environ.get("OSPO_METRICS_PERCEVAL")
    if not python:
        return float("nan")
    if size in _slow:
        return _slow[size]
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "messages.jsonl"
        command = [python, "-W", "ignore", "-c", PERCEVAL, str(workspace.folder / "archive"), str(lines)]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    seconds = float(done.stdout.split()[-1])
    if TIMES[size] > 1:
        _slow[size] = seconds
    return seconds


def _compare(benchmark: Any, what: str, workspace: Workspace, rounds: int, ours: Any) -> None:
    """Each round of ours right after one of Perceval's; the ratio is of the medians."""
    theirs: list[float] = []
    times: list[float] = []

    def before() -> None:
        shutil.rmtree(workspace.private, ignore_errors=True)
        shutil.rmtree(workspace.published, ignore_errors=True)
        theirs.append(_perceval(workspace, what.partition(" to ")[0]))

    def timed() -> None:
        began = time.perf_counter()
        ours()
        times.append(time.perf_counter() - began)

    benchmark.pedantic(timed, setup=before, rounds=rounds)
    benchmark.extra_info |= {
        "what": what,
        "beside": "perceval",
        "rows": MESSAGES * len(list((workspace.folder / "archive").iterdir())),
        "seconds": (min(times), statistics.median(times), max(times)),
        "theirs": (min(theirs), statistics.median(theirs), max(theirs)),
        "ratio": statistics.median(times) / statistics.median(theirs),
    }


def test_to_the_raw_log(benchmark: Any, archive: tuple[str, Workspace]) -> None:
    """From an empty warehouse to every message in it and the file closed."""
    name, workspace = archive

    def land() -> None:
        found = collect(workspace, mailing_lists, "run", Quiet())
        assert found.held + found.duplicates + found.rejects == MESSAGES * TIMES[name]

    _compare(benchmark, f"{name} to raw log", workspace, 5 if TIMES[name] == 1 else 2, land)


@pytest.mark.parametrize(
    ("to", "verbs"),
    [("activities", ["collect", "build"]), ("published", ["collect", "build", "check", "publish"])],
)
def test_to_metrics(benchmark: Any, archive: tuple[str, Workspace], to: str, verbs: list[str]) -> None:
    """From an empty warehouse to `core.fct_activities` and all metrics, and on to the published file."""
    name, workspace = archive

    def run() -> None:
        result = steps.run(workspace, lambda step: step.do(Quiet()), verbs)
        assert result.ok, result.message

    _compare(benchmark, f"{name} to {to}", workspace, 2 if TIMES[name] == 1 else 1, run)
