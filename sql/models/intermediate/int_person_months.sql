-- What people did in each month, for the program and each community; what they did in one project is in
-- int_contribution_days. Of the last 28 days of a month it says apart on how many days somebody was there. Whoever came to
-- us in the middle of a month has two rows there.
with days as (
    select
        s.scope_kind,
        s.scope_id,
        d.person_id,
        d.occurred_on,
        d.segment,
        date_trunc('month', d.occurred_on)::date as month,
        sum(d.acts) as acts,
        sum(d.commits) as commits
    from {{ ref('int_contribution_days') }} as d
    join {{ ref('int_scopes') }} as s on d.project_id = s.project_id and s.scope_kind in ('program', 'community')
    where d.segment in ('outside', 'own')
    group by all
),

-- Each day is there once, so that days need not be told apart again.
months as (
    select
        scope_kind, scope_id, person_id, month, segment,
        (month + interval 1 month)::date as month_end,
        min(occurred_on) as first_on,
        max(occurred_on) as last_on,
        count(*) as days,
        sum(acts)::bigint as acts,
        sum(commits)::bigint as commits,
        count(*) filter (occurred_on >= last_day(month) - 27) as late_days,
        min(occurred_on) filter (occurred_on >= last_day(month) - 27) as late_first_on,
        max(occurred_on) filter (occurred_on < last_day(month) - 27) as early_last_on
    from days
    group by scope_kind, scope_id, person_id, month, segment
)

select
    *,
    max(last_on) over (earlier rows between unbounded preceding and 1 preceding) as previous_on,
    lead(first_on) over earlier as next_on
from months
window earlier as (partition by scope_kind, scope_id, person_id order by first_on, segment)
