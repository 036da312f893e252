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

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, p.newness_known_from, p.history_starts_on, p.status,
        p.reason,
        unnest(['one_act', 'one_day']) as segment,
        unnest([count(*) filter (n.is_one_act), count(*) filter (n.is_one_day)]) as k,
        count(n.first_on) as n
    from {{ ref('int_followed_periods') }} as p
    left join newcomers as n
        on p.scope_kind = n.scope_kind and p.scope_id = n.scope_id
        and n.first_on >= p.period_start and n.first_on < p.period_end
    where p.follow_days = 365 and p.scope_kind in ('program', 'community')
    group by p.scope_kind, p.scope_id, p.period_start, p.period_end, p.newness_known_from, p.history_starts_on, p.status, p.reason
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
