-- People, not acts: whoever does much would else be the whole of their part of the world.
with bands as (
    select unnest(['europe_africa', 'americas', 'south_asia', 'east_asia_pacific']) as segment
),

people as (
    select scope_kind, scope_id, period_start, period_end, band as segment, count(*) as k
    from {{ ref('int_clocks') }}
    group by all
),

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, b.segment, p.status, p.reason, o.smallest_group,
        coalesce(c.k, 0) as k,
        sum(coalesce(c.k, 0)) over (partition by p.scope_kind, p.scope_id, p.period_start, p.period_end) as n
    from {{ ref('int_scope_periods') }} as p
    cross join bands as b
    cross join {{ source('config', 'ospo') }} as o
    left join people as c
        on p.scope_kind = c.scope_kind and p.scope_id = c.scope_id and p.period_start = c.period_start
        and p.period_end = c.period_end and b.segment = c.segment
    where p.scope_kind in ('program', 'community') and p.grain = 'year'
),

-- A part of the world with few people is not told, and where its number would follow from the others, the next smallest
-- is not told either.
ordered as (
    select
        *,
        bool_or(k between 1 and smallest_group - 1) over period as has_few,
        count(*) over (period order by k, segment rows unbounded preceding) as rank,
        coalesce(sum(k) over (period order by k, segment rows between unbounded preceding and 1 preceding), 0) as below
    from counted
    where k > 0
    window period as (partition by scope_kind, scope_id, period_start, period_end)
),

cells as (
    select
        c.*,
        coalesce(o.has_few and (o.k < c.smallest_group or o.rank = 2 or o.below < c.smallest_group), false) as is_small
    from counted as c
    left join ordered as o
        on c.scope_kind = o.scope_kind and c.scope_id = o.scope_id and c.period_start = o.period_start
        and c.period_end = o.period_end and c.segment = o.segment

    union all by name

    select
        scope_kind, scope_id, period_start, period_end, 'elsewhere' as segment, any_value(status) as status,
        any_value(reason) as reason, any_value(smallest_group) as smallest_group, any_value(n) - max(k) as k,
        any_value(n) as n,
        any_value(n) - max(k) between 1 and any_value(smallest_group) - 1 or max(k) < any_value(smallest_group) as is_small
    from counted
    group by scope_kind, scope_id, period_start, period_end
),

judged as (
    select
        * exclude (status, reason),
        case
            when status <> 'ok' then status
            when n = 0 then 'no_data'
            when is_small then 'suppressed'
            else 'ok'
        end as status,
        case
            when status <> 'ok' then reason
            when n = 0 then 'No commit or message of this period tells the clock of anybody from outside.'
            when is_small
                then 'Fewer than ' || smallest_group || ' people have such a clock, or their number would tell of so few.'
        end as reason
    from cells
)

{{ proportion_rows('timezone_coverage', 'judged') }}
