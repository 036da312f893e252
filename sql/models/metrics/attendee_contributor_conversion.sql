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
        * exclude (status, reason),
        'day_' || follow_days as segment,
        case when status = 'ok' and n = 0 then 'no_data' else status end as status,
        case when status = 'ok' and n = 0
            then 'Of everybody who came and can be looked for, something had been merged before.'
            else reason end as reason
    from owed
),

-- Whoever cannot be looked for may have had something merged before, and may have had since.
bounded as (
    select * exclude (segment) replace (n + unknown as n), 'all_' || follow_days as segment
    from judged
)

{{ proportion_rows('attendee_contributor_conversion', 'judged') }}

union all

{{ bounds_rows('attendee_contributor_conversion', 'bounded') }}
