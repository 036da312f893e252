-- Of people from outside who were there as attendees: registered, came, did something, were still here. Who had not
-- agreed to be measured is in the first step only. The day of the event counts; "still here" is what it is for newcomers:
-- something between 30 days before and 30 days after the 365th.
with read_on as (
    select coalesce(max(last_success_at), now())::date as read_on
    from {{ source('meta', 'sources') }}
    where source = 'attendance'
),

held as (
    select
        e.event_id, e.starts_on, e.ends_on,
        count(*) filter (s.is_told) as registered,
        count(*) filter (s.status = 'attended') as came,
        count(*) filter (s.status = 'attended' and s.has_consented) as agreed,
        count(*) filter (s.status = 'attended' and s.is_measured) as measured,
        count(*) filter (s.status = 'attended' and s.match_status = 'let_go') as let_go,
        count(s.has_consented) > 0 as has_asked
    from {{ ref('int_event_seats') }} as s
    join {{ ref('dim_events') }} as e on s.event_id = e.event_id
    where e.starts_on is not null and not e.is_cancelled
    group by all
),

windows as (
    select unnest([
        {'segment': 'day_30', 'first_day': 0, 'last_day': 30},
        {'segment': 'day_90', 'first_day': 0, 'last_day': 90},
        {'segment': 'day_180', 'first_day': 0, 'last_day': 180},
        {'segment': 'year', 'first_day': 335, 'last_day': 395},
    ], recursive := true)
),

cells as (
    select
        h.*, w.segment, w.first_day, w.last_day,
        'program' as scope_kind, 'program' as scope_id, h.starts_on as period_start,
        (h.starts_on + (w.last_day + 1)::integer)::date as known_from
    from held as h
    cross join windows as w
),

missed as ({{ missed('cells', 'known_from') }}),

did as (
    select c.event_id, c.segment, count(distinct s.person_id) as did
    from cells as c
    join {{ ref('int_event_seats') }} as s on c.event_id = s.event_id and s.status = 'attended' and s.is_measured
    join {{ ref('int_contribution_days') }} as d
        on s.person_id = d.person_id and d.segment = 'outside'
        and d.occurred_on between c.starts_on + c.first_day::integer and c.starts_on + c.last_day::integer
    join {{ ref('int_scopes') }} as p on p.scope_kind = 'program' and d.project_id = p.project_id
    group by c.event_id, c.segment
),

steps as (
    select
        h.event_id, h.starts_on, h.ends_on, 'came' as segment, h.came as k, h.registered as n,
        case
            when h.ends_on >= r.read_on then 'too_early'
            when h.came = 0 then 'no_data'
            when h.registered < o.smallest_group then 'suppressed'
            else 'ok'
        end as status,
        case
            when h.ends_on >= r.read_on then 'The list was read before the event was over.'
            when h.came = 0 then 'The list has no mark of anybody who came.'
            when h.registered < o.smallest_group then 'Fewer than ' || o.smallest_group || ' people had registered.'
        end as reason
    from held as h
    cross join read_on as r
    cross join {{ source('config', 'ospo') }} as o

    union all

    select
        c.event_id, c.starts_on, c.ends_on, c.segment, coalesce(d.did, 0), c.measured,
        case
            when m.missed_from is not null or c.ends_on >= r.read_on then 'too_early'
            when c.measured = 0 then 'no_data'
            when c.measured < o.smallest_group then 'suppressed'
            else 'ok'
        end,
        case
            when c.ends_on >= r.read_on then 'The list was read before the event was over.'
            when m.missed_from is not null
                then 'Too early: it can be told once the data'
                    || case when m.is_behind_others then ' of ' || m.missed_project else '' end || ' reach to '
                    || {{ day('c.known_from') }} || '.'
            when c.came = 0 then 'The list has no mark of anybody who came.'
            when not c.has_asked then 'The form did not ask whether people agree to be measured.'
            when c.agreed = 0 then 'Nobody who came has agreed to be measured.'
            when c.measured = 0 and c.let_go > 0 then 'It is too long ago: who came is no longer known.'
            when c.measured = 0 then 'The list has no addresses, so nobody can be looked for.'
            when c.measured < o.smallest_group
                then 'Fewer than ' || o.smallest_group || ' of those who came can be looked for.'
        end
    from cells as c
    cross join read_on as r
    cross join {{ source('config', 'ospo') }} as o
    left join did as d on c.event_id = d.event_id and c.segment = d.segment
    left join missed as m
        on c.period_start = m.period_start and c.known_from = m.known_from
),

placed as (
    select
        *, 'event' as scope_kind, event_id as scope_id, starts_on as period_start,
        (greatest(ends_on, starts_on) + 1)::date as period_end
    from steps
)

{{ proportion_rows('event_outcomes', 'placed') }}
