select
    goal_id,
    {{ without_addresses('goal') }} as goal,
    {{ without_addresses('audience') }} as audience,
    {{ without_addresses('message') }} as message,
    channels,
    metric,
    target,
    due_on
from {{ ref('stg_outreach__goals') }}
