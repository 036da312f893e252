with asked as (
    select
        project_id,
        date_trunc('month', opened_on)::date as month,
        unnest(['everyone', case when is_opened_by_newcomer then 'newcomers' when not is_opened_by_newcomer then 'regulars' end])
            as segment,
        is_answered and waited_hours <= 48 as is_in_time
    from {{ ref('int_waits') }}
),

monthly as (
    select s.scope_kind, s.scope_id, a.month, a.segment, count(*) filter (a.is_in_time) as k, count(*) as n
    from asked as a
    join {{ ref('int_scopes') }} as s on a.project_id = s.project_id
    where a.segment is not null
    group by all
),

owed as (
    select distinct scope_kind, scope_id, segment, scope_kind = 'project' as is_yearly
    from {{ ref('int_scopes') }}
    cross join unnest(['everyone', 'newcomers', 'regulars']) as o(segment)
),

counted as ({{ followed_counts('owed', 'monthly', 2) }}),

judged as (
    select
        c.* exclude (status, reason),
        case
            when not coalesce(t.has_conversations, false) then 'no_data'
            when status = 'ok' and segment <> 'everyone' and period_start < newness_known_from then 'refused'
            when status = 'ok' and n = 0 then 'no_data'
            else status
        end as status,
        case
            when not coalesce(t.has_conversations, false) then {{ no_conversations_told() }}
            when status = 'ok' and segment <> 'everyone' and period_start < newness_known_from
                then {{ newness_reason() }}
            when status = 'ok' and n = 0 then case segment
                when 'newcomers' then 'No newcomer opened a conversation in this period.'
                when 'regulars' then 'Nobody who had been here before opened a conversation in this period.'
                else 'Nobody from outside opened a conversation in this period.'
            end
            else reason
        end as reason
    from counted as c
    left join {{ ref('int_scope_tells') }} as t on c.scope_kind = t.scope_kind and c.scope_id = t.scope_id
)

{{ proportion_rows('answered_within_48h', 'judged') }}
