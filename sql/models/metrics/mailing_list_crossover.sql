-- Of the people who write to a list, how many are known from the repositories beside it: those of its communities, or
-- of the scope. Somebody counts as known who committed there at any time up to the end of the period.
with lists as (
    select s.scope_kind, s.scope_id, s.project_id
    from {{ ref('int_scopes') }} as s
    join {{ ref('dim_projects') }} as p on s.project_id = p.project_id and p.kind = 'mailing_list'
),

repositories as (
    select distinct l.scope_kind, l.scope_id, r.project_id
    from lists as l
    join {{ ref('community_projects') }} as c on l.project_id = c.project_id
    join {{ ref('community_projects') }} as r on c.community_id = r.community_id
    join {{ ref('dim_projects') }} as p on r.project_id = p.project_id and p.kind = 'repository'
    where l.scope_kind <> 'community' or l.scope_id = r.community_id
),

coders as (
    select r.scope_kind, r.scope_id, d.person_id, min(d.occurred_on) as first_on
    from repositories as r
    join {{ ref('int_contribution_days') }} as d on r.project_id = d.project_id
    where d.segment = 'outside' and d.commits > 0
    group by r.scope_kind, r.scope_id, d.person_id
),

owed as (
    select p.*, r.scope_id is not null as has_repository
    from {{ ref('int_scope_periods') }} as p
    semi join lists as l on p.scope_kind = l.scope_kind and p.scope_id = l.scope_id
    left join (select distinct scope_kind, scope_id from repositories) as r
        on p.scope_kind = r.scope_kind and p.scope_id = r.scope_id
),

writers as (
    select distinct o.scope_kind, o.scope_id, o.period_start, o.period_end, d.person_id
    from owed as o
    join lists as l on o.scope_kind = l.scope_kind and o.scope_id = l.scope_id
    join {{ ref('int_contribution_days') }} as d
        on l.project_id = d.project_id and d.occurred_on >= o.period_start and d.occurred_on < o.period_end
    where o.status = 'ok' and d.segment = 'outside'
),

counted as (
    select
        w.scope_kind, w.scope_id, w.period_start, w.period_end, count(*) as people,
        count(*) filter (c.first_on < w.period_end) as matched
    from writers as w
    left join coders as c
        on w.scope_kind = c.scope_kind and w.scope_id = c.scope_id and w.person_id = c.person_id
    group by w.scope_kind, w.scope_id, w.period_start, w.period_end
),

judged as (
    select
        o.* exclude (status, reason),
        o.reason as calendar_reason,
        c.people,
        c.matched,
        case
            when o.status <> 'ok' then o.status
            when not o.has_repository or coalesce(c.people, 0) = 0 then 'no_data'
            else 'ok'
        end as status
    from owed as o
    left join counted as c
        on o.scope_kind = c.scope_kind and o.scope_id = c.scope_id
        and o.period_start = c.period_start and o.period_end = c.period_end
)

select
    'mailing_list_crossover' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    'everyone' as segment,
    case when status = 'ok' then matched / people end::double as value,
    case when status = 'ok' then {{ wilson_lower('matched', 'people') }} end::double as lower,
    case when status = 'ok' then {{ wilson_upper('matched', 'people') }} end::double as upper,
    case when status = 'ok' then matched end::bigint as numerator,
    case when status = 'ok' then people end::bigint as denominator,
    case when status = 'ok' then people end::bigint as sample_size,
    status,
    case
        when status = 'ok' then null
        when calendar_reason is not null then calendar_reason
        when not has_repository then 'No repository stands beside the list in ospo.toml.'
        else 'Nobody from outside wrote in this period.'
    end as reason
from judged
