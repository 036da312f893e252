-- Whose stay is told together: newcomers to the program or a community, and those of them who came back another day, who
-- came through an event and who did not, or all with another silence taken for gone. Their days of arrival are those on
-- which newness is known and of which it is known today whether half a year of silence followed.
with scopes as (
    select
        h.scope_kind, h.scope_id, h.history_starts_on, h.newness_known_from, max(p.period_end) as known_until
    from {{ ref('int_scope_history') }} as h
    left join {{ ref('int_scope_periods') }} as p
        on h.scope_kind = p.scope_kind and h.scope_id = p.scope_id and p.grain = 'month' and p.status = 'ok'
    where h.scope_kind in ('program', 'community')
    group by all
),

segments as (
    select unnest([
        {'segment': 'everyone', 'silent_days': 180},
        {'segment': 'came_back', 'silent_days': 180},
        {'segment': 'event', 'silent_days': 180},
        {'segment': 'organic', 'silent_days': 180},
        {'segment': 'silence_90', 'silent_days': 90},
        {'segment': 'silence_365', 'silent_days': 365},
    ], recursive := true)
),

placed as (
    select
        s.*, g.*,
        coalesce(s.known_until - 180 > s.newness_known_from, false) as is_known
    from scopes as s
    cross join segments as g
)

select
    row_number() over (order by scope_kind, scope_id, segment) as group_id,
    scope_kind,
    scope_id,
    segment,
    silent_days,
    history_starts_on,
    newness_known_from,
    case when is_known then newness_known_from else history_starts_on end as period_start,
    case when is_known then known_until - 180
        else greatest(known_until, history_starts_on + 1) end::date as period_end,
    -- Whoever was there on this day or later is not gone; of all before, it is known.
    (known_until - silent_days)::date as told_until,
    known_until,
    is_known
from placed
