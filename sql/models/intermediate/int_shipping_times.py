"""One row per scope and year: Kaplan–Meier's median from a request by somebody from outside to its completion."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.arrow_columns import floats
from ospo_metrics.statistics import survival_quantiles


def model(dbt: Any, session: Any) -> pa.Table:
    periods = dbt.ref("int_scope_periods")  # noqa: F841 - the queries below find these five by their names
    scopes = dbt.ref("int_scopes")  # noqa: F841
    requests = dbt.ref("int_feature_requests")  # noqa: F841
    outcomes = dbt.ref("int_conversation_outcomes")  # noqa: F841
    observed = dbt.ref("int_observed")  # noqa: F841
    groups = session.sql(
        """
        select
            row_number() over (order by scope_kind, scope_id, period_start) as group_id,
            scope_kind, scope_id, period_start, period_end
        from periods
        where grain = 'year' and status = 'ok'
        order by group_id
        """
    ).to_arrow_table()
    # What was declined was never shipped: it waits to the end of what is known, like what is open.
    rows = session.sql(
        """
        with wishes as materialized (
            select
                c.project_id,
                c.opened_on,
                coalesce(c.outcome = 'completed' and c.settled_at <= o.observed_until, false) as is_shipped,
                date_diff('second', c.opened_at,
                    case when c.outcome = 'completed' then least(c.settled_at, o.observed_until)
                        else o.observed_until end
                ) / 86400.0 as days
            from outcomes as c
            join requests as r on c.conversation_id = r.conversation_id
            join observed as o on c.project_id = o.project_id
            where r.is_request and o.source = 'github' and c.opened_at < o.observed_until
        )

        select g.group_id, w.is_shipped, w.days
        from wishes as w
        join scopes as s on w.project_id = s.project_id
        join groups as g
            on s.scope_kind = g.scope_kind and s.scope_id = g.scope_id
            and w.opened_on >= g.period_start and w.opened_on < g.period_end
        """
    ).fetchnumpy()
    found = survival_quantiles(
        np.asarray(rows["group_id"], dtype=np.int64),
        np.asarray(rows["days"], dtype=np.float64),
        np.asarray(rows["is_shipped"], dtype=bool),
    )

    at = pa.array(found.group - 1)
    return pa.table(
        {
            **{
                name: groups[name].take(at)
                for name in ("scope_kind", "scope_id", "period_start", "period_end")
            },
            "median_days": floats(found.time),
            "lower_days": floats(found.lower),
            "upper_days": floats(found.upper),
            "shipped": found.events,
            "requests": found.size,
        }
    )
