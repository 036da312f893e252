-- The smallest number of organizations whose people made half of all contributions, over twelve months: once of what is
-- known, and once with those of unknown organization, and the independent, each as if they were one organization.
with monthly as (
    select s.scope_kind, s.scope_id, m.month, m.organization_id, sum(m.contributions) as contributions
    from {{ ref('int_organization_months') }} as m
    join {{ ref('int_scopes') }} as s on m.project_id = s.project_id
    group by all

    union all

    select scope_kind, scope_id, month, organization_id, -sum(contributions)
    from {{ ref('int_organization_copies') }}
    group by all
),

by_organization as (
    select
        t.scope_kind, t.scope_id, t.period_start, t.period_end, m.organization_id,
        m.organization_id not in ('unknown', 'independent') as is_known, sum(m.contributions) as contributions
    from {{ ref('int_twelve_months') }} as t
    join monthly as m
        on t.scope_kind = m.scope_kind and t.scope_id = m.scope_id
        and m.month >= t.period_start and m.month < t.period_end
    where t.status = 'ok'
    group by all
),

segments as (
    select o.*, s.segment
    from by_organization as o
    join (select unnest(['with_unknown', 'without_unknown']) as segment) as s
        on o.is_known or s.segment = 'with_unknown'
),

ranked as (
    select
        *,
        row_number() over largest_first as rank,
        sum(contributions) over largest_first as reached,
        sum(contributions) over (partition by scope_kind, scope_id, period_end, segment) as total
    from segments
    window largest_first as (
        partition by scope_kind, scope_id, period_end, segment
        order by contributions desc, organization_id rows unbounded preceding
    )
),

factors as (
    select
        scope_kind, scope_id, period_end, segment, min(rank) filter (reached * 2 >= total) as factor,
        sum(contributions) filter (is_known) as known
    from ranked
    group by all
),

totals as (
    select scope_kind, scope_id, period_end, sum(contributions) as contributions from by_organization group by all
),

-- Numbers in place of texts: there is a row for every person and month.
numbered as (
    select scope_kind, scope_id, project_id, dense_rank() over (order by scope_kind, scope_id)::integer as scope
    from {{ ref('int_scopes') }}
    where scope_kind in ('program', 'community')
),

person_months as (
    select
        s.scope, hash(m.person_id) as person, m.month,
        bool_or(m.organization_id not in ('unknown', 'independent')) as is_known
    from {{ ref('int_organization_months') }} as m
    join numbered as s on m.project_id = s.project_id
    group by all
),

-- Behind how many people a number stands: each month that somebody was there reaches eleven months on, or to the next such
-- month, so that nobody counts twice in any twelve months.
reaches as (
    select
        scope, segment, (month + interval 1 month)::date as seen_from,
        least(month + interval 13 month, lead(month) over of_person + interval 1 month)::date as seen_until
    from (
        select scope, person, month, 'with_unknown' as segment from person_months
        union all
        select scope, person, month, 'without_unknown' from person_months where is_known
    )
    window of_person as (partition by scope, segment, person order by month)
),

changed as (
    select scope, segment, seen_from as changed_on, count(*) as change from reaches group by all
    union all
    select scope, segment, seen_until, -count(*) from reaches group by all
),

changes as (
    select n.scope_kind, n.scope_id, c.segment, c.changed_on, c.change
    from changed as c
    join (select distinct scope, scope_kind, scope_id from numbered) as n on c.scope = n.scope
),

people as (
    select
        scope_kind, scope_id, segment, changed_on,
        sum(sum(change)) over (partition by scope_kind, scope_id, segment order by changed_on) as people
    from changes
    group by scope_kind, scope_id, segment, changed_on

    union all

    select
        t.scope_kind, t.scope_id, s.segment, t.period_end,
        count(distinct m.person_id)
    from {{ ref('int_twelve_months') }} as t
    join {{ ref('int_organization_months') }} as m
        on t.scope_id = m.project_id and m.month >= t.period_start and m.month < t.period_end
    join (select unnest(['with_unknown', 'without_unknown']) as segment) as s
        on s.segment = 'with_unknown' or m.organization_id not in ('unknown', 'independent')
    where t.scope_kind = 'project'
    group by all
),

owed as (
    select t.*, s.segment
    from {{ ref('int_twelve_months') }} as t
    cross join (select unnest(['with_unknown', 'without_unknown']) as segment) as s
),

judged as (
    select
        o.* exclude (status, reason), f.factor, f.known, t.contributions, p.people,
        case when o.status = 'ok' and f.factor is null then 'no_data' else o.status end as status,
        case
            when o.status <> 'ok' then o.reason
            when t.contributions is null then 'Nobody contributed in these twelve months.'
            when f.factor is null then 'Of nobody who contributed in these twelve months is the organization known.'
        end as reason
    from owed as o
    left join factors as f
        on o.scope_kind = f.scope_kind and o.scope_id = f.scope_id and o.period_end = f.period_end
        and o.segment = f.segment
    left join totals as t
        on o.scope_kind = t.scope_kind and o.scope_id = t.scope_id and o.period_end = t.period_end
    asof left join people as p
        on o.scope_kind = p.scope_kind and o.scope_id = p.scope_id and o.segment = p.segment
        and o.period_end >= p.changed_on
)

select
    'org_concentration' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then factor end::double as value,
    null::double as lower,
    null::double as upper,
    case when status = 'ok' then coalesce(known, 0) end::bigint as numerator,
    case when status = 'ok' then contributions end::bigint as denominator,
    case when status = 'ok' then people end::bigint as sample_size,
    status,
    reason
from judged
