with newest as ({{ newest('github', 'change_requests') }})

select
    project_id,
    key as change_request_id,
    try_cast(payload ->> '$.number' as integer) as number,
    payload ->> '$.user.login' as opened_by_login,
    payload ->> '$.user.type' as opened_by_type,
    try_cast(payload ->> '$.created_at' as timestamptz) as opened_at,
    try_cast(payload ->> '$.closed_at' as timestamptz) as closed_at,
    try_cast(payload ->> '$.merged_at' as timestamptz) as merged_at
from newest
qualify row_number() over (partition by project_id, number order by opened_at desc, change_request_id desc) = 1
