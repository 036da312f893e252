"""Columns of the tables that dbt's Python models hand over."""

from __future__ import annotations

import pyarrow as pa

from ospo_metrics.statistics import Floats


def floats(values: Floats) -> pa.Array:
    """Numbers as a column, in which what is not a number, such as a median that nobody reached, is null."""
    return pa.array(values, from_pandas=True)
