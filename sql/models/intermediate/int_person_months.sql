-- What people did in each month, for the program and each community; what they did in one project is in
-- int_contribution_days. Of the last 28 days of a month it says apart on how many days somebody was there. Whoever came to
-- us in the middle of a month has two rows there.
-- A number stands for a scope: there is a row for every person, and texts take the room.
with scopes as (
    select scope_kind, scope_id, project_id, dense_rank() over (order by scope_kind, scope_id)::integer as scope
    from {{ ref('int_scopes') }}
    where scope_kind in ('program', 'community')
),

made as (
    select s.scope, d.person_id, d.occurred_on, d.segment, d.acts, d.commits
    from {{ ref('int_contribution_days') }} as d
    join scopes as s on d.project_id = s.project_id
    where d.segment in ('outside', 'own')

    union all

    select s.scope, c.person_id, c.occurred_on, c.segment, -c.acts, -c.commits
    from {{ ref('int_scope_copies') }} as c
    join (select distinct scope, scope_kind, scope_id from scopes) as s
        on c.scope_kind = s.scope_kind and c.scope_id = s.scope_id
    where c.segment in ('outside', 'own')
),

days as (
    select scope, person_id, occurred_on, segment, sum(acts)::bigint as acts, sum(commits)::bigint as commits
    from made
    group by all
),

-- Each day is there once, so that days need not be told apart again.
months as (
    select
        scope, person_id, date_trunc('month', occurred_on)::date as month, segment,
        min(occurred_on) as first_on,
        max(occurred_on) as last_on,
        count(*) as days,
        sum(acts)::bigint as acts,
        sum(commits)::bigint as commits,
        count(*) filter (occurred_on >= last_day(occurred_on) - 27) as late_days,
        min(occurred_on) filter (occurred_on >= last_day(occurred_on) - 27) as late_first_on,
        max(occurred_on) filter (occurred_on < last_day(occurred_on) - 27) as early_last_on
    from days
    group by all
),

neighbours as (
    select
        *,
        max(last_on) over (earlier rows between unbounded preceding and 1 preceding) as previous_on,
        lead(first_on) over earlier as next_on
    from months
    window earlier as (partition by scope, person_id order by first_on, segment)
)

select
    s.scope_kind, s.scope_id, m.person_id, m.month, m.segment,
    (m.month + interval 1 month)::date as month_end,
    m.first_on, m.last_on, m.days, m.acts, m.commits, m.late_days, m.late_first_on, m.early_last_on, m.previous_on,
    m.next_on
from neighbours as m
join (select distinct scope, scope_kind, scope_id from scopes) as s on m.scope = s.scope
