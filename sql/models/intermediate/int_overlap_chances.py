"""One row per two communities in the newest twelve months: how many people they would share by chance."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.statistics import overlaps

PERMUTATIONS = 199


def model(dbt: Any, session: Any) -> pa.Table:
    audiences = dbt.ref("int_audiences")
    rows = audiences.aggregate(
        "period_start, period_end, communities, count(*) as people", "period_start, period_end, communities"
    ).order("all")
    periods: dict[Any, list[tuple[list[str], int]]] = {}
    for period_start, period_end, communities, people in rows.fetchall():
        periods.setdefault((period_start, period_end), []).append((communities, people))
    found = []
    for (period_start, period_end), patterns in sorted(periods.items())[-1:]:
        names = sorted({name for communities, _ in patterns for name in communities})
        # Of two communities everybody who is in both is in both by the number of communities that they are in.
        if len(names) < 3:
            continue
        members = np.array([[name in communities for name in names] for communities, _ in patterns])
        chances = overlaps(np.repeat(members, [people for _, people in patterns], axis=0), PERMUTATIONS)
        found += [
            (
                period_start,
                period_end,
                name,
                other,
                float(chances.expected[i, j]),
                float(chances.p_value[i, j]),
            )
            for i, name in enumerate(names)
            for j, other in enumerate(names)
            if i != j
        ]
    kinds = (pa.date32(), pa.date32(), pa.string(), pa.string(), pa.float64(), pa.float64())
    columns = ("period_start", "period_end", "community_id", "other_id", "expected", "p_value")
    return pa.table(
        {
            column: pa.array([row[place] for row in found], kind)
            for place, (column, kind) in enumerate(zip(columns, kinds, strict=True))
        }
    )
