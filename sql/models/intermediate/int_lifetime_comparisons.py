"""One row per program or community: how long newcomers of events and all others stay, beside one another."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.statistics import log_rank, restricted_means, survival_curves

TWO_YEARS = 730


def model(dbt: Any, session: Any) -> pa.Table:
    groups = dbt.ref("int_lifetime_groups").filter("segment in ('event', 'organic')")
    days = dbt.ref("int_lifetimes").project("group_id as id, days, is_gone, people")
    rows = (
        groups.join(days, "group_id = id")
        .project("scope_kind, scope_id, segment, days, is_gone, people")
        .order("all")
        .fetchall()
    )
    scopes: dict[tuple[str, str], list[tuple[bool, int, bool, int]]] = {}
    for scope_kind, scope_id, segment, *stay in rows:
        scopes.setdefault((scope_kind, scope_id), []).append((segment == "organic", *stay))
    found = []
    for (scope_kind, scope_id), stays in scopes.items():
        is_other, duration, is_gone, people = (np.array(column) for column in zip(*stays, strict=True))
        is_other, duration, is_gone = (np.repeat(column, people) for column in (is_other, duration, is_gone))
        if not 0 < is_other.sum() < len(is_other):
            continue
        # Later than either side was watched there is nothing to compare.
        over = min(TWO_YEARS, duration[is_other].max(), duration[~is_other].max())
        curves = survival_curves(is_other.astype(np.int64), duration.astype(np.float64), is_gone)
        means, errors = restricted_means(curves, np.full(2, float(over)))
        found.append(
            (
                scope_kind,
                scope_id,
                int((~is_other).sum()),
                int(is_other.sum()),
                int(over),
                float(means[0]),
                float(means[1]),
                float(np.hypot(*errors)),
                float(log_rank(duration.astype(np.float64), is_gone, is_other)),
            )
        )
    kinds = (
        ("scope_kind", pa.string()),
        ("scope_id", pa.string()),
        ("people", pa.int64()),
        ("others", pa.int64()),
        ("over_days", pa.int64()),
        ("mean_days", pa.float64()),
        ("mean_days_others", pa.float64()),
        ("standard_error", pa.float64()),
        ("p_value", pa.float64()),
    )
    return pa.table(
        {name: pa.array([row[place] for row in found], kind) for place, (name, kind) in enumerate(kinds)}
    )
