"""Which files a location in the settings stands for."""

from __future__ import annotations

import re
from pathlib import Path


def expand(workspace: Path, location: str) -> list[Path]:
    """The files that a path or glob stands for, sorted, or the one folder; empty where there are none."""
    anchored = Path(location).expanduser()
    base = anchored if anchored.is_absolute() else workspace / anchored
    if base.is_dir() or base.is_file():
        return [base]
    parts = anchored.parts  # only what is written in the settings may be a glob, not the workspace's own name
    fixed = next((i for i, part in enumerate(parts) if re.search(r"[*?\[]", part)), None)
    if fixed is None:
        return []
    start = workspace / Path(*parts[:fixed])
    return sorted(path for path in start.glob("/".join(parts[fixed:])) if path.is_file())


def is_url(location: str) -> bool:
    """Whether a location is a web address rather than a path."""
    return re.match(r"https?://", location, re.IGNORECASE) is not None


def within(workspace: Path, path: Path) -> str:
    """How a file is called in the warehouse: its path in the workspace, or its folder and name elsewhere."""
    try:
        name = path.resolve().relative_to(workspace.resolve()).as_posix()
    except ValueError:
        name = f"{path.parent.name}/{path.name}"
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
