"""One row per program or community, twelve months and UTC hour: Kaplan–Meier's median wait of what began then."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.arrow_columns import floats
from ospo_metrics.statistics import survival_medians


def model(dbt: Any, session: Any) -> pa.Table:
    owed = dbt.ref("int_scope_periods")  # noqa: F841 - the queries below find these three by their names
    scopes = dbt.ref("int_scopes")  # noqa: F841
    waits = dbt.ref("int_waits")  # noqa: F841
    periods = session.sql(
        """
        select
            scope_kind, scope_id, period_start, period_end,
            row_number() over (order by scope_kind, scope_id, period_start) - 1 as place
        from owed
        where scope_kind in ('program', 'community') and grain = 'year' and status = 'ok'
        """
    )
    rows = session.sql(
        """
        select
            24 * p.place + extract(hour from w.opened_at at time zone 'UTC')::integer as group_id,
            w.waited_hours,
            w.is_answered
        from periods as p
        join scopes as s on p.scope_kind = s.scope_kind and p.scope_id = s.scope_id
        join waits as w
            on s.project_id = w.project_id and w.opened_on >= p.period_start and w.opened_on < p.period_end
        """
    ).fetchnumpy()
    medians = survival_medians(
        np.asarray(rows["group_id"], dtype=np.int64),
        np.asarray(rows["waited_hours"], dtype=np.float64),
        np.asarray(rows["is_answered"], dtype=bool),
    )

    of_groups = (
        periods.order("place").to_arrow_table().drop_columns(["place"]).take(pa.array(medians.group // 24))
    )
    columns = {
        "hour_utc": pa.array((medians.group % 24).astype(np.int32)),
        "conversations": pa.array(medians.size),
        "median_hours": floats(medians.median),
        "lower_hours": floats(medians.lower),
        "upper_hours": floats(medians.upper),
    }
    for name, values in columns.items():
        of_groups = of_groups.append_column(name, values)
    return of_groups
