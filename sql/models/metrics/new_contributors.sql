with grid as (
    select
        *,
        case when period_start < newness_known_from and calendar_status = 'ok' then 'refused'
            else calendar_status end as status,
        case when period_start < newness_known_from and calendar_status = 'ok'
            then 'The data begin on ' || {{ day('history_starts_on') }}
                || '; in their first year old hands look new, so nobody is called new before '
                || {{ day('newness_known_from') }} || '.'
            else calendar_reason end as reason
    from ({{ metric_grid(['outside', 'own', 'bots']) }})
),

arrivals as (
    select f.scope_kind, f.scope_id, p.period_start, p.period_end, f.segment, count(*) as people
    from {{ ref('int_first_contributions') }} as f
    join {{ ref('int_periods') }} as p on f.first_on >= p.period_start and f.first_on < p.period_end
    group by all
),

counted as (
    select g.*, case when g.status = 'ok' then coalesce(a.people, 0) end::bigint as people
    from grid as g
    left join arrivals as a
        on g.scope_kind = a.scope_kind and g.scope_id = a.scope_id and g.period_start = a.period_start
        and g.period_end = a.period_end and g.segment = a.segment
)

select
    'new_contributors' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    people::double as value,
    poisson_lower(people) as lower,
    poisson_upper(people) as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    people as sample_size,
    status,
    reason
from counted
