select
    row_number() over (order by w.scope_kind, w.scope_id, w.period_start, w.period_end, w.segment) as group_id,
    w.*
from (
    select
        scope_kind, scope_id, period_start, period_end,
        unnest(['everyone', 'newcomers', 'regulars']) as segment
    from {{ ref('int_scope_periods') }}
    where status = 'ok'
) as w
