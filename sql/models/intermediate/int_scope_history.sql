-- From when to when the data of a scope reach. Nobody can tell who is new in the first year. A few acts that stand two
-- years or more before all others are wrong dates far more often than a beginning, so they do not begin the history.
with counted as (
    select s.scope_kind, s.scope_id, d.occurred_on, sum(d.contributions) as contributions
    from (
        select project_id, occurred_on, count(*) as contributions
        from {{ ref('int_contribution_days') }}
        group by project_id, occurred_on
    ) as d
    join {{ ref('int_scopes') }} as s on d.project_id = s.project_id
    group by s.scope_kind, s.scope_id, d.occurred_on
),

days as (
    select
        scope_kind,
        scope_id,
        occurred_on,
        sum(contributions) over by_day as so_far,
        sum(contributions) over (partition by scope_kind, scope_id) as total,
        lead(occurred_on) over by_day - occurred_on as silent_days
    from counted
    window by_day as (partition by scope_kind, scope_id order by occurred_on)
),

begun as (
    select
        scope_kind,
        scope_id,
        coalesce(max(so_far) filter (silent_days > 730 and so_far <= greatest(1, total // 100)), 0) as stray
    from days
    group by scope_kind, scope_id
),

firsts as (
    select d.scope_kind, d.scope_id, min(d.occurred_on) as history_starts_on
    from days as d
    join begun as b on d.scope_kind = b.scope_kind and d.scope_id = b.scope_id and d.so_far > b.stray
    group by d.scope_kind, d.scope_id
)

select
    f.scope_kind,
    f.scope_id,
    f.history_starts_on,
    (f.history_starts_on + interval 365 day)::date as newness_known_from,
    max(w.observed_until) as observed_until
from firsts as f
join {{ ref('int_scope_watched') }} as w on f.scope_kind = w.scope_kind and f.scope_id = w.scope_id
group by f.scope_kind, f.scope_id, f.history_starts_on
