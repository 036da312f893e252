-- Of people from outside who came as attendees: who can be found in the communities, and why the others cannot.
with came as (
    select
        e.event_id, e.starts_on, e.ends_on,
        case s.match_status
            when 'same_address' then 'matched' when 'same_login' then 'matched' when 'unmatched' then 'not_found'
            when 'not_consented' then 'not_agreed' else s.match_status
        end as segment
    from {{ ref('int_event_seats') }} as s
    join {{ ref('dim_events') }} as e on s.event_id = e.event_id
    where s.status = 'attended' and e.starts_on is not null and not e.is_cancelled
),

counted as (
    select
        g.event_id, g.starts_on, g.ends_on, g.n, segment,
        (select count(*) from came as c where c.event_id = g.event_id and c.segment = s.segment) as k
    from (select event_id, starts_on, ends_on, count(*) as n from came group by all) as g
    cross join unnest(['matched', 'not_found', 'not_agreed', 'not_asked', 'no_address', 'let_go']) as s(segment)
),

judged as (
    select
        c.*,
        'event' as scope_kind,
        c.event_id as scope_id,
        c.starts_on as period_start,
        (greatest(c.ends_on, c.starts_on) + 1)::date as period_end,
        case
            when c.n < o.smallest_group then 'suppressed'
            else 'ok'
        end as status,
        case when c.n < o.smallest_group then 'Fewer than ' || o.smallest_group || ' people came.' end as reason
    from counted as c
    cross join {{ source('config', 'ospo') }} as o
)

{{ proportion_rows('identity_match_rate', 'judged') }}
