with counted as (
    select
        w.event_id, w.follow_days,
        count(p.event_id) as n,
        count(*) filter (p.merged_on <= p.ends_on + w.follow_days) as k
    from {{ ref('int_event_windows') }} as w
    left join {{ ref('int_event_people') }} as p on w.event_id = p.event_id and p.is_unmerged
    group by w.event_id, w.follow_days
),

owed as (
    select
        'event' as scope_kind,
        w.event_id as scope_id,
        w.period_start,
        w.period_end,
        w.follow_days,
        c.k,
        c.n,
        w.came - w.measured as unknown,
        w.new_status as status,
        w.new_reason as reason
    from {{ ref('int_event_windows') }} as w
    join counted as c on w.event_id = c.event_id and w.follow_days = c.follow_days
),

judged as (
    select
        o.* exclude (status, reason),
        'day_' || o.follow_days as segment,
        case
            when not coalesce(t.has_changes, false) or (o.status = 'ok' and o.n = 0) then 'no_data'
            else o.status
        end as status,
        case
            when not coalesce(t.has_changes, false) then {{ no_changes_told() }}
            when o.status = 'ok' and o.n = 0
                then 'Of everybody who came and can be looked for, something had been merged before.'
            else o.reason
        end as reason
    from owed as o
    left join {{ ref('int_scope_tells') }} as t on t.scope_kind = 'program'
),

-- Whoever cannot be looked for may have had something merged before, and may have had since.
bounded as (
    select * exclude (segment) replace (n + unknown as n), 'all_' || follow_days as segment
    from judged
)

{{ proportion_rows('attendee_contributor_conversion', 'judged') }}

union all

{{ bounds_rows('attendee_contributor_conversion', 'bounded') }}
