select
    row_number() over (order by w.scope_kind, w.scope_id, w.period_start, w.period_end, w.segment) as group_id,
    w.*
from (
    select distinct
        h.scope_kind, h.scope_id, p.period_start, p.period_end,
        unnest(['everyone', 'newcomers', 'regulars']) as segment
    from {{ ref('int_scope_history') }} as h
    join {{ ref('int_periods') }} as p
        on p.period_end > h.history_starts_on and p.period_start <= h.observed_until
) as w
