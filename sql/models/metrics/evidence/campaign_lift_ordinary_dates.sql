select
    'campaign_lift' as metric, scope_kind, scope_id, period_start, period_end, segment, unnest(range(1, len(placebos) + 1)) as position, unnest(placebos) as ratio
from {{ ref('int_lifts') }}
