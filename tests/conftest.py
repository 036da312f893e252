"""What several test modules need: a simulated workspace, collected and published once."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

import canaries
from ospo_metrics import simulation, steps, transform
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")  # how long an example takes is the machine's matter, and no test's

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SCALE = 0.4


def once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name, made by whichever of the processes that run the tests needs it first."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, made = base / name, base / f"{name}.made"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated workspace that nothing was done with; copy it before you change it.

    What dbt has parsed of the models lies in it already, so that not every copy parses them again.
    """

    def make(folder: Path) -> None:
        simulation.simulate(folder / "workspace", scale=SCALE)
        shutil.copytree(folder / "workspace", folder / "parsed")
        assert transform.dbt(open_workspace(folder / "parsed"), ["parse"], None) == []
        target = transform.manifest(open_workspace(folder / "workspace")).parent
        target.mkdir(parents=True)
        shutil.copy(
            transform.manifest(open_workspace(folder / "parsed")).parent / "partial_parse.msgpack", target
        )

    return once(tmp_path_factory, "simulated", make) / "workspace"


@pytest.fixture(scope="session")
def published(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A simulated workspace after its first run; read it only."""

    def make(folder: Path) -> None:
        shutil.copytree(simulated, folder / "workspace")
        result = steps.run(open_workspace(folder / "workspace"), lambda step: step.do(Quiet()))
        assert result.ok, result.message

    return open_workspace(once(tmp_path_factory, "published", make) / "workspace")


@dataclass(frozen=True)
class Drill:
    """A workspace full of canaries after a run, what the run printed, and its temporary files."""

    workspace: Workspace
    output: bytes
    temporary: Path
    seen: list[str]


@pytest.fixture(scope="session")
def drill(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Drill:
    """Canaries in every input, and the nightly flow on a Prefect server, as a person starts it."""

    def make(folder: Path) -> None:
        temporary = folder / "temporary"
        temporary.mkdir()
        shutil.copytree(simulated, folder / "workspace")
        canaries.plant(folder / "workspace")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        with canaries.watched(temporary, [canaries.ATTENDEES, canaries.PUBLIC]) as seen:
            done = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "from ospo_metrics.cli import app; app()",
                    "run",
                    "--workspace",
                    str(folder / "workspace"),
                ],
                env=environment | {"TMPDIR": str(temporary), "PREFECT_LOGGING_LEVEL": "DEBUG"},
                capture_output=True,
                check=False,
            )
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        (folder / "output").write_bytes(done.stdout + done.stderr)
        (folder / "seen.json").write_text(json.dumps(seen))

    folder = once(tmp_path_factory, "drill", make)
    return Drill(
        open_workspace(folder / "workspace"),
        (folder / "output").read_bytes(),
        folder / "temporary",
        json.loads((folder / "seen.json").read_text()),
    )
