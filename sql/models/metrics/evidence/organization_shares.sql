-- An organization with fewer than smallest_group people in the scope and time is one of the others, and where these are too
-- few, the next smallest joins them. A person counts here where they contributed most.
with spans as (
    select p.scope_kind, p.scope_id, p.period_start, p.period_end
    from {{ ref('int_scope_periods') }} as p
    where p.grain = 'year' and p.status = 'ok'
),

by_person as (
    select
        scope_kind, scope_id, period_start, period_end, person_id, organization_id,
        sum(contributions)::bigint as contributions
    from (
        select t.*, m.person_id, m.organization_id, m.contributions
        from spans as t
        join {{ ref('int_scopes') }} as s on t.scope_kind = s.scope_kind and t.scope_id = s.scope_id
        join {{ ref('int_organization_months') }} as m
            on s.project_id = m.project_id and m.month >= t.period_start and m.month < t.period_end

        union all

        select t.*, c.person_id, c.organization_id, -c.contributions
        from spans as t
        join {{ ref('int_organization_copies') }} as c
            on t.scope_kind = c.scope_kind and t.scope_id = c.scope_id
            and c.month >= t.period_start and c.month < t.period_end
    )
    group by all
),

placed as (
    select
        *,
        row_number() over (
            partition by scope_kind, scope_id, period_end, person_id order by contributions desc, organization_id
        ) = 1 as is_main
    from by_person
),

by_organization as (
    select
        scope_kind, scope_id, period_start, period_end, organization_id,
        organization_id not in ('unknown', 'independent') as is_known,
        sum(contributions)::bigint as contributions, count(*) filter (is_main) as people
    from placed
    group by scope_kind, scope_id, period_start, period_end, organization_id
),

ordered as (
    select
        b.*,
        o.smallest_group,
        count(*) over smallest_first as rank,
        sum(b.people) over smallest_first - b.people as below,
        bool_or(b.people < o.smallest_group) over (partition by b.scope_kind, b.scope_id, b.period_end) as has_few
    from by_organization as b
    cross join {{ source('config', 'ospo') }} as o
    window smallest_first as (
        partition by b.scope_kind, b.scope_id, b.period_end
        order by b.people, b.organization_id rows unbounded preceding
    )
),

segments as (
    select
        s.segment,
        o.*,
        case when o.people < o.smallest_group or (o.has_few and (o.rank = 2 or o.below < o.smallest_group)) then 'other'
            else o.organization_id end as shown_id,
        o.contributions / sum(o.contributions) over whole as share,
        1 / (sum(o.contributions::double ** 2) over whole / (sum(o.contributions::double) over whole) ** 2)
            as effective_organizations
    from ordered as o
    join (select unnest(['with_unknown', 'without_unknown']) as segment) as s
        on o.is_known or s.segment = 'with_unknown'
    window whole as (partition by s.segment, o.scope_kind, o.scope_id, o.period_end)
)

select
    'org_concentration' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    shown_id as organization_id,
    sum(contributions)::bigint as contributions,
    sum(share)::double as share,
    any_value(effective_organizations)::double as effective_organizations
from segments
group by scope_kind, scope_id, period_start, period_end, segment, shown_id
