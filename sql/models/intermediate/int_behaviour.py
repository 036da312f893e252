"""One row per person who says the same again and again, with what is counted of them and what it tells."""

from typing import Any

import pyarrow as pa

from ospo_metrics import automata
from ospo_metrics.automata import Behaviour

_COUNTS = """
with acts as (
    select i.person_id, a.source, a.project_id, a.act, a.conversation_key, a.kind, a.occurred_at, a.text_shape,
        a.kind in ('issue_opened', 'change_request_opened', 'discussion_opened', 'commented', 'reviewed',
            'message_sent') as is_said
    from all_acts as a
    left join identities as i on a.actor_kind = i.kind and a.actor = i.value
    where a.kind not in ('commit_authored', 'commit_merged', 'change_request_merged', 'talk_given')
),

talkative as (
    select person_id
    from acts
    where person_id is not null
    group by person_id
    having count(text_shape) >= $fewest_acts
),

repeating as (
    select
        person_id,
        count(*) filter (is_said) as acts,
        count(distinct epoch(occurred_at)::bigint // 86400) as days,
        count(distinct kind) as kinds,
        count(text_shape) as texts,
        count(distinct text_shape) as distinct_texts
    from acts
    semi join talkative using (person_id)
    group by person_id
    having count(distinct text_shape) <= $most_distinct_share * count(text_shape)
),

theirs as (
    select *, epoch(occurred_at) as second from acts semi join repeating using (person_id) where is_said
),

-- What somebody does to one conversation within two seconds is one act, such as a comment with a review.
separate as (
    select person_id, second
    from theirs
    window in_time as (partition by person_id order by second, act)
    qualify not coalesce(
        second - lag(second) over in_time <= 2 and conversation_key = lag(conversation_key) over in_time
        and project_id is not distinct from lag(project_id) over in_time, false
    )
),

pauses as (
    select person_id, median(pause) as median_pause_seconds
    from (select person_id, second - lag(second) over (partition by person_id order by second) as pause from separate)
    group by person_id
),

-- Whoever comes right after somebody else, in a conversation that one of these people took part in.
followed as (
    select person_id, count(*) as echoes
    from (
        select
            person_id,
            is_said and lag(person_id) over in_time is distinct from person_id
            and epoch(occurred_at) - lag(epoch(occurred_at)) over in_time <= $echo_seconds as is_echo
        from acts
        semi join theirs using (project_id, conversation_key)
        window in_time as (partition by project_id, conversation_key order by occurred_at, act)
    )
    where is_echo
    group by person_id
),

hours as (
    select person_id, second::bigint % 86400 // 3600 as hour, count(*) as acts from theirs group by all
),

nights as (
    select person_id, min(acts) as quiet_acts
    from (
        select p.person_id, h.hour, coalesce(sum(o.acts), 0) as acts
        from repeating as p
        cross join generate_series(0, 23) as h(hour)
        left join hours as o on p.person_id = o.person_id and (o.hour - h.hour + 24) % 24 < 8
        group by p.person_id, h.hour
    )
    group by person_id
),

timers as (
    select person_id, max(acts) as timed_acts
    from (select person_id, count(*) as acts from theirs group by person_id, second::bigint % 86400 // 600)
    group by person_id
)

select
    r.*, p.median_pause_seconds, coalesce(f.echoes, 0) as echoes, n.quiet_acts / r.acts as quiet_hours_share,
    t.timed_acts / r.acts as same_time_share
from repeating as r
join pauses as p on r.person_id = p.person_id
join nights as n on r.person_id = n.person_id
join timers as t on r.person_id = t.person_id
left join followed as f on r.person_id = f.person_id
order by r.person_id
"""


def model(dbt: Any, session: Any) -> pa.Table:
    all_acts = dbt.ref("int_acts")  # noqa: F841 - the query finds these two by their names
    identities = dbt.ref("int_identities")  # noqa: F841
    found = session.sql(
        _COUNTS,
        params={
            "fewest_acts": automata.FEWEST_ACTS,
            "most_distinct_share": automata.MOST_DISTINCT_SHARE,
            "echo_seconds": automata.ECHO_SECONDS,
        },
    ).to_arrow_table()
    counted = found.drop_columns("person_id").to_pylist()
    reasons = [automata.why_a_bot(Behaviour(**row)) for row in counted]
    return found.append_column("reason", pa.array(reasons, pa.string()))
