-- People from outside with five commits or ten contributions in twelve months. Whoever has fewer in all their time is
-- left out first.
with monthly as (
    select scope_kind, scope_id, person_id, month, acts, commits
    from {{ ref('int_person_months') }}
    where segment = 'outside'
    qualify sum(acts) over (partition by scope_kind, scope_id, person_id) >= 10
        or sum(commits) over (partition by scope_kind, scope_id, person_id) >= 5

    union all

    select 'project', project_id, person_id, date_trunc('month', occurred_on)::date, sum(acts), sum(commits)
    from {{ ref('int_contribution_days') }}
    where segment = 'outside'
    group by project_id, person_id, date_trunc('month', occurred_on)
    qualify sum(sum(acts)) over (partition by project_id, person_id) >= 10
        or sum(sum(commits)) over (partition by project_id, person_id) >= 5
),

people as (
    select
        t.scope_kind, t.scope_id, t.period_end, m.person_id, sum(m.acts) as acts, sum(m.commits) as commits
    from {{ ref('int_twelve_months') }} as t
    join monthly as m
        on t.scope_kind = m.scope_kind and t.scope_id = m.scope_id
        and m.month >= t.period_start and m.month < t.period_end
    where t.status = 'ok'
    group by all
),

counted as (
    select
        scope_kind, scope_id, period_end,
        unnest(['either', 'commits', 'acts']) as segment,
        unnest([
            count(*) filter (commits >= 5 or acts >= 10), count(*) filter (commits >= 5), count(*) filter (acts >= 10)
        ]) as k
    from people
    group by scope_kind, scope_id, period_end
),

judged as (
    select
        t.* exclude (status, reason), s.segment, coalesce(c.k, 0) as k,
        case when s.segment = 'commits' and not coalesce(w.has_changes, false) then 'no_data' else t.status end as status,
        case when s.segment = 'commits' and not coalesce(w.has_changes, false) then {{ no_changes_told() }}
            else t.reason end as reason
    from {{ ref('int_twelve_months') }} as t
    cross join (select unnest(['either', 'commits', 'acts']) as segment) as s
    left join {{ ref('int_scope_tells') }} as w on t.scope_kind = w.scope_kind and t.scope_id = w.scope_id
    left join counted as c
        on t.scope_kind = c.scope_kind and t.scope_id = c.scope_id and t.period_end = c.period_end
        and s.segment = c.segment
)

{{ count_rows('outside_regulars', 'judged') }}
