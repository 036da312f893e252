-- Of the people from outside who were active on two days or more in the twelve months before the month of an event, in a
-- community that it was for: how many worked by a clock no more than an hour from the event's. Clocks are compared in one
-- month, the last in which somebody's is known, so that summer time moves nobody.
{% set tolerance_minutes = 60 %}

with places as (
    select * from {{ ref('int_event_places') }}
),

-- An event that names no community is for all of them.
audiences as (
    select p.event_id, c.community_id as scope_id, 'community' as scope_kind
    from places as p
    join {{ ref('event_communities') }} as c on p.event_id = c.event_id

    union all

    select p.event_id, 'program', 'program'
    from places as p
    anti join {{ ref('event_communities') }} as c on p.event_id = c.event_id
),

spans as (
    select
        a.event_id as object_id, 'event' as object_kind, a.scope_kind, a.scope_id,
        (date_trunc('month', p.starts_on) - interval 12 month)::date as from_month,
        date_trunc('month', p.starts_on)::date as to_month
    from audiences as a
    join places as p on a.event_id = p.event_id

    union all

    select period_end::varchar, 'program', scope_kind, scope_id, period_start, period_end
    from {{ ref('int_scope_periods') }}
    where scope_kind = 'program' and grain = 'year'
),

active as (
    select
        s.scope_kind, s.scope_id, d.person_id, date_trunc('month', d.occurred_on)::date as month,
        bit_count(bit_or(1::bigint << day(d.occurred_on))) as days
    from {{ ref('int_contribution_days') }} as d
    join {{ ref('int_scopes') }} as s on d.project_id = s.project_id and s.scope_kind in ('program', 'community')
    where d.segment = 'outside'
    group by all
),

engaged as (
    select distinct object_kind, object_id, from_month, to_month, person_id
    from (
        select s.object_kind, s.object_id, s.from_month, s.to_month, a.scope_id, a.person_id
        from spans as s
        join active as a
            on s.scope_kind = a.scope_kind and s.scope_id = a.scope_id
            and a.month >= s.from_month and a.month < s.to_month
        group by all
        having sum(a.days) >= 2
    )
),

clocks as (
    select
        e.object_kind, e.object_id, e.person_id,
        max(c.month) as month, arg_max(c.utc_offset_minutes, c.month) as utc_offset_minutes
    from engaged as e
    join {{ ref('int_person_clocks') }} as c
        on e.person_id = c.person_id and c.month >= e.from_month and c.month < e.to_month
    group by all
),

-- Which clocks a person is compared with: the event's, or those of all events of the year that were in a place.
compared as (
    select 'event' as object_kind, event_id as object_id, timezone
    from places
    where timezone is not null and not is_online and has_place

    union

    select 'program', y.period_end::varchar, p.timezone
    from {{ ref('int_scope_periods') }} as y
    join places as p
        on p.starts_on >= y.period_start and p.starts_on < y.period_end
        and p.timezone is not null and not p.is_online and p.has_place
    where y.scope_kind = 'program' and y.grain = 'year'
),

-- The middle of a month: clocks change near its ends.
offsets as (
    select
        c.object_kind, c.object_id, m.month,
        date_diff('minute', m.noon, (m.noon at time zone 'UTC') at time zone c.timezone) as utc_offset_minutes
    from compared as c
    join (
        select distinct object_kind, object_id, month, month::timestamp + interval 14 day + interval 12 hour as noon
        from clocks
    ) as m on c.object_kind = m.object_kind and c.object_id = m.object_id
),

counted as (
    select object_kind, object_id, count(*) as n, count(*) filter (is_near) as k
    from (
        select
            c.object_kind, c.object_id, c.person_id,
            coalesce(bool_or(abs(c.utc_offset_minutes - o.utc_offset_minutes) <= {{ tolerance_minutes }}), false) as is_near
        from clocks as c
        left join offsets as o
            on c.object_kind = o.object_kind and c.object_id = o.object_id and c.month = o.month
        group by all
    )
    group by object_kind, object_id
),

cells as (
    select
        event_id, 'program' as scope_kind, 'program' as scope_id,
        (date_trunc('month', starts_on) - interval 12 month)::date as period_start,
        date_trunc('month', starts_on)::date as known_from
    from places
),

missed as ({{ missed('cells', 'known_from') }}),

judged as (
    select
        'event' as scope_kind, p.event_id as scope_id, p.starts_on as period_start, p.ends_before as period_end,
        'near' as segment, c.k, c.n,
        case
            when p.is_online then 'refused'
            when not p.has_place or p.timezone is null then 'no_data'
            when m.missed_from is not null then 'too_early'
            when e.period_start < date_trunc('month', h.history_starts_on) then 'refused'
            when coalesce(c.n, 0) = 0 then 'no_data'
            when c.n < o.smallest_group then 'suppressed'
            else 'ok'
        end as status,
        case
            when p.is_online then 'The event was online, so it was near nobody and everybody.'
            when not p.has_place then 'Nobody says where the event was.'
            when p.timezone is null then 'No calendar says in which time zone the event was.'
            when m.missed_from is not null
                then 'Too early: it can be told once the data'
                    || case when m.is_behind_others then ' of ' || m.missed_project else '' end || ' reach to '
                    || {{ day('e.known_from') }} || '.'
            when e.period_start < date_trunc('month', h.history_starts_on)
                then 'The data begin on ' || {{ day('h.history_starts_on') }}
                    || ', so they hold a part of the twelve months before the event only.'
            when coalesce(c.n, 0) = 0
                then 'Of nobody who was active on two days or more in the twelve months before is the clock known.'
            when c.n < o.smallest_group
                then 'Of fewer than ' || o.smallest_group || ' people who were active in the twelve months before is the clock known.'
        end as reason
    from places as p
    join cells as e on p.event_id = e.event_id
    cross join {{ source('config', 'ospo') }} as o
    left join {{ ref('int_scope_history') }} as h on h.scope_kind = 'program'
    left join counted as c on c.object_kind = 'event' and p.event_id = c.object_id
    left join missed as m on e.period_start = m.period_start and e.known_from = m.known_from

    union all

    select
        y.scope_kind, y.scope_id, y.period_start, y.period_end, 'near', c.k, c.n,
        case
            when y.status <> 'ok' then y.status
            when w.object_id is null or coalesce(c.n, 0) = 0 then 'no_data'
            when c.n < o.smallest_group then 'suppressed'
            else 'ok'
        end,
        case
            when y.status <> 'ok' then y.reason
            when w.object_id is null then 'Of no event of ours in these twelve months is it known in which place and time zone it was.'
            when coalesce(c.n, 0) = 0 then 'Of nobody who was active on two days or more in these twelve months is the clock known.'
            when c.n < o.smallest_group
                then 'Of fewer than ' || o.smallest_group || ' people who were active in these twelve months is the clock known.'
        end
    from {{ ref('int_scope_periods') }} as y
    cross join {{ source('config', 'ospo') }} as o
    left join counted as c on c.object_kind = 'program' and y.period_end::varchar = c.object_id
    left join (select distinct object_id from compared where object_kind = 'program') as w
        on y.period_end::varchar = w.object_id
    where y.scope_kind = 'program' and y.grain = 'year'
)

{{ proportion_rows('event_place_fit', 'judged') }}
