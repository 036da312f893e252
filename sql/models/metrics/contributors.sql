-- Each person once in each month of each scope first, so that no day meets a period. A number in place of a person's id:
-- with a million people it is the texts that take the room. A scope has one too.
with numbered as (
    select scope_kind, scope_id, project_id, dense_rank() over (order by scope_kind, scope_id)::integer as scope
    from {{ ref('int_scopes') }}
),

person_months as (
    select distinct
        s.scope, d.segment, date_trunc('month', d.occurred_on)::date as month, hash(d.person_id) as person
    from {{ ref('int_contribution_days') }} as d
    join numbered as s on d.project_id = s.project_id
),

period_months as (
    select
        n.scope, p.scope_kind, p.scope_id, p.period_start, p.period_end,
        unnest(generate_series(p.period_start::timestamp, p.period_end - interval 1 day, interval 1 month))::date as month
    from {{ ref('int_scope_periods') }} as p
    join (select distinct scope, scope_kind, scope_id from numbered) as n
        on p.scope_kind = n.scope_kind and p.scope_id = n.scope_id
    where p.status = 'ok'
),

active as (
    select p.scope_kind, p.scope_id, p.period_start, p.period_end, m.segment, count(distinct m.person) as people
    from period_months as p
    join person_months as m on p.scope = m.scope and p.month = m.month
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
