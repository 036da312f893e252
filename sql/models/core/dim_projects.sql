select
    p.project_id,
    p.kind,
    {{ without_addresses('coalesce(r.full_name, p.project_id)') }} as name,
    coalesce(r.is_archived, false) as is_archived,
    p.observed_until,
    p.last_success_at
from {{ ref('int_projects') }} as p
left join {{ ref('stg_github__repositories') }} as r on p.project_id = r.project_id
