select
    goal_id,
    {{ without_addresses('goal') }} as goal,
    {{ without_addresses('audience') }} as audience,
    {{ without_addresses('message') }} as message,
    [{{ without_addresses('each') }} for each in channels] as channels,
    {{ without_addresses('metric') }} as metric,
    target,
    due_on,
    communities as community_ids
from {{ ref('stg_outreach__goals') }}
