"""One row per group of pairs: how the two sides differ, with the intervals."""

from typing import Any

import numpy as np
import pyarrow as pa

from ospo_metrics.statistics import compare_proportions


def model(dbt: Any, session: Any) -> pa.Table:
    rows = (
        dbt.ref("int_event_pair_counts")
        .filter("pairs > 0")
        .select("group_id, pairs, hits, other_hits")
        .order("group_id")
        .fetchnumpy()
    )
    pairs, hits, other_hits = (
        np.asarray(rows[name], dtype=np.int64) for name in ("pairs", "hits", "other_hits")
    )
    found = compare_proportions(hits, pairs, other_hits, pairs)

    def known(values: Any) -> pa.Array:
        return pa.array(values, mask=~np.isfinite(values))

    return pa.table(
        {
            "group_id": pa.array(np.asarray(rows["group_id"], dtype=np.int64)),
            "difference": known(found.difference),
            "lower": known(found.lower),
            "upper": known(found.upper),
            "odds_ratio": known(found.odds_ratio),
            "odds_ratio_lower": known(found.odds_ratio_lower),
            "odds_ratio_upper": known(found.odds_ratio_upper),
            "risk_ratio": known(found.risk_ratio),
            "e_value": known(found.e_value),
        }
    )
