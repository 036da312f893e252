-- Whoever came to an event and was seen in the year before, beside somebody from outside who was like them then and came
-- to no event of ours up to the end of the 90 days, as far as we know: the same main project and level, seen once or more
-- often, about the same time since the first and the last act, the same clock, and the same days to follow. Where nobody
-- is left, they stand alone. Of whom we had seen nothing nobody can be like: who did nothing and stayed away is in no
-- data.
{% set alike = ['event_id', 'project_id', 'level', 'tenure', 'seen', 'often', 'clock'] %}

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
    select d.*
    from (
        select person_id, project_id, occurred_on, segment from {{ ref('int_contribution_days') }}
        union all
        select person_id, project_id, occurred_on, segment from {{ ref('int_interest_days') }}
    ) as d
    join years_before as y on d.occurred_on between y.first_on and y.last_on
    semi join {{ ref('int_scopes') }} as s on s.scope_kind = 'program' and d.project_id = s.project_id
),

-- Only who was seen in a project of those who came can be like them.
places as (
    select distinct c.event_id, a.project_id
    from came as c
    join events as e on c.event_id = e.event_id
    join acts as a on c.person_id = a.person_id and a.occurred_on between e.starts_on - 365 and e.starts_on - 1
),

seen as (
    select distinct p.event_id, a.person_id
    from places as p
    join events as e on p.event_id = e.event_id
    join acts as a on p.project_id = a.project_id and a.occurred_on between e.starts_on - 365 and e.starts_on - 1
),

-- Nobody who was ours on a day of that year, and no bot.
years as (
    select
        s.event_id,
        s.person_id,
        a.project_id,
        count(distinct a.occurred_on) as days,
        max(a.occurred_on) as last_on,
        bool_and(a.segment = 'outside') as is_outside
    from seen as s
    join events as e on s.event_id = e.event_id
    join acts as a on s.person_id = a.person_id and a.occurred_on between e.starts_on - 365 and e.starts_on - 1
    group by s.event_id, s.person_id, a.project_id
),

homes as (
    select
        event_id,
        person_id,
        arg_max(project_id, (days, project_id)) as project_id,
        sum(days) as days,
        max(last_on) as last_on
    from years
    group by event_id, person_id
    having bool_and(is_outside)
),

first_interests as (
    select person_id, min(occurred_on) as first_on
    from {{ ref('int_interest_days') }}
    where person_id in (select person_id from homes)
    group by person_id
),

clocks as (
    select
        person_id,
        mode(case when utc_offset_minutes < -60 then 'west' when utc_offset_minutes < 240 then 'middle' else 'east' end)
            as clock
    from {{ ref('fct_activities') }}
    where utc_offset_minutes is not null and person_id in (select person_id from homes)
    group by person_id
),

described as (
    select
        h.event_id,
        h.person_id,
        e.starts_on,
        e.ends_on,
        h.project_id,
        case when m.first_on < e.starts_on then 'D2' when c.first_on < e.starts_on then 'D1' else 'D0' end as level,
        case
            when least(c.first_on, f.first_on) >= e.starts_on - 90 then 'for 90 days'
            when least(c.first_on, f.first_on) >= e.starts_on - 365 then 'for a year'
            else 'for longer'
        end as tenure,
        case
            when h.last_on >= e.starts_on - 30 then 'in 30 days'
            when h.last_on >= e.starts_on - 90 then 'in 90 days'
            else 'before'
        end as seen,
        case when h.days = 1 then 'once' else 'more often' end as often,
        coalesce(k.clock, 'unknown') as clock,
        case when m.segment = 'outside' and m.first_on >= e.starts_on then m.first_on end as merged_on,
        t.person_id is not null as has_come
    from homes as h
    join events as e on h.event_id = e.event_id
    left join first_interests as f on h.person_id = f.person_id
    left join {{ ref('int_first_contributions') }} as c on c.scope_kind = 'program' and h.person_id = c.person_id
    left join {{ ref('int_first_merges') }} as m on h.person_id = m.person_id
    left join clocks as k on h.person_id = k.person_id
    left join came as t on h.event_id = t.event_id and h.person_id = t.person_id
),

-- Who of several is taken is left to chance, the same one every night.
drawn as (
    select
        *,
        row_number() over (
            partition by has_come, {{ alike | join(', ') }}
            order by md5(event_id || '|' || person_id), person_id
        ) as place
    from described as d
    where has_come or not exists (
        from {{ ref('int_event_visits') }} as v
        where v.person_id = d.person_id and v.starts_on <= d.ends_on + 90
    )
),

pairs as (
    select
        a.event_id, a.starts_on, a.ends_on, a.level,
        a.person_id, o.person_id as other_person_id,
        a.merged_on, o.merged_on as other_merged_on
    from drawn as a
    left join drawn as o
        on not o.has_come and a.place = o.place
        {%- for trait in alike %} and a.{{ trait }} = o.{{ trait }}{% endfor %}
    where a.has_come
),

active as (
    select distinct s.event_id, s.person_id
    from (
        select event_id, ends_on, person_id from pairs
        union all
        select event_id, ends_on, other_person_id from pairs where other_person_id is not null
    ) as s
    join {{ ref('int_contribution_days') }} as d
        on s.person_id = d.person_id and d.segment = 'outside' and d.occurred_on between s.ends_on + 1 and s.ends_on + 90
    semi join {{ ref('int_scopes') }} as p on p.scope_kind = 'program' and d.project_id = p.project_id
)

select
    p.event_id,
    p.ends_on,
    p.person_id,
    p.other_person_id,
    p.level,
    a.person_id is not null as is_active,
    o.person_id is not null as is_other_active,
    case when p.level <> 'D2' then coalesce(p.merged_on <= p.ends_on + 90, false) end as is_converted,
    case when p.level <> 'D2' then coalesce(p.other_merged_on <= p.ends_on + 90, false) end as is_other_converted
from pairs as p
left join active as a on p.event_id = a.event_id and p.person_id = a.person_id
left join active as o on p.event_id = o.event_id and p.other_person_id = o.person_id
