-- Whoever came to an event and was seen in the year before, beside somebody from outside who was like them then and did
-- not come, as far as we know: the same main project and level, seen once or more often, about the same time since the
-- first and the last act, the same clock, at events of ours before or at none, and the same days to follow. Where nobody is
-- left, they stand alone.
{% set alike = ['event_id', 'project_id', 'level', 'tenure', 'seen', 'often', 'clock', 'has_visited'] %}

-- Who of several is taken is left to chance, the same one every night.
with drawn as (
    select
        *,
        row_number() over (
            partition by has_come, {{ alike | join(', ') }}
            order by md5(event_id || '|' || person_id), person_id
        ) as place
    from {{ ref('int_event_peers') }}
),

pairs as (
    select
        a.event_id, a.ends_on, a.level, a.person_id, o.person_id as other_person_id, a.merged_on,
        o.merged_on as other_merged_on
    from drawn as a
    left join drawn as o
        on not o.has_come and a.place = o.place
        {%- for trait in alike %} and a.{{ trait }} = o.{{ trait }}{% endfor %}
    where a.has_come
),

sides as (
    select event_id, ends_on, person_id from pairs
    union all
    select event_id, ends_on, other_person_id from pairs where other_person_id is not null
),

active as (
    select distinct s.event_id, s.person_id
    from sides as s
    join {{ ref('int_contribution_days') }} as d
        on s.person_id = d.person_id and d.segment = 'outside' and d.occurred_on between s.ends_on + 1 and s.ends_on + 90
    semi join {{ ref('int_scopes') }} as p on p.scope_kind = 'program' and d.project_id = p.project_id
),

came_later as (
    select distinct s.event_id, s.person_id
    from sides as s
    join {{ ref('int_event_visits') }} as v
        on s.person_id = v.person_id and v.starts_on between s.ends_on + 1 and s.ends_on + 90
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
    case when p.level <> 'D2' then coalesce(p.other_merged_on <= p.ends_on + 90, false) end as is_other_converted,
    l.person_id is not null as has_come_later,
    c.person_id is not null as has_other_come_later
from pairs as p
left join active as a on p.event_id = a.event_id and p.person_id = a.person_id
left join active as o on p.event_id = o.event_id and p.other_person_id = o.person_id
left join came_later as l on p.event_id = l.event_id and p.person_id = l.person_id
left join came_later as c on p.event_id = c.event_id and p.other_person_id = c.person_id
