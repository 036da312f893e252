-- The stock behind the flow of good_first_issue_uptake. An issue is on offer from its opening to its closing, whatever closed
-- it, for nobody knows since when it has had the label. Nor is it known since when somebody is assigned: so whether
-- anybody is, as it is today, is told of the newest periods alone.
with offered as (
    select
        c.project_id,
        c.opened_on,
        (c.closed_at at time zone z.timezone)::date as closed_on,
        (not coalesce(c.is_assigned, true))::integer as is_free,
        (c.is_assigned is null)::integer as is_unknown
    from {{ ref('fct_conversations') }} as c
    semi join {{ ref('int_conversation_labels') }} as l
        on c.conversation_id = l.conversation_id and l.kind = 'good_first_issue'
    cross join {{ source('config', 'ospo') }} as z
    where c.kind = 'issue'
),

changes as (
    select project_id, date_trunc('month', opened_on)::date as month, 1 as opened, 0 as closed, is_free, is_unknown
    from offered
    union all
    select project_id, date_trunc('month', closed_on)::date, 0, 1, -is_free, -is_unknown
    from offered
    where closed_on is not null
),

monthly as (
    select
        s.scope_kind, s.scope_id, c.month, sum(c.opened) as opened, sum(c.closed) as closed, sum(c.is_free) as free,
        sum(c.is_unknown) as unknown
    from changes as c
    join {{ ref('int_scopes') }} as s on c.project_id = s.project_id
    group by all
),

owed as (
    select *, period_end = max(period_end) over (partition by scope_kind, scope_id) as is_newest
    from {{ ref('int_scope_periods') }}
    where status = 'ok' and (scope_kind <> 'project' or grain = 'year')
)

select
    'good_first_issue_uptake' as metric,
    p.scope_kind,
    p.scope_id,
    p.period_start,
    p.period_end,
    'newcomers' as segment,
    coalesce(sum(m.opened) filter (m.month >= p.period_start), 0)::bigint as opened_issues,
    coalesce(sum(m.closed) filter (m.month >= p.period_start), 0)::bigint as closed_issues,
    (sum(m.opened) - sum(m.closed))::bigint as open_at_end,
    sum(m.free) filter (p.is_newest)::bigint as unassigned_at_end,
    sum(m.unknown) filter (p.is_newest)::bigint as unknown_at_end
from owed as p
join monthly as m on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id and m.month < p.period_end
group by all
