-- What int_scope_copies tells to be too much, month by month and for the organization for which it was made.
with small_days as ({{ small_employers() }}),

told as (
    select
        c.scope_kind, c.scope_id, c.person_id, date_trunc('month', c.occurred_on)::date as month,
        case when c.organization_id = 'other' then coalesce(d.organization_id, 'unknown') else c.organization_id end
            as organization_id,
        c.acts
    from {{ ref('int_scope_copies') }} as c
    left join small_days as d on c.person_id = d.person_id and c.occurred_on = d.occurred_on
    where c.segment not in ('bots', 'agents')
)

select
    t.scope_kind,
    t.scope_id,
    t.person_id,
    t.month,
    case when o.kind = 'independent' then 'independent' else t.organization_id end as organization_id,
    sum(t.acts)::bigint as contributions
from told as t
left join {{ ref('int_organizations') }} as o on t.organization_id = o.organization_id
group by all
