select
    campaign_id,
    {{ without_addresses('name') }} as name,
    starts_on,
    ends_on,
    channels,
    about,
    communities as community_ids,
    metric,
    window_days,
    goal_id
from {{ ref('stg_outreach__campaigns') }}
