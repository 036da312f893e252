-- Whoever came to an event and was seen in the year before, and whoever may be like one of them: what is known of each
-- on the day before the event. Nobody who was one of our own in that year, and no bot. Of whom we had seen nothing nobody
-- can be like: who did nothing and stayed away is in no data.
{% set most = 2000 %}

with events as (
    select event_id, starts_on, ends_on
    from {{ ref('int_event_windows') }}
    where follow_days = 90 and new_status in ('ok', 'suppressed') and starts_on >= newness_known_from
),

came as (
    select distinct p.event_id, p.person_id
    from {{ ref('int_event_people') }} as p
    semi join events as e on p.event_id = e.event_id
    where p.person_id is not null
),

years_before as (
    select min(starts_on) - 365 as first_on, max(starts_on) - 1 as last_on from events
),

acts as (
    select
        d.*,
        year(d.occurred_on) as in_year,
        -- A number between 0 and 1 that is the same for a person every night.
        md5_number_lower(d.person_id) / 18446744073709551616 as draw
    from (
        select person_id, project_id, occurred_on, segment from {{ ref('int_contribution_days') }}
        union all
        select person_id, project_id, occurred_on, segment from {{ ref('int_interest_days') }}
    ) as d
    join years_before as y on d.occurred_on between y.first_on and y.last_on
    semi join {{ ref('int_scopes') }} as s on s.scope_kind = 'program' and d.project_id = s.project_id
),

-- Only who was seen in the main project of somebody who came can be like them.
places as (
    select event_id, starts_on, person_id, project_id
    from (
        select c.event_id, e.starts_on, c.person_id, a.project_id, count(*) as days
        from came as c
        join events as e on c.event_id = e.event_id
        join acts as a on c.person_id = a.person_id and a.occurred_on between e.starts_on - 365 and e.starts_on - 1
        group by all
    )
    qualify row_number() over (partition by event_id, person_id order by days desc, project_id desc) = 1
),

-- Of a project with very many people a part is enough.
crowds as (
    select project_id, in_year, approx_count_distinct(person_id) as people
    from acts
    group by project_id, in_year
),

shares as (
    select
        p.event_id, p.starts_on, p.project_id, c.in_year,
        {{ most }} / max(c.people) over (partition by p.event_id, p.project_id) as share
    from (select distinct event_id, starts_on, project_id from places) as p
    join crowds as c on p.project_id = c.project_id and c.in_year in (year(p.starts_on) - 1, year(p.starts_on))
),

seen as (
    select s.event_id, s.starts_on, s.project_id, a.person_id
    from shares as s
    join acts as a
        on s.project_id = a.project_id and s.in_year = a.in_year and a.draw <= s.share
        and a.occurred_on between s.starts_on - 365 and s.starts_on - 1

    union

    select event_id, starts_on, project_id, person_id from places
),

first_interests as (
    select person_id, min(occurred_on) as first_on from {{ ref('int_interest_days') }} group by person_id
),

-- What somebody did from the day of the event on is no trait of theirs before it: it may be what is asked for. A zero is
-- no clock until their first act of plus one, see fct_activities.
clock_days as (
    select
        person_id,
        case utc_offset_minutes
            when 0 then greatest(occurred_on, min(occurred_on) filter (utc_offset_minutes = 60) over (partition by person_id))
            else occurred_on
        end as known_on,
        case when utc_offset_minutes < -60 then 'west' when utc_offset_minutes < 240 then 'middle' else 'east' end as clock,
        acts
    from (
        select person_id, occurred_on, utc_offset_minutes, count(*) as acts
        from {{ ref('fct_activities') }}
        where utc_offset_minutes is not null and person_id in (select person_id from seen)
        group by all
    )
),

clocks as (
    select event_id, person_id, arg_max(clock, (acts, clock)) as clock
    from (
        select s.event_id, s.person_id, d.clock, sum(d.acts) as acts
        from (select distinct event_id, starts_on, person_id from seen) as s
        join clock_days as d on s.person_id = d.person_id and d.known_on < s.starts_on
        group by all
    )
    group by event_id, person_id
),

-- What tells most people apart is looked at first, for it needs no look at the year.
sketched as (
    select
        s.event_id,
        s.starts_on,
        s.person_id,
        s.project_id,
        p.person_id is not null as has_come,
        case when m.first_on < s.starts_on then 'D2' when c.first_on < s.starts_on then 'D1' else 'D0' end as level,
        case
            when least(c.first_on, i.first_on) >= s.starts_on - 90 then 'for 90 days'
            when least(c.first_on, i.first_on) >= s.starts_on - 365 then 'for a year'
            else 'for longer'
        end as tenure,
        coalesce(k.clock, 'unknown') as clock,
        case when m.segment = 'outside' and m.first_on >= s.starts_on then m.first_on end as merged_on
    from seen as s
    left join places as p
        on s.event_id = p.event_id and s.person_id = p.person_id and s.project_id = p.project_id
    left join first_interests as i on s.person_id = i.person_id
    left join {{ ref('int_first_contributions') }} as c on c.scope_kind = 'program' and s.person_id = c.person_id
    left join {{ ref('int_first_merges') }} as m on s.person_id = m.person_id
    left join clocks as k on s.event_id = k.event_id and s.person_id = k.person_id
),

alike as (
    select s.*
    from sketched as s
    semi join (select * from sketched where has_come) as a
        on s.event_id = a.event_id and s.project_id = a.project_id and s.level = a.level and s.tenure = a.tenure
        and s.clock = a.clock
),

years as (
    select
        s.event_id,
        s.person_id,
        a.project_id,
        count(*) as days,
        min(a.occurred_on) as first_on,
        max(a.occurred_on) as last_on,
        bool_and(a.segment = 'outside') as is_outside
    from (select distinct event_id, starts_on, person_id from alike) as s
    join acts as a on s.person_id = a.person_id and a.occurred_on between s.starts_on - 365 and s.starts_on - 1
    group by s.event_id, s.person_id, a.project_id
),

homes as (
    select
        event_id,
        person_id,
        arg_max(project_id, (days, project_id)) as project_id,
        min(first_on) as first_on,
        max(last_on) as last_on
    from years
    group by event_id, person_id
    having bool_and(is_outside)
),

-- Only what was known when the event began makes people alike. Where they went later is on either side a part of what
-- followed: whoever left them out would choose by what became of them.
visited as (
    select distinct a.event_id, a.person_id
    from alike as a
    join {{ ref('int_event_visits') }} as v on a.person_id = v.person_id and v.starts_on < a.starts_on
)

select
    a.event_id,
    e.starts_on,
    e.ends_on,
    a.person_id,
    a.has_come,
    a.project_id,
    a.level,
    a.tenure,
    a.clock,
    b.person_id is not null as has_visited,
    case
        when h.last_on >= e.starts_on - 30 then 'in 30 days'
        when h.last_on >= e.starts_on - 90 then 'in 90 days'
        else 'before'
    end as seen,
    case when h.first_on = h.last_on then 'once' else 'more often' end as often,
    a.merged_on
from alike as a
join homes as h on a.event_id = h.event_id and a.person_id = h.person_id and a.project_id = h.project_id
join events as e on a.event_id = e.event_id
left join visited as b on a.event_id = b.event_id and a.person_id = b.person_id
where a.has_come or not exists (
    from {{ ref('int_event_visits') }} as v
    where v.event_id = a.event_id and v.person_id = a.person_id
)
