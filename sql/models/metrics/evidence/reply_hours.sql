-- How many conversations began at an hour is not told: so what is refused does not follow from the others.
{% set soon_hours = 12 %}
-- With fewer than six conversations no interval of a median reaches 95 %.
{% set fewest = 6 %}

with owed as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, p.status, p.reason, h.hour_utc,
        greatest(o.smallest_group, {{ fewest }}) as fewest
    from {{ ref('int_scope_periods') }} as p
    cross join (select unnest(range(24))::integer as hour_utc) as h
    cross join {{ source('config', 'ospo') }} as o
    where p.scope_kind in ('program', 'community') and p.grain = 'year'
),

judged as (
    select
        o.* exclude (status),
        m.median_hours, m.lower_hours, m.upper_hours,
        coalesce(t.has_conversations, false) as has_conversations,
        case
            when not coalesce(t.has_conversations, false) then 'no_data'
            when o.status <> 'ok' then o.status
            when m.conversations is null then 'no_data'
            when m.conversations < o.fewest then 'refused'
            else 'ok'
        end as status
    from owed as o
    left join {{ ref('int_scope_tells') }} as t on o.scope_kind = t.scope_kind and o.scope_id = t.scope_id
    left join {{ ref('int_reply_hours') }} as m
        on o.scope_kind = m.scope_kind and o.scope_id = m.scope_id and o.period_start = m.period_start
        and o.period_end = m.period_end and o.hour_utc = m.hour_utc
)

select
    'timezone_coverage' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    'everyone' as segment,
    hour_utc,
    case when status = 'ok' then median_hours end as median_hours,
    case when status = 'ok' then lower_hours end as lower_hours,
    case when status = 'ok' then upper_hours end as upper_hours,
    case when status <> 'ok' then 'unknown' when median_hours < {{ soon_hours }} then 'yes' else 'no' end as answered_soon,
    count(*) filter (status = 'ok' and median_hours < {{ soon_hours }}) over period as hours_answered_soon,
    count(*) filter (status = 'ok') over period as hours_known,
    status,
    case status
        when 'no_data' then case when has_conversations then 'Nobody from outside opened a conversation at this hour.'
            else {{ no_conversations_told() }} end
        when 'refused' then 'Fewer than ' || fewest || ' conversations were opened at this hour, and a typical waiting time '
            || 'of so few says nothing.'
        when 'ok' then null
        else reason
    end as reason
from judged
window period as (partition by scope_kind, scope_id, period_start, period_end)
