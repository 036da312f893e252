"""One row per group of newcomers and length of stay at which somebody's ended, known or not: the Kaplan–Meier curve."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.statistics import survival_curves


def model(dbt: Any, session: Any) -> pa.Table:
    rows = dbt.ref("int_lifetimes").fetchnumpy()
    people = np.asarray(rows["people"], dtype=np.int64)
    curves = survival_curves(
        np.repeat(np.asarray(rows["group_id"], dtype=np.int64), people),
        np.repeat(np.asarray(rows["days"], dtype=np.float64), people),
        np.repeat(np.asarray(rows["is_gone"], dtype=bool), people),
    )
    return pa.table(
        {
            "group_id": curves.group,
            "after_days": curves.time.astype(np.int64),
            "share_not_yet": curves.survival,
            "lower": curves.lower,
            "upper": curves.upper,
            "at_risk": curves.at_risk,
            "happened": curves.events,
        }
    )
