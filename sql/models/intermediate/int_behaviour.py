"""One row per person who says the same again and again, with what is counted of them and what it tells."""

from typing import Any

import pyarrow as pa

from ospo_metrics import automata
from ospo_metrics.automata import Behaviour

_COUNTS = """
-- Numbers in place of the ids of people and conversations.
with acts as (
    select
        i.person, a.act, a.kind, epoch(a.occurred_at) as second, a.text_shape,
        case when a.conversation_key is not null then hash(a.project_id, a.conversation_key) end as conversation,
        a.kind in ('issue_opened', 'change_request_opened', 'discussion_opened', 'commented', 'reviewed',
            'message_sent') as is_said
    from all_acts as a
    left join (select kind, value, hash(person_id) as person from identities) as i
        on a.actor_kind = i.kind and a.actor = i.value
    where a.kind not in ('commit_authored', 'commit_merged', 'change_request_merged', 'talk_given')
),

talkative as (
    select person
    from acts
    where person is not null
    group by person
    having count(text_shape) >= $fewest_acts
),

repeating as (
    select
        person,
        count(*) filter (is_said) as acts,
        count(distinct second::bigint // 86400) as days,
        count(distinct kind) as kinds,
        count(text_shape) as texts,
        count(distinct text_shape) as distinct_texts
    from acts
    semi join talkative using (person)
    group by person
    having count(distinct text_shape) <= $most_distinct_share * count(text_shape)
),

theirs as (
    select * from acts semi join repeating using (person) where is_said
),

-- What somebody does to one conversation within two seconds is one act, such as a comment with a review.
separate as (
    select person, second
    from theirs
    window in_time as (partition by person order by second, act)
    qualify not coalesce(
        second - lag(second) over in_time <= 2 and conversation = lag(conversation) over in_time, false
    )
),

pauses as (
    select person, median(pause) as median_pause_seconds
    from (select person, second - lag(second) over (partition by person order by second) as pause from separate)
    group by person
),

-- Whoever comes right after somebody else, in a conversation that one of these people took part in.
followed as (
    select person, count(*) as echoes
    from (
        select
            person,
            is_said and lag(person) over in_time is distinct from person
            and second - lag(second) over in_time <= $echo_seconds as is_echo
        from acts
        semi join (select distinct conversation from theirs) using (conversation)
        window in_time as (partition by conversation order by second, act)
    )
    where is_echo
    group by person
),

hours as (
    select person, second::bigint % 86400 // 3600 as hour, count(*) as acts from theirs group by all
),

nights as (
    select person, min(acts) as quiet_acts
    from (
        select p.person, h.hour, coalesce(sum(o.acts), 0) as acts
        from repeating as p
        cross join generate_series(0, 23) as h(hour)
        left join hours as o on p.person = o.person and (o.hour - h.hour + 24) % 24 < 8
        group by p.person, h.hour
    )
    group by person
),

timers as (
    select person, max(acts) as timed_acts
    from (select person, count(*) as acts from theirs group by person, second::bigint % 86400 // 600)
    group by person
)

select
    i.person_id, r.* exclude (person), p.median_pause_seconds, coalesce(f.echoes, 0) as echoes,
    n.quiet_acts / r.acts as quiet_hours_share, t.timed_acts / r.acts as same_time_share
from repeating as r
join (select distinct person_id from identities) as i on r.person = hash(i.person_id)
join pauses as p on r.person = p.person
join nights as n on r.person = n.person
join timers as t on r.person = t.person
left join followed as f on r.person = f.person
order by i.person_id
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
