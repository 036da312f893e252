"""One row per message: the first message of its thread, and the rule that put it there."""

from typing import Any

import pyarrow as pa

from ospo_metrics.mail_threads import SHAPE, threads


def model(dbt: Any, session: Any) -> pa.Table:
    columns = (
        "message_id, epoch(sent_at) as sent_at, message_references, in_reply_to, project_id, topic, is_reply"
    )
    messages = dbt.ref("int_mail_messages").project(columns).to_arrow_table().cast(SHAPE)
    found = threads(messages)
    return pa.table(
        {
            "project_id": messages["project_id"],
            "message_id": messages["message_id"],
            "thread_id": found["thread_id"],
            "rule": found["rule"],
        }
    )
