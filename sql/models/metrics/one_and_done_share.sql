-- The next contribution after the first month, and what was done in that month, tell whether there was only one.
with newcomers as (
    select
        f.scope_kind, f.scope_id, f.first_on,
        sum(m.acts) = 1 and coalesce(min(m.next_on) > f.first_on + 365, true) as is_one_act,
        sum(m.days) = 1 and coalesce(min(m.next_on) > f.first_on + 365, true) as is_one_day
    from {{ ref('int_first_contributions') }} as f
    join {{ ref('int_scope_history') }} as h on f.scope_kind = h.scope_kind and f.scope_id = h.scope_id
    join {{ ref('int_person_months') }} as m
        on f.scope_kind = m.scope_kind and f.scope_id = m.scope_id and f.person_id = m.person_id
        and m.month = date_trunc('month', f.first_on)
    where f.segment = 'outside' and f.first_on >= h.newness_known_from
    group by f.scope_kind, f.scope_id, f.person_id, f.first_on
),

monthly as (
    select
        scope_kind, scope_id, date_trunc('month', first_on)::date as month, count(*) as n,
        count(*) filter (is_one_act) as one_act, count(*) filter (is_one_day) as one_day
    from newcomers
    group by all
),

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, s.segment, p.newness_known_from, p.history_starts_on,
        p.status, p.reason,
        coalesce(sum(case s.segment when 'one_act' then m.one_act else m.one_day end), 0) as k,
        coalesce(sum(m.n), 0) as n
    from {{ ref('int_followed_periods') }} as p
    cross join (select unnest(['one_act', 'one_day']) as segment) as s
    left join monthly as m
        on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id
        and m.month >= p.period_start and m.month < p.period_end
    where p.follow_days = 365 and p.scope_kind in ('program', 'community')
    group by all
),

judged as (
    select
        * exclude (status, reason),
        case
            when period_start < newness_known_from then 'refused'
            when status = 'ok' and n = 0 then 'no_data'
            else status
        end as status,
        case
            when period_start < newness_known_from
                then 'The data begin on ' || {{ day('history_starts_on') }}
                    || '; in their first year old hands look new.'
            when status = 'ok' and n = 0 then 'Nobody from outside was new in this period.'
            else reason
        end as reason
    from counted
)

{{ proportion_rows('one_and_done_share', 'judged') }}
