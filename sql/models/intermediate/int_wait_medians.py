"""One row per scope, period and segment: Kaplan–Meier's median and ninth decile of the wait for a first answer.

Of the wait in working hours there is the median alone, for every curve is a pass over all waits.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.arrow_columns import floats
from ospo_metrics.statistics import Curves, quantiles_of, survival_curves


def model(dbt: Any, session: Any) -> pa.Table:
    groups = dbt.ref("int_wait_groups")  # noqa: F841 - the query below finds these three by their names
    scopes = dbt.ref("int_scopes")  # noqa: F841
    waits = dbt.ref("int_waits")  # noqa: F841
    rows = session.sql(
        """
        select g.group_id, w.waited_hours, w.waited_working_hours, w.is_answered
        from groups as g
        join scopes as s on g.scope_kind = s.scope_kind and g.scope_id = s.scope_id
        join waits as w
            on s.project_id = w.project_id and w.opened_on >= g.period_start and w.opened_on < g.period_end
        where g.segment = 'everyone'
            or (g.segment = 'newcomers' and w.is_opened_by_newcomer)
            or (g.segment = 'regulars' and not w.is_opened_by_newcomer)
        """
    ).fetchnumpy()
    group = np.asarray(rows["group_id"], dtype=np.int64)
    answered = np.asarray(rows["is_answered"], dtype=bool)

    def curves(waited: str) -> Curves:
        return survival_curves(group, np.asarray(rows.pop(waited), dtype=np.float64), answered)

    all_hours = curves("waited_hours")
    median, p90 = (quantiles_of(all_hours, share) for share in (0.5, 0.9))
    del all_hours
    working = quantiles_of(curves("waited_working_hours"))

    return pa.table(
        {
            "group_id": median.group,
            "median_hours": floats(median.time),
            "lower_hours": floats(median.lower),
            "upper_hours": floats(median.upper),
            "p90_hours": floats(p90.time),
            "p90_lower_hours": floats(p90.lower),
            "p90_upper_hours": floats(p90.upper),
            "median_working_hours": floats(working.time),
            "lower_working_hours": floats(working.lower),
            "upper_working_hours": floats(working.upper),
            "answered": median.events,
            "conversations": median.size,
        }
    )
