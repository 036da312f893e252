-- REST lists change requests among the issues; they have a `pull_request` and are staged on their own.
with newest as ({{ newest('github', 'issues') }})

select
    project_id,
    key as issue_id,
    (payload ->> '$.number')::integer as number,
    payload ->> '$.user.login' as opened_by_login,
    payload ->> '$.user.type' as opened_by_type,
    try_cast(payload ->> '$.created_at' as timestamptz) as opened_at,
    try_cast(payload ->> '$.closed_at' as timestamptz) as closed_at,
    payload ->> '$.state_reason' as state_reason
from newest
where (payload -> '$.pull_request') is null or (payload ->> '$.pull_request') is null
