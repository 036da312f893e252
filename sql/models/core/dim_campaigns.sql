select
    campaign_id,
    {{ without_addresses('name') }} as name,
    starts_on,
    ends_on,
    [{{ without_addresses('each') }} for each in channels] as channels,
    [{{ without_addresses('each') }} for each in about] as about,
    communities as community_ids,
    {{ without_addresses('metric') }} as metric,
    window_days,
    goal_id
from {{ ref('stg_outreach__campaigns') }}
