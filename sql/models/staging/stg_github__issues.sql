-- REST lists change requests among the issues; they have a `pull_request` and are staged on their own.
with newest as ({{ newest('github', 'issues') }})

select
    project_id,
    key as issue_id,
    try_cast(payload ->> '$.number' as integer) as number,
    payload ->> '$.user.login' as opened_by_login,
    payload ->> '$.user.type' as opened_by_type,
    try_cast(payload ->> '$.created_at' as timestamptz) as opened_at,
    try_cast(payload ->> '$.closed_at' as timestamptz) as closed_at,
    payload ->> '$.state_reason' as state_reason
from newest
where (payload -> '$.pull_request') is null or (payload ->> '$.pull_request') is null
-- A repository that was deleted and made again has the same numbers a second time.
qualify row_number() over (partition by project_id, number order by opened_at desc, issue_id desc) = 1
