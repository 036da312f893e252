with owed as (
    select
        * exclude (status, reason),
        case when status = 'ok' and period_start < newness_known_from then 'refused' else status end as status,
        case when status = 'ok' and period_start < newness_known_from
            then 'The data begin on ' || {{ day('history_starts_on') }}
                || '; in their first year old hands look new, so nobody is called new before '
                || {{ day('newness_known_from') }} || '.'
            else reason end as reason
    from (
        from {{ ref('int_people_periods') }}
        union all by name
        from {{ ref('int_people_weeks') }}
    )
),

arrivals as (
    select p.scope_kind, p.scope_id, p.period_start, p.period_end, f.segment, count(*) as people
    from {{ ref('int_scope_periods') }} as p
    join {{ ref('int_first_contributions') }} as f
        on p.scope_kind = f.scope_kind and p.scope_id = f.scope_id
        and f.first_on >= p.period_start and f.first_on < p.period_end
    group by all

    union all

    select
        scope_kind, scope_id, date_trunc('week', first_on)::date as monday, (date_trunc('week', first_on) + interval 7 day)::date,
        segment, count(*)
    from {{ ref('int_first_contributions') }}
    where scope_kind in ('program', 'community')
    group by all
),

counted as (
    select o.*, case when o.status = 'ok' then coalesce(a.people, 0) end::bigint as people
    from owed as o
    left join arrivals as a
        on o.scope_kind = a.scope_kind and o.scope_id = a.scope_id and o.period_start = a.period_start
        and o.period_end = a.period_end and o.segment = a.segment
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
