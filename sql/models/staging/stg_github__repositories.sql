with newest as ({{ newest('github', 'repositories') }})

select
    project_id,
    key as repository_id,
    payload ->> '$.full_name' as full_name,
    try_cast(payload ->> '$.created_at' as timestamptz) as created_at,
    coalesce((payload ->> '$.archived')::boolean, false) as is_archived
from newest
