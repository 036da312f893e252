select distinct c.community_id, p.project_id
from {{ ref('int_projects') }} as p
join {{ source('config', 'project_patterns') }} as c
    on p.kind = c.kind and lower(p.project_id) glob lower(c.pattern)
