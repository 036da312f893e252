"""One row per event and segment of those who came: the Kaplan–Meier median of the days until they did something."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.arrow_columns import floats
from ospo_metrics.statistics import survival_medians


def model(dbt: Any, session: Any) -> pa.Table:
    rows = dbt.ref("int_event_waits").select("group_id, waited_days, has_happened").fetchnumpy()
    medians = survival_medians(
        np.asarray(rows["group_id"], dtype=np.int64),
        np.asarray(rows["waited_days"], dtype=np.float64),
        np.asarray(rows["has_happened"], dtype=bool),
    )

    return pa.table(
        {
            "group_id": medians.group,
            "median_days": floats(medians.median),
            "lower_days": floats(medians.lower),
            "upper_days": floats(medians.upper),
            "happened": medians.events,
            "people": medians.size,
        }
    )
