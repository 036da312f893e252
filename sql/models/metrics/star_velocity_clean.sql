-- The middle day of the last whole weeks of a period, so that every weekday weighs the same and a day at the front of
-- some news page weighs no more than any other.
{% set needed = 0.7 %}

with scope_projects as (
    select s.scope_kind, s.scope_id, p.*
    from {{ ref('int_scopes') }} as s
    join {{ ref('int_star_projects') }} as p on s.project_id = p.project_id
),

scopes as (
    select
        scope_kind, scope_id,
        min(first_day) as first_day,
        min(last_day) as last_day,
        min(project_id) filter (not is_told) as untold,
        min(project_id) filter (is_told and not is_listed) as unlisted,
        min(project_id) filter (is_cut_off) as cut_off
    from scope_projects
    group by scope_kind, scope_id
),

owed as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, p.status, p.reason,
        case p.grain when 'year' then 364 else 28 end as days,
        s.* exclude (scope_kind, scope_id)
    from {{ ref('int_scope_periods') }} as p
    join scopes as s on p.scope_kind = s.scope_kind and p.scope_id = s.scope_id
),

-- A day of a scope is known when it is known of every repository whose stars had begun by then.
scope_days as (
    select
        p.scope_kind, p.scope_id, d.day,
        case when count(d.stars_given) = count(*) then sum(d.stars_given) end as given,
        case when count(d.clean_stars) = count(*) then sum(d.clean_stars) end as clean
    from {{ ref('int_star_days') }} as d
    join scope_projects as p on d.project_id = p.project_id
    group by p.scope_kind, p.scope_id, d.day
),

middles as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, s.segment,
        list_sort(list(case s.segment when 'clean' then d.clean else d.given end) filter (
            case s.segment when 'clean' then d.clean else d.given end is not null
        )) as stars
    from owed as o
    join scope_days as d
        on o.scope_kind = d.scope_kind and o.scope_id = d.scope_id
        and d.day >= o.period_end - o.days and d.day < o.period_end and d.day <= o.last_day
    cross join unnest(['clean', 'all']) as s(segment)
    where o.status = 'ok'
    group by o.scope_kind, o.scope_id, o.period_start, o.period_end, s.segment
),

judged as (
    select
        o.* exclude (status, reason), s.segment, m.stars, coalesce(len(m.stars), 0) as known,
        case
            when o.status <> 'ok' then o.status
            when o.untold is not null then 'no_data'
            when o.cut_off is not null then 'refused'
            when s.segment = 'clean' and o.unlisted is not null then 'no_data'
            when o.first_day is null or o.first_day >= o.period_end then 'no_data'
            when coalesce(len(m.stars), 0) < {{ needed }} * o.days then 'refused'
            else 'ok'
        end as status,
        case
            when o.status <> 'ok' then o.reason
            when o.untold is not null then 'No history of stars is held of ' || o.untold || '.'
            when o.cut_off is not null
                then 'The list of those who starred ' || o.cut_off || ' ends at 40,000, where GitHub cuts it off.'
            when s.segment = 'clean' and o.unlisted is not null
                then 'GitHub shows who starred only to those who may write to a repository, and of ' || o.unlisted
                    || ' it is not known; so suspect accounts cannot be told apart.'
            when o.first_day is null then 'Nobody has starred anything here yet.'
            when o.first_day >= o.period_end then 'No star is held of this time.'
            when coalesce(len(m.stars), 0) < {{ needed }} * o.days
                then 'Of too many days of this time it is not known how many stars were given.'
        end as reason
    from owed as o
    cross join unnest(['clean', 'all']) as s(segment)
    left join middles as m
        on o.scope_kind = m.scope_kind and o.scope_id = m.scope_id
        and o.period_start = m.period_start and o.period_end = m.period_end and s.segment = m.segment
)

select
    'star_velocity_clean' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then list_median(stars) end::double as value,
    case when status = 'ok' then stars[greatest(round(known / 2 - 0.98 * sqrt(known)), 1)::integer] end::double as lower,
    case when status = 'ok' then stars[least(round(known / 2 + 1 + 0.98 * sqrt(known)), known)::integer] end::double as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    case when status = 'ok' then known end::bigint as sample_size,
    status,
    reason
from judged
