"""A simulated workspace: made-up communities in real file formats, and the truth about them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ospo_metrics.progress import Quiet, Teller
from ospo_metrics.simulation import (
    attendance_exports,
    git_repositories,
    github_answers,
    mail_archives,
    profiles,
    registers,
    schedules,
    spreadsheets,
    truth,
    workspace_files,
)
from ospo_metrics.simulation.world import imagine

TRUTH_FILE = "truth.json"
FORMAT = 11
"""Raise it whenever the same seed gives other files, so that older simulated workspaces are made anew."""


class NotSimulatedError(Exception):
    """The folder holds something that no simulation made; the sentence says what to do."""


def simulate(
    folder: Path, *, seed: int = 2026, scale: float = 1.0, progress: Teller | None = None
) -> dict[str, Any]:
    """Write a complete workspace with known truth, and return the truth; the same seed gives the same bytes.

    A scale of 10 has ten times as many people. An older simulated workspace in the folder is replaced, with
    its `private/` and `published/`, but for the state of a Prefect server that may be running already.
    `truth.json` is written last: where it is, the workspace is complete.
    """
    if not scale > 0:
        raise ValueError(f"the scale of a simulation is {scale!r}; it has to be a number above 0, such as 1")
    tell = progress or Quiet()
    _make_room(folder)
    workspace_files.write(folder)
    happenings = imagine(seed, scale)
    tell.say(
        f"imagined {len(happenings.people):,} people and {len(happenings.conversations):,} conversations"
    )
    written: dict[str, Any] = {}
    steps: tuple[tuple[str, Callable[[], dict[str, Any]]], ...] = (
        ("git", lambda: git_repositories.write(folder, happenings)),
        ("github", lambda: github_answers.write(folder, happenings, seed)),
        ("profiles", lambda: profiles.write(folder, happenings, seed)),
        ("identities", lambda: registers.write(folder, happenings, seed)),
        ("mailing_lists", lambda: mail_archives.write(folder, happenings)),
        ("calendars", lambda: schedules.write(folder, happenings, seed)),
        ("attendance", lambda: attendance_exports.write(folder, happenings, seed)),
        ("outreach", lambda: spreadsheets.write(folder, happenings, seed, written["calendars"])),
    )
    for done, (name, write) in enumerate(steps, 1):
        written[name] = write()
        tell.count("writing simulated files", done, len(steps))
    told = {
        "format": FORMAT,
        "is_simulated": True,
        "seed": seed,
        "scale": scale,
        "files": written,
        **truth.facts(happenings, seed),
    }
    (folder / TRUTH_FILE).write_text(_readable(told), encoding="utf-8")
    return told


def is_current(folder: Path, seed: int, scale: float) -> bool:
    """Whether the folder holds a complete simulated workspace of this seed, scale and format."""
    try:
        told = json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and [told.get(key) for key in ("format", "seed", "scale")] == [
        FORMAT,
        seed,
        scale,
    ]


def _make_room(folder: Path) -> None:
    """Empty the folder of an older simulation, finished or not; leave anybody's real folder alone."""
    if folder.exists() and not folder.is_dir():
        raise NotSimulatedError(f"{folder} is a file. Name a folder that is empty or does not exist yet.")
    folder.mkdir(parents=True, exist_ok=True)
    held = [path for path in sorted(folder.iterdir()) if path.name != "private"]
    held += [path for path in sorted((folder / "private").glob("*")) if path.name != "prefect"]
    if held and not _is_simulated(folder):
        raise NotSimulatedError(
            f"{folder} holds {held[0].name!r} and no {TRUTH_FILE}, so it is no simulated workspace, and "
            "nothing in it was touched. Name a folder that is empty or does not exist yet."
        )
    (folder / TRUTH_FILE).unlink(missing_ok=True)
    for path in held:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != folder / "ospo.toml":
            path.unlink(missing_ok=True)


def _is_simulated(folder: Path) -> bool:
    """Whether it is complete, or its settings say that an interrupted simulation began it."""
    settings = folder / "ospo.toml"
    begun = settings.is_file() and settings.read_bytes().startswith(workspace_files.MARK.encode())
    return begun or (folder / TRUTH_FILE).is_file()


def _readable(told: dict[str, Any]) -> str:
    """JSON with one line for every row of its long lists, so that it can be read and compared."""
    parts = []
    for key, value in told.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f"{json.dumps(key)}: [\n  {rows}\n ]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, indent=1)}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"
