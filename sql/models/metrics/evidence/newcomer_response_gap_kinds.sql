-- What newcomer_response_gap compares, kind by kind: those of which both sides are large enough to be told of.
select
    'newcomer_response_gap' as metric,
    k.scope_kind,
    k.scope_id,
    k.period_start,
    k.period_end,
    'gap' as segment,
    k.kind,
    k.newcomer_conversations,
    k.regular_conversations,
    k.newcomer_hours,
    k.regular_hours,
    k.newcomer_variance,
    k.regular_variance
from {{ ref('int_response_kinds') }} as k
cross join {{ source('config', 'ospo') }} as o
where k.is_compared
    and least(k.newcomer_conversations, k.regular_conversations)
        >= greatest(o.smallest_group, {{ 10 if var('audience', 'internal') == 'public' else 0 }})
