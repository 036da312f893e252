"""One row per event, segment of those who came and day on which the Kaplan–Meier curve has a step or loses somebody."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.statistics import survival_curves


def model(dbt: Any, session: Any) -> pa.Table:
    rows = dbt.ref("int_event_waits").select("group_id, waited_days, has_happened").fetchnumpy()
    curves = survival_curves(
        np.asarray(rows["group_id"], dtype=np.int64),
        np.asarray(rows["waited_days"], dtype=np.float64),
        np.asarray(rows["has_happened"], dtype=bool),
    )
    return pa.table(
        {
            "group_id": curves.group,
            "after_days": curves.time,
            "share_not_yet": curves.survival,
            "lower": curves.lower,
            "upper": curves.upper,
            "at_risk": curves.at_risk,
            "happened": curves.events,
        }
    )
