"""Where the project's own SQL, dashboards, seeds and flows lie: in the checkout or inside the wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """The folder that holds `sql/`, `dashboards/`, `data/` and `flows/`."""
    for candidate in (_PACKAGE / "_project", _PACKAGE.parents[1]):
        if (candidate / "sql" / "dbt_project.yml").is_file():
            return candidate
    raise FileNotFoundError(f"the SQL models are missing beside {_PACKAGE}; install ospo-metrics again")
