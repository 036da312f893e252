-- Months and years of a beginning, each with how many days those who began in it must have been followed: a windowed share
-- counts only whoever had the whole window. The years are the twelve months that end with the last month whose follow-up
-- is over, and the twelve before.
{% set days = [2, 14, 30, 60, 90, 120, 180, 210, 365, 395] %}

with months as (
    select
        p.scope_kind, p.scope_id, w.follow_days, p.period_start, p.period_end, p.newness_known_from, p.history_starts_on,
        (p.period_end + w.follow_days)::date as known_from
    from {{ ref('int_scope_periods') }} as p
    cross join (select unnest({{ days }})::integer as follow_days) as w
    where p.grain = 'month'
),

missed_months as ({{ missed('months', 'known_from') }}),

last_months as (
    select m.scope_kind, m.scope_id, m.follow_days, max(m.period_end) as last_end
    from months as m
    anti join missed_months as x
        on m.scope_kind = x.scope_kind and m.scope_id = x.scope_id
        and m.period_start = x.period_start and m.known_from = x.known_from
    group by all
),

years as (
    select m.* replace ((m.period_end - interval 12 month)::date as period_start)
    from months as m
    join last_months as l
        on m.scope_kind = l.scope_kind and m.scope_id = l.scope_id and m.follow_days = l.follow_days
    where datediff('month', m.period_end, l.last_end) in (0, 12)
),

periods as (
    select 'month' as grain, * from months
    union all
    select 'year', * from years where period_start >= date_trunc('month', history_starts_on)
),

missed as ({{ missed('periods', 'known_from') }})

select
    p.*,
    case when m.missed_from is not null or p.period_start < p.history_starts_on then 'too_early' else 'ok' end as status,
    case
        when m.missed_from is not null
            then 'Too early: it can be told once the data'
                || case when m.is_behind_others then ' of ' || m.missed_project else '' end || ' reach to '
                || {{ day('p.known_from') }} || ', when everything that began in the period has been followed for '
                || p.follow_days || ' days.'
        when p.period_start < p.history_starts_on
            then 'The data begin on ' || {{ day('p.history_starts_on') }} || ', so they hold a part of the period only.'
    end as reason
from periods as p
left join missed as m
    on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id
    and p.period_start = m.period_start and p.known_from = m.known_from
