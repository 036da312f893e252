"""Every source there is: a module is a source by being in this folder (helpers start with `_`)."""

from __future__ import annotations

import importlib
import pkgutil
from typing import cast

from ospo_metrics.items import Source


def discover() -> dict[str, Source]:
    """The sources by name, in the order of their names."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))
    modules = [cast("Source", importlib.import_module(f"{__name__}.{name}")) for name in names]
    return {module.NAME: module for module in sorted(modules, key=lambda module: module.NAME)}
