with active as (
    select p.scope_kind, p.scope_id, p.period_start, p.period_end, d.segment, count(distinct d.person_id) as people
    from {{ ref('int_scope_periods') }} as p
    join {{ ref('int_scopes') }} as s on p.scope_kind = s.scope_kind and p.scope_id = s.scope_id
    join {{ ref('int_contribution_days') }} as d
        on s.project_id = d.project_id and d.occurred_on >= p.period_start and d.occurred_on < p.period_end
    where p.status = 'ok'
    group by all
)

select
    'contributors' as metric,
    o.scope_kind,
    o.scope_id,
    o.period_start,
    o.period_end,
    o.segment,
    case when o.status = 'ok' then coalesce(a.people, 0) end::double as value,
    null::double as lower,
    null::double as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    case when o.status = 'ok' then coalesce(a.people, 0) end::bigint as sample_size,
    o.status,
    o.reason
from {{ ref('int_people_periods') }} as o
left join active as a
    on o.scope_kind = a.scope_kind and o.scope_id = a.scope_id and o.period_start = a.period_start
    and o.period_end = a.period_end and o.segment = a.segment
