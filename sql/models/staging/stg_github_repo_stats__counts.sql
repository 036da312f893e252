with newest as ({{ newest('github_repo_stats', 'counts') }})

select
    project_id,
    payload ->> '$.kind' as kind,
    try_cast(payload ->> '$.timestamp' as timestamptz) as counted_at,
    max(try_cast(payload ->> '$.count' as bigint)) as total
from newest
group by all
