select
    'campaign_lift' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then ratio end as value,
    case when status = 'ok' then lower end as lower,
    case when status = 'ok' then upper end as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    case when status = 'ok' then observed end::bigint as sample_size,
    status,
    reason
from {{ ref('int_lifts') }}
