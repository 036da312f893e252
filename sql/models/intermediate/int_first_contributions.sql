-- The day of each person's first contribution to each scope, and for whom it counts. Whoever is first seen on a mailing
-- list in the first year of its archive may have been there long before: for a scope that is older than the archive
-- nobody can tell, and the segment says so.
-- Pairs are compared as one number each: first the day, then the name.
{% set segments = ['agents', 'bots', 'outside', 'own'] %}

with numbered as (
    select
        scope_kind, scope_id, project_id, dense_rank() over (order by scope_kind, scope_id)::integer as scope,
        dense_rank() over (order by project_id)::bigint as project
    from {{ ref('int_scopes') }}
),

in_projects as (
    select
        project_id, person_id,
        min(
            datediff('day', date '1970-01-01', occurred_on) * {{ segments | length }}
            + list_position({{ segments }}, segment) - 1
        ) as day_and_segment
    from {{ ref('int_contribution_days') }}
    group by project_id, person_id
),

numbers as (
    select
        n.scope, p.person_id, min(p.day_and_segment) as day_and_segment,
        min((p.day_and_segment // {{ segments | length }} << 32) + n.project) as day_and_project
    from in_projects as p
    join numbered as n on p.project_id = n.project_id
    group by n.scope, p.person_id
),

firsts as (
    select
        s.scope_kind, s.scope_id, n.person_id, j.project_id as first_project_id,
        date '1970-01-01' + (n.day_and_segment // {{ segments | length }})::integer as first_on,
        {{ segments }}[n.day_and_segment % {{ segments | length }} + 1] as segment
    from numbers as n
    join (select distinct scope, scope_kind, scope_id from numbered) as s on n.scope = s.scope
    join (select distinct project, project_id from numbered) as j on n.day_and_project & ((1::bigint << 32) - 1) = j.project
)

select
    f.scope_kind,
    f.scope_id,
    f.person_id,
    f.first_on as first_on,
    case
        when p.kind = 'mailing_list' and f.first_on < l.newness_known_from
            and h.history_starts_on < l.history_starts_on - 30 then 'unknown'
        else f.segment
    end as segment
from firsts as f
join {{ ref('dim_projects') }} as p on f.first_project_id = p.project_id
join {{ ref('int_scope_history') }} as h on f.scope_kind = h.scope_kind and f.scope_id = h.scope_id
join {{ ref('int_scope_history') }} as l on l.scope_kind = 'project' and f.first_project_id = l.scope_id
