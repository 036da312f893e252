"""What several test modules need: a simulated workspace, collected and published once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ospo_metrics import simulation, steps
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace

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
