with newest as ({{ newest('outreach', 'goals') }})

select
    payload ->> '$.goal_id' as goal_id,
    payload ->> '$.goal' as goal,
    payload ->> '$.audience' as audience,
    payload ->> '$.message' as message,
    coalesce(from_json(payload -> '$.channels', '["VARCHAR"]'), []) as channels,
    payload ->> '$.metric' as metric,
    try_cast(payload ->> '$.target' as double) as target,
    try_cast(payload ->> '$.by' as date) as due_on,
    coalesce(from_json(payload -> '$.communities', '["VARCHAR"]'), []) as communities
from newest
where payload ->> '$.is_taken_out' is null
