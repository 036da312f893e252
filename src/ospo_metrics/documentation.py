"""The models as dbt documents them: one page with every table, column, test and the lineage between them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from ospo_metrics import project, transform
from ospo_metrics.settings import Workspace

_TOLD = ("checksum", "description", "columns", "config", "depends_on")


def write(workspace: Workspace) -> Path:
    """Write `published/docs/index.html` if the models or their words have changed since; returns its path."""
    page = workspace.published / "docs" / "index.html"
    target = workspace.private / "dbt" / "docs"
    noted, wanted = target / "written", _digest(transform.manifest(workspace))
    if page.is_file() and noted.is_file() and noted.read_text(encoding="ascii") == wanted:
        return page
    target.mkdir(parents=True, exist_ok=True)
    manifest = transform.manifest(workspace)
    for known in (
        manifest,
        manifest.with_name("partial_parse.msgpack"),
    ):  # so that dbt compiles nothing again
        if known.is_file():
            shutil.copyfile(known, target / known.name)
    errors = transform.dbt(workspace, ["docs", "generate", "--static", "--no-compile"], None, target)
    made = target / "static_index.html"
    if errors or not made.is_file():
        raise transform.BuildError(
            f"dbt could not write its documentation: {' '.join(errors[:1]) or 'no page was made'}"
        )
    page.parent.mkdir(parents=True, exist_ok=True)
    new = page.with_name(f".{page.name}.new")
    text = made.read_text(encoding="utf-8")
    new.write_text(
        text.replace(str(project.root()), ""), encoding="utf-8"
    )  # where we are installed is nobody's matter
    new.replace(page)
    noted.write_text(wanted, encoding="ascii")
    return page


def _digest(manifest: Path) -> str:
    """What the documentation tells, in short."""
    known: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    nodes = {**known["nodes"], **known["sources"], **known["exposures"]}
    told = {name: {each: node.get(each) for each in _TOLD} for name, node in sorted(nodes.items())}
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()
