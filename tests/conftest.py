"""What several test modules need: a simulated workspace, collected and published once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

import canaries
from ospo_metrics import simulation, steps
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")  # how long an example takes is the machine's matter, and no test's

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SCALE = 0.4


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated workspace that nothing was done with; copy it before you change it."""
    folder = tmp_path_factory.mktemp("simulated") / "workspace"
    simulation.simulate(folder, scale=SCALE)
    return folder


@pytest.fixture(scope="session")
def published(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A simulated workspace after its first run; read it only."""
    folder = tmp_path_factory.mktemp("published") / "workspace"
    shutil.copytree(simulated, folder)
    workspace = open_workspace(folder)
    result = steps.run(workspace, lambda step: step.do(Quiet()))
    assert result.ok, result.message
    return workspace


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
    folder = tmp_path_factory.mktemp("canaries") / "workspace"
    temporary = tmp_path_factory.mktemp("temporary")
    shutil.copytree(simulated, folder)
    canaries.plant(folder)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    with canaries.watched(temporary, [canaries.ATTENDEES, canaries.PUBLIC]) as seen:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from ospo_metrics.cli import app; app()",
                "run",
                "--workspace",
                str(folder),
            ],
            env=environment | {"TMPDIR": str(temporary), "PREFECT_LOGGING_LEVEL": "DEBUG"},
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return Drill(open_workspace(folder), done.stdout + done.stderr, temporary, seen)
