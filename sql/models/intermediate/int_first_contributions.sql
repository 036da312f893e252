-- The day of each person's first contribution to each scope, and for whom it counts.
select
    s.scope_kind,
    s.scope_id,
    d.person_id,
    min(d.occurred_on) as first_on,
    arg_min(d.segment, d.occurred_on) as segment
from {{ ref('int_contribution_days') }} as d
join {{ ref('int_scopes') }} as s on d.project_id = s.project_id
group by s.scope_kind, s.scope_id, d.person_id
