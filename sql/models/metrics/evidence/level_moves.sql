-- From which level to which people went between two quarters. Moves that fewer than smallest_group people made are told
-- together, as from and to `few`, where they are enough together. Where no source tells of a level nobody moves.
with quarters as (
    select q.scope_kind, q.scope_id, q.period_start, q.period_end, b.period_start as before
    from {{ ref('int_scope_quarters') }} as q
    join {{ ref('int_scope_quarters') }} as b
        on q.scope_kind = b.scope_kind and q.scope_id = b.scope_id and q.period_start = b.period_end
    join {{ ref('int_scope_tells') }} as t
        on q.scope_kind = t.scope_kind and q.scope_id = t.scope_id and t.has_conversations and t.has_changes
    where q.status = 'ok' and b.status = 'ok'
),

levels as (
    select scope_kind, scope_id, person_id, quarter, 'd' || level as level from {{ ref('int_level_quarters') }}
),

sides as (
    select q.scope_kind, q.scope_id, q.period_start, q.period_end, l.person_id, l.level as to_level, null as from_level
    from quarters as q
    join levels as l on q.scope_kind = l.scope_kind and q.scope_id = l.scope_id and q.period_start = l.quarter

    union all

    select q.scope_kind, q.scope_id, q.period_start, q.period_end, l.person_id, null, l.level
    from quarters as q
    join levels as l on q.scope_kind = l.scope_kind and q.scope_id = l.scope_id and q.before = l.quarter
),

people as (
    select
        scope_kind, scope_id, period_start, period_end, person_id,
        coalesce(max(from_level), 'none') as from_level, coalesce(max(to_level), 'none') as to_level
    from sides
    group by scope_kind, scope_id, period_start, period_end, person_id
),

moves as (
    select scope_kind, scope_id, period_start, period_end, from_level, to_level, count(*) as people
    from people
    group by all
),

folded as (
    select
        m.scope_kind, m.scope_id, m.period_start, m.period_end,
        case when m.people < o.smallest_group then 'few' else m.from_level end as from_level,
        case when m.people < o.smallest_group then 'few' else m.to_level end as to_level,
        sum(m.people)::bigint as people,
        any_value(o.smallest_group) as smallest_group
    from moves as m
    cross join {{ source('config', 'ospo') }} as o
    group by all
)

select
    'engagement_level_mix' as metric, scope_kind, scope_id, period_start, period_end, to_level as segment, from_level,
    to_level, people
from folded
where people >= smallest_group
