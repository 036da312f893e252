"""Functions of `statistics.py` that SQL models may call, as a plugin of dbt-duckdb."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection
from duckdb.func import FunctionNullHandling, PythonUDFType
from duckdb.sqltypes import BIGINT, DOUBLE

from ospo_metrics.statistics import poisson_interval


def _bound(which: int) -> Any:
    def bound(counts: pa.ChunkedArray) -> pa.Array:
        return pa.array(poisson_interval(counts.to_numpy())[which])

    return bound


def register(connection: DuckDBPyConnection) -> None:
    """Give a connection `poisson_lower(count)` and `poisson_upper(count)`: the exact 95 % interval."""
    for name, which in (("poisson_lower", 0), ("poisson_upper", 1)):
        connection.create_function(
            name,
            _bound(which),
            [BIGINT],
            DOUBLE,
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.DEFAULT,
        )


class Plugin(BasePlugin):
    """What dbt-duckdb looks for in the module of a plugin."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        register(conn)
