select distinct scope_id as project_id, starts_on as released_on
from {{ ref('dim_shocks') }}
where kind = 'release' and scope_kind = 'project'
