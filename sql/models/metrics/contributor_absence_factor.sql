-- The smallest number of people whose contributions make up half of all, over twelve months ending with each month.
with spans as (
    select
        scope_kind, scope_id, (period_end - interval 12 month)::date as period_start, period_end, history_starts_on,
        status, reason
    from {{ ref('int_scope_periods') }}
    where grain = 'month'
),

owed as (
    select spans.*, segment
    from spans
    cross join (select unnest(['commits', 'conversations']) as segment)
),

person_months as (
    select
        s.scope_kind, s.scope_id, d.person_id, date_trunc('month', d.occurred_on)::date as month,
        sum(d.commits) as commits, sum(d.conversations) as conversations
    from {{ ref('int_contribution_days') }} as d
    join {{ ref('int_scopes') }} as s on d.project_id = s.project_id
    where d.segment not in ('bots', 'agents')
    group by all
),

by_person as (
    select
        m.scope_kind, m.scope_id, e.period_start, e.period_end, m.person_id,
        unnest(['commits', 'conversations']) as segment,
        unnest([sum(m.commits), sum(m.conversations)]) as contributions
    from person_months as m
    join spans as e
        on m.scope_kind = e.scope_kind and m.scope_id = e.scope_id
        and m.month >= e.period_start and m.month < e.period_end
    where e.status = 'ok'
    group by all
),

ranked as (
    select
        * exclude (contributions),
        row_number() over largest_first as rank,
        sum(contributions) over largest_first as reached,
        sum(contributions) over everybody as total,
        count(*) over everybody as people
    from by_person
    where contributions > 0
    window
        everybody as (partition by scope_kind, scope_id, period_end, segment),
        largest_first as (
            partition by scope_kind, scope_id, period_end, segment
            order by contributions desc, person_id rows unbounded preceding
        )
),

factors as (
    select
        scope_kind, scope_id, period_start, period_end, segment,
        min(rank) filter (reached * 2 >= total) as factor,
        any_value(people) as people
    from ranked
    group by all
),

judged as (
    select
        o.* exclude (status, reason), o.reason as calendar_reason, f.factor, f.people,
        case
            when o.period_start < o.history_starts_on then 'too_early'
            when o.status <> 'ok' then o.status
            when f.factor is null then 'no_data'
            else 'ok'
        end as status
    from owed as o
    left join factors as f
        on o.scope_kind = f.scope_kind and o.scope_id = f.scope_id
        and o.period_end = f.period_end and o.segment = f.segment
)

select
    'contributor_absence_factor' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then factor end::double as value,
    null::double as lower,
    null::double as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    case when status = 'ok' then people end::bigint as sample_size,
    status,
    case
        when period_start < history_starts_on then 'The data begin on ' || {{ day('history_starts_on') }}
            || ', so twelve months are not there yet.'
        when calendar_reason is not null then calendar_reason
        when status = 'no_data' then 'There were no ' || segment || ' in these twelve months.'
    end as reason
from judged
