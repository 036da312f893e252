"""One row per scope, period, kind of conversation and side: the mean wait, of which no more than 14 days count."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.statistics import restricted_mean_times

LONGEST_HOURS = 14 * 24.0


def model(dbt: Any, session: Any) -> pa.Table:
    groups = dbt.ref("int_response_groups")  # noqa: F841 - the query below finds these three by their names
    scopes = dbt.ref("int_scopes")  # noqa: F841
    waits = dbt.ref("int_waits")  # noqa: F841
    rows = session.sql(
        """
        select g.group_id, w.waited_hours, w.is_answered
        from groups as g
        join scopes as s on g.scope_kind = s.scope_kind and g.scope_id = s.scope_id
        join waits as w
            on s.project_id = w.project_id and g.kind = w.kind and g.is_newcomer = w.is_opened_by_newcomer
            and w.opened_on >= g.period_start and w.opened_on < g.period_end
        """
    ).fetchnumpy()
    means = restricted_mean_times(
        np.asarray(rows["group_id"], dtype=np.int64),
        np.asarray(rows["waited_hours"], dtype=np.float64),
        np.asarray(rows["is_answered"], dtype=bool),
        LONGEST_HOURS,
    )
    return pa.table(
        {
            "group_id": means.group,
            "mean_hours": means.mean,
            "variance": means.variance,
            "conversations": means.size,
        }
    )
