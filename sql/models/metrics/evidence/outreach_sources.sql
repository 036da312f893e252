-- What stands behind outreach_concentration: every channel and event with the engaged newcomers that it is first known
-- to have brought, and of how many equal ones the known ones together have the effect (Hill 1973): 1 / sum of squared
-- shares.
with owed as (
    select f.*, o.smallest_group
    from {{ ref('int_followed_periods') }} as f
    cross join {{ source('config', 'ospo') }} as o
    where f.follow_days = 90 and f.grain = 'year' and f.scope_kind in ('program', 'community') and f.status = 'ok'
        and f.period_start >= f.newness_known_from
),

engaged as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, o.smallest_group, n.first_channel, n.first_event_id,
        count(*) over (partition by o.scope_kind, o.scope_id, o.period_start, o.period_end) as engaged_newcomers
    from owed as o
    join {{ ref('int_engaged_newcomers') }} as n
        on o.scope_kind = n.scope_kind and o.scope_id = n.scope_id
        and n.first_on >= o.period_start and n.first_on < o.period_end
    where n.is_engaged
),

counted as (
    select
        scope_kind, scope_id, period_start, period_end, 'channel' as segment, first_channel as brought_by,
        count(*) as newcomers, any_value(engaged_newcomers) as engaged_newcomers
    from engaged
    where engaged_newcomers >= smallest_group and first_channel <> 'unknown'
    group by all

    union all

    select
        scope_kind, scope_id, period_start, period_end, 'event', first_event_id, count(*), any_value(engaged_newcomers)
    from engaged
    where engaged_newcomers >= smallest_group and first_event_id is not null
    group by all
)

select
    'outreach_concentration' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    brought_by,
    newcomers,
    engaged_newcomers,
    sum(newcomers) over together ** 2 / sum(newcomers ** 2) over together as effective_number
from counted
window together as (partition by scope_kind, scope_id, period_start, period_end, segment)
