with judged as (
    select
        'event' as scope_kind,
        a.event_id as scope_id,
        a.period_start,
        a.period_end,
        'everyone' as segment,
        a.came as k,
        a.registered as n,
        case
            when a.ends_on >= a.read_on then 'too_early'
            when a.came = 0 then 'no_data'
            when a.registered < o.smallest_group then 'suppressed'
            else 'ok'
        end as status,
        case
            when a.ends_on >= a.read_on then 'The list was read before the event was over.'
            when a.came = 0 then 'The list has no mark of anybody who came.'
            when a.registered < o.smallest_group then 'Fewer than ' || o.smallest_group || ' people had registered.'
        end as reason
    from {{ ref('int_event_audience') }} as a
    cross join {{ source('config', 'ospo') }} as o
)

{{ proportion_rows('show_up_rate', 'judged') }}
