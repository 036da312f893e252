select 'campaign_lift' as metric, scope_kind, scope_id, period_start, period_end, segment, c.position, c.rule, c.verdict, c.sentence
from {{ ref('int_lifts') }}, unnest(checks) as t(c)
