"""One row per mention of an event: the event it is of, and the rule that says so."""

from typing import Any

import pyarrow as pa

from ospo_metrics.event_matching import from_rows, match


def model(dbt: Any, session: Any) -> pa.Table:
    mentions = from_rows(dbt.ref("int_event_mentions").order("mention_id").to_arrow_table().to_pylist())
    decided = dbt.ref("stg_outreach__event_matches").order("all").fetchall()
    found = match(mentions, decided)
    return pa.table(
        {
            "mention_id": pa.array([each.mention_id for each in mentions], pa.string()),
            "event_id": pa.array(found.event_ids, pa.string()),
            "rule": pa.array(found.rules, pa.string()),
        }
    )
