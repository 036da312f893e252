-- A duplicate is no case of its own, so it is left out where it was closed as one in time; a label for spam is taken as it
-- stands today.
with reported as (
    select
        project_id,
        date_trunc('month', opened_on)::date as month,
        case when {{ within_days('opened_at', 'settled_at', 30) }} then outcome else 'still_open' end as outcome
    from {{ ref('int_conversation_outcomes') }}
    where kind = 'issue' and not is_spam
),

monthly as (
    select
        s.scope_kind, s.scope_id, r.month, o.segment,
        count(*) filter (r.outcome = o.segment) as k, count(*) as n
    from reported as r
    join {{ ref('int_scopes') }} as s on r.project_id = s.project_id
    cross join unnest(['completed', 'not_planned', 'still_open']) as o(segment)
    where r.outcome <> 'duplicate'
    group by all
),

owed as (
    select distinct s.scope_kind, s.scope_id, o.segment, s.scope_kind = 'project' as is_yearly
    from {{ ref('int_scopes') }} as s
    join {{ ref('int_projects') }} as p on s.project_id = p.project_id and p.kind = 'repository'
    cross join unnest(['completed', 'not_planned', 'still_open']) as o(segment)
),

counted as ({{ followed_counts('owed', 'monthly', 30) }}),

judged as (
    select
        c.* exclude (status, reason),
        case when not coalesce(t.has_tracker, false) or (status = 'ok' and n = 0) then 'no_data' else status end as status,
        case
            when not coalesce(t.has_tracker, false) then {{ no_tracker_told() }}
            when status = 'ok' and n = 0 then 'Nobody from outside opened an issue in this period.'
            else reason
        end as reason
    from counted as c
    left join {{ ref('int_scope_tells') }} as t on c.scope_kind = t.scope_kind and c.scope_id = t.scope_id
)

{{ proportion_rows('resolution_rate_30d', 'judged') }}
