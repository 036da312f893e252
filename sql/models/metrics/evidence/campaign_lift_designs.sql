select 'campaign_lift' as metric, scope_kind, scope_id, period_start, period_end, segment, d.baseline_days, d.has_controls, d.family, d.ratio
from {{ ref('int_lifts') }}, unnest(designs) as t(d)
