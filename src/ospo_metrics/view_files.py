"""Files that hand what a page shows of one scope to the page's script: a call with JSON, and nothing else.

Whoever looks for something in the dashboards has to look into these too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = "assets/views"


def view_file(name: str, view: Mapping[str, Any]) -> tuple[str, str]:
    """The path of a view's file in the dashboards' folder, and its text."""
    return f"{FOLDER}/{name}.js", f"ospoView({json.dumps(name)},{as_json(view)});\n"


def read_view(text: str) -> dict[str, Any]:
    """What the text of such a file hands over."""
    found: dict[str, Any] = json.loads(text[text.index(",") + 1 : text.rindex(")")])
    return found


def as_json(value: Mapping[str, Any]) -> str:
    """JSON without spaces, in which every number is one."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def texts(dashboards: Path) -> Iterator[tuple[Path, str]]:
    """Every page and every view in a folder of dashboards, with all that can be read in it."""
    for path in sorted(dashboards.glob("*.html")):
        yield path, path.read_text(encoding="utf-8")
    for path in sorted((dashboards / FOLDER).glob("*.js")):
        yield path, "\n".join(_strings(read_view(path.read_text(encoding="utf-8"))))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
