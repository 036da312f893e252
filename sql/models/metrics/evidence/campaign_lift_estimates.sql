select
    'campaign_lift' as metric, scope_kind, scope_id, period_start, period_end, segment,
    is_registered, observed, expected, ratio, lower, upper, p, q, detectable, ordinary_low, ordinary_high, controls,
    len(placebos) as ordinary_dates, status, reason
from {{ ref('int_lifts') }}
where expected is not null
