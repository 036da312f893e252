with newest as ({{ newest('github', 'comments') }})

select
    project_id,
    key as comment_id,
    try_cast(regexp_extract(payload ->> '$.issue_url', '/issues/(\d+)$', 1) as integer) as number,
    payload ->> '$.user.login' as written_by_login,
    payload ->> '$.user.type' as written_by_type,
    try_cast(payload ->> '$.created_at' as timestamptz) as written_at
from newest
