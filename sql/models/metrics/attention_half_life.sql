-- Only where the lift of the four weeks is shown and there was more than expected.
with judged as (
    select
        *,
        case when status = 'ok' and ratio > 1 and half_life is not null then 'ok' when status = 'ok' then 'refused' else status end
            as judged_status,
        case
            when status = 'ok' and ratio > 1 and half_life is not null then null
            when status = 'ok' and ratio <= 1 then 'There was no more attention than usual, so none that could fade.'
            when status = 'ok' then 'Too few ordinary dates show an excess to say how sure we are.'
            else reason
        end as judged_reason
    from {{ ref('int_lifts') }}
    where segment = 'stars_month'
)

select
    'attention_half_life' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    'stars' as segment,
    case when judged_status = 'ok' then half_life.value end as value,
    case when judged_status = 'ok' then half_life.lower end as lower,
    case when judged_status = 'ok' then half_life.upper end as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    case when judged_status = 'ok' then observed end::bigint as sample_size,
    judged_status as status,
    judged_reason as reason
from judged
