with grid as ({{ metric_grid(['outside', 'own', 'bots']) }}),

active as (
    select s.scope_kind, s.scope_id, p.period_start, p.period_end, d.segment, count(distinct d.person_id) as people
    from {{ ref('int_contribution_days') }} as d
    join {{ ref('int_scopes') }} as s on d.project_id = s.project_id
    join {{ ref('int_periods') }} as p on d.occurred_on >= p.period_start and d.occurred_on < p.period_end
    group by all
)

select
    'contributors' as metric,
    g.scope_kind,
    g.scope_id,
    g.period_start,
    g.period_end,
    g.segment,
    case when g.calendar_status = 'ok' then coalesce(a.people, 0) end::double as value,
    null::double as lower,
    null::double as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    case when g.calendar_status = 'ok' then coalesce(a.people, 0) end::bigint as sample_size,
    g.calendar_status as status,
    g.calendar_reason as reason
from grid as g
left join active as a
    on g.scope_kind = a.scope_kind and g.scope_id = a.scope_id and g.period_start = a.period_start
    and g.period_end = a.period_end and g.segment = a.segment
