-- What each rule gives each channel, for whoever wants to see how far they differ. The linear rule gives every touch of
-- somebody the same part of them.
with owed as (
    select f.*, o.smallest_group
    from {{ ref('int_followed_periods') }} as f
    cross join {{ source('config', 'ospo') }} as o
    where f.follow_days = 90 and f.grain = 'year' and f.scope_kind in ('program', 'community') and f.status = 'ok'
        and f.period_start >= f.newness_known_from
),

engaged as (
    select o.scope_kind, o.scope_id, o.period_start, o.period_end, o.smallest_group, n.* exclude (scope_kind, scope_id)
    from owed as o
    join {{ ref('int_engaged_newcomers') }} as n
        on o.scope_kind = n.scope_kind and o.scope_id = n.scope_id
        and n.first_on >= o.period_start and n.first_on < o.period_end
    where n.is_engaged
),

credited as (
    select scope_kind, scope_id, period_start, period_end, 'first' as rule, first_channel as channel, 1.0::double as part
    from engaged

    union all

    select scope_kind, scope_id, period_start, period_end, 'last', last_channel, 1.0
    from engaged

    union all

    select
        e.scope_kind, e.scope_id, e.period_start, e.period_end, 'linear', coalesce(t.channel, 'unknown'),
        1.0 / coalesce(t.touches, 1)
    from engaged as e
    left join {{ ref('int_entry_touches') }} as t
        on e.scope_kind = t.scope_kind and e.scope_id = t.scope_id and e.person_id = t.person_id
),

totals as (
    select scope_kind, scope_id, period_start, period_end, count(*) as engaged_newcomers
    from engaged
    group by all
    having count(*) >= max(smallest_group)
),

given as (
    select
        scope_kind, scope_id, period_start, period_end, channel,
        coalesce(sum(part) filter (rule = 'first'), 0) as of_first,
        coalesce(sum(part) filter (rule = 'last'), 0) as of_last,
        coalesce(sum(part) filter (rule = 'linear'), 0) as of_linear
    from credited
    group by all
),

disagreements as (
    select scope_kind, scope_id, period_start, period_end, sum(abs(of_first - of_last)) / 2 as moved
    from given
    group by all
)

select
    'attribution_channel_mix' as metric,
    g.scope_kind,
    g.scope_id,
    g.period_start,
    g.period_end,
    case when g.channel = 'unknown' then 'unknown' else 'first_' || g.channel end as segment,
    g.channel,
    g.of_first,
    g.of_last,
    g.of_linear,
    t.engaged_newcomers,
    d.moved / t.engaged_newcomers as disagreement
from given as g
join totals as t
    on g.scope_kind = t.scope_kind and g.scope_id = t.scope_id
    and g.period_start = t.period_start and g.period_end = t.period_end
join disagreements as d
    on g.scope_kind = d.scope_kind and g.scope_id = d.scope_id
    and g.period_start = d.period_start and g.period_end = d.period_end
