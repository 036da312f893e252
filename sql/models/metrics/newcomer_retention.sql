-- Somebody counts as still here after W days when they contributed again between W - 30 and W + 30 days
-- after their first contribution. Only newcomers whose W + 30 days are over in the data are counted.
with windows as (
    select unnest([90, 180, 365]) as days
),

newcomers as (
    select f.scope_kind, f.scope_id, f.person_id, f.first_on
    from {{ ref('int_first_contributions') }} as f
    join {{ ref('int_scope_history') }} as h on f.scope_kind = h.scope_kind and f.scope_id = h.scope_id
    where f.segment = 'outside' and f.first_on >= h.newness_known_from
),

followed as (
    select
        n.scope_kind, n.scope_id, n.person_id, n.first_on, w.days,
        count(distinct d.occurred_on) > 0 as is_retained
    from newcomers as n
    cross join windows as w
    join {{ ref('int_scopes') }} as s on n.scope_kind = s.scope_kind and n.scope_id = s.scope_id
    left join {{ ref('int_contribution_days') }} as d
        on n.person_id = d.person_id and s.project_id = d.project_id
        and d.occurred_on between n.first_on + (w.days - 30)::integer and n.first_on + (w.days + 30)::integer
    group by all
),

months as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, w.days, p.newness_known_from, p.history_starts_on,
        (p.period_end + (w.days + 30)::integer)::date as known_from
    from {{ ref('int_scope_periods') }} as p
    cross join windows as w
    where p.grain = 'month'
),

missed_months as ({{ missed('months', 'known_from') }}),

-- Twelve months of arrivals that end with the last month whose follow-up is over, and the twelve before.
last_months as (
    select m.scope_kind, m.scope_id, m.days, max(m.period_end) as last_end
    from months as m
    anti join missed_months as x
        on m.scope_kind = x.scope_kind and m.scope_id = x.scope_id
        and m.period_start = x.period_start and m.known_from = x.known_from
    group by all
),

years as (
    select
        m.scope_kind, m.scope_id, (m.period_end - interval 12 month)::date as period_start, m.period_end, m.days,
        m.newness_known_from, m.history_starts_on, m.known_from
    from months as m
    join last_months as l on m.scope_kind = l.scope_kind and m.scope_id = l.scope_id and m.days = l.days
    where datediff('month', m.period_end, l.last_end) in (0, 12)
),

cells as (
    select * from months
    union all
    select * from years where period_start >= date_trunc('month', history_starts_on)
),

missed as ({{ missed('cells', 'known_from') }}),

counted as (
    select c.*, count(f.person_id) filter (f.is_retained) as retained, count(f.person_id) as newcomers
    from cells as c
    left join followed as f
        on c.scope_kind = f.scope_kind and c.scope_id = f.scope_id and c.days = f.days
        and f.first_on >= c.period_start and f.first_on < c.period_end
    group by all
),

judged as (
    select
        c.*,
        'day_' || c.days as segment,
        case
            when m.missed_from is not null then 'too_early'
            when c.period_start < c.newness_known_from then 'refused'
            when c.newcomers = 0 then 'no_data'
            else 'ok'
        end as status,
        case
            when m.missed_from is not null
                then 'These newcomers can be judged once the data'
                    || case when m.is_behind_others then ' of ' || m.missed_project else '' end || ' reach to '
                    || {{ day('c.known_from') }} || ', when the last of them has been here for '
                    || (c.days + 30) || ' days.'
            when c.period_start < c.newness_known_from
                then 'The data begin on ' || {{ day('c.history_starts_on') }}
                    || '; in their first year old hands look new.'
            when c.newcomers = 0 then 'Nobody from outside was new in this period.'
        end as reason
    from counted as c
    left join missed as m
        on c.scope_kind = m.scope_kind and c.scope_id = m.scope_id
        and c.period_start = m.period_start and c.known_from = m.known_from
)

select
    'newcomer_retention' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then retained / newcomers end::double as value,
    case when status = 'ok' then {{ wilson_lower('retained', 'newcomers') }} end::double as lower,
    case when status = 'ok' then {{ wilson_upper('retained', 'newcomers') }} end::double as upper,
    case when status = 'ok' then retained end::bigint as numerator,
    case when status = 'ok' then newcomers end::bigint as denominator,
    case when status = 'ok' then newcomers end::bigint as sample_size,
    status,
    reason
from judged
