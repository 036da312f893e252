-- Of each month its last 28 days, so that months are equally long.
with owed as (
    select
        p.scope_kind, p.scope_id, p.period_start as month, (p.period_end - 28)::date as period_start, p.period_end,
        s.segment, p.history_starts_on, p.newness_known_from,
        s.segment in ('new', 'returning', 'reactivated') as is_about_newness,
        p.status, p.reason
    from {{ ref('int_scope_periods') }} as p
    cross join (select unnest(['engaged', 'one_day', 'new', 'returning', 'reactivated']) as segment) as s
    where p.grain = 'month' and p.scope_kind in ('program', 'community')
),

-- Whoever is first seen in the first year of a list's archive may have been there before, and so is not new.
people as (
    select
        m.scope_kind, m.scope_id, m.month, m.late_days,
        case
            when f.first_on >= m.month_end - 28 and f.segment = 'outside' then 'new'
            when m.late_first_on - coalesce(m.early_last_on, m.previous_on) > 180 then 'reactivated'
            else 'returning'
        end as history
    from {{ ref('int_person_months') }} as m
    join {{ ref('int_first_contributions') }} as f
        on m.scope_kind = f.scope_kind and m.scope_id = f.scope_id and m.person_id = f.person_id
    where m.segment = 'outside' and m.late_days > 0
),

counted as (
    select
        scope_kind, scope_id, month,
        unnest(['engaged', 'one_day', 'new', 'returning', 'reactivated']) as segment,
        unnest([
            count(*) filter (late_days > 1),
            count(*),
            count(*) filter (late_days > 1 and history = 'new'),
            count(*) filter (late_days > 1 and history = 'returning'),
            count(*) filter (late_days > 1 and history = 'reactivated')
        ]) as k
    from people
    group by scope_kind, scope_id, month
),

judged as (
    select
        o.* exclude (status, reason),
        coalesce(c.k, 0) as k,
        case when o.status = 'ok' and o.is_about_newness and o.period_start < o.newness_known_from
            then 'refused' else o.status end as status,
        case when o.status = 'ok' and o.is_about_newness and o.period_start < o.newness_known_from
            then 'The data begin on ' || {{ day('o.history_starts_on') }}
                || '; in their first year nobody can tell who is new and who is back.'
            else o.reason end as reason
    from owed as o
    left join counted as c
        on o.scope_kind = c.scope_kind and o.scope_id = c.scope_id and o.month = c.month and o.segment = c.segment
)

{{ count_rows('engaged_people_28d', 'judged') }}
