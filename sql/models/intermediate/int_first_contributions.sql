-- The day of each person's first contribution to each scope, and for whom it counts. Whoever is first seen on a mailing
-- list in the first year of its archive may have been there long before: for a scope that is older than the archive
-- nobody can tell, and the segment says so.
with in_projects as (
    select project_id, person_id, min({'first_on': occurred_on, 'segment': segment}) as contribution
    from {{ ref('int_contribution_days') }}
    group by project_id, person_id
),

firsts as (
    select
        s.scope_kind,
        s.scope_id,
        p.person_id,
        min(p.contribution) as contribution,
        arg_min(p.project_id, (p.contribution.first_on, p.project_id)) as first_project_id
    from in_projects as p
    join {{ ref('int_scopes') }} as s on p.project_id = s.project_id
    group by s.scope_kind, s.scope_id, p.person_id
)

select
    f.scope_kind,
    f.scope_id,
    f.person_id,
    f.contribution.first_on as first_on,
    case
        when p.kind = 'mailing_list' and f.contribution.first_on < l.newness_known_from
            and h.history_starts_on < l.history_starts_on - 30 then 'unknown'
        else f.contribution.segment
    end as segment
from firsts as f
join {{ ref('dim_projects') }} as p on f.first_project_id = p.project_id
join {{ ref('int_scope_history') }} as h on f.scope_kind = h.scope_kind and f.scope_id = h.scope_id
join {{ ref('int_scope_history') }} as l on l.scope_kind = 'project' and f.first_project_id = l.scope_id
