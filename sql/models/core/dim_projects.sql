select
    p.project_id,
    p.kind,
    {{ without_addresses('coalesce(r.full_name, p.project_id)') }} as name,
    coalesce(r.is_archived, false) as is_archived,
    r.is_fork,
    r.is_empty,
    r.has_license,
    r.has_code_of_conduct,
    r.has_contributing_guide,
    r.has_security_policy,
    r.has_issue_template,
    o.observed_until,
    p.last_success_at
from {{ ref('int_projects') }} as p
left join (
    select project_id, min(observed_until) as observed_until from {{ ref('int_observed') }} group by project_id
) as o on p.project_id = o.project_id
left join {{ ref('stg_github__repositories') }} as r on p.project_id = r.project_id
