"""One row per pair of events that may be one, for a person to decide."""

from typing import Any

import pyarrow as pa

from ospo_metrics.event_matching import from_rows, match


def model(dbt: Any, session: Any) -> pa.Table:
    mentions = from_rows(dbt.ref("int_event_mentions").order("mention_id").to_arrow_table().to_pylist())
    decided = dbt.ref("stg_outreach__event_matches").order("all").fetchall()
    found = match(mentions, decided).proposals
    return pa.table(
        {
            "event": pa.array([each.event for each in found], pa.string()),
            "other": pa.array([each.other for each in found], pa.string()),
            "reason": pa.array([each.reason for each in found], pa.string()),
        }
    )
