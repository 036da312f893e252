with counted as (
    select event_id, count(*) as n, count(*) filter (next_on <= ends_on + 30) as k
    from {{ ref('int_event_people') }}
    where is_new
    group by event_id
),

judged as (
    select
        'event' as scope_kind,
        w.event_id as scope_id,
        w.period_start,
        w.period_end,
        'everyone' as segment,
        coalesce(c.k, 0) as k,
        coalesce(c.n, 0) as n,
        case when w.new_status = 'ok' and c.n is null then 'no_data' else w.new_status end as status,
        case when w.new_status = 'ok' and c.n is null then 'Of those who came, nobody who can be looked for was new.'
            else w.new_reason end as reason
    from {{ ref('int_event_windows') }} as w
    left join counted as c on w.event_id = c.event_id
    where w.follow_days = 30
)

{{ proportion_rows('attendee_activation_rate_30d', 'judged') }}
