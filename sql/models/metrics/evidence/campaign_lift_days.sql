select
    'campaign_lift' as metric, scope_kind, scope_id, period_start, period_end, segment,
    d.day, d.observed, d.expected, d.expected * ordinary_low as lower, d.expected * ordinary_high as upper
from {{ ref('int_lifts') }}, unnest(days) as t(d)
