"""One row per message: the first message of its thread, and the rule that put it there."""

from typing import Any

import pyarrow as pa

from ospo_metrics.mail_threads import Message, threads


def model(dbt: Any, session: Any) -> pa.Table:
    columns = "message_id, epoch(sent_at), message_references, in_reply_to, project_id, topic, is_reply"
    rows = dbt.ref("int_mail_messages").project(columns).fetchall()
    found = threads(
        [
            Message(message_id, sent_at, references or (), in_reply_to, project_id, topic, bool(is_reply))
            for message_id, sent_at, references, in_reply_to, project_id, topic, is_reply in rows
        ]
    )
    return pa.table(
        {
            "project_id": pa.array([row[4] for row in rows], pa.string()),
            "message_id": pa.array([row[0] for row in rows], pa.string()),
            "thread_id": pa.array([thread for thread, _ in found], pa.string()),
            "rule": pa.array([rule for _, rule in found], pa.string()),
        }
    )
