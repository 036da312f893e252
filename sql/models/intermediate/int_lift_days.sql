-- What was counted on each day, and null where nothing is known of the day: not before it can be told who is new, nor
-- after the project was watched last, nor while its source was down. GitHub tells all stars afterwards, so of them no
-- outage takes any.
with outages as (
    select o.source, o.project_id, unnest(generate_series(s.starts_on, s.ends_on, interval 1 day))::date as on_day
    from {{ ref('dim_shocks') }} as s
    join {{ ref('int_observed') }} as o on s.scope_kind = 'source' and s.scope_id = o.source
    where s.kind = 'outage'
),

down as (
    select distinct 'new_contributors' as series, project_id, on_day from outages
),

stars as (
    select 'stars' as series, project_id, day as on_day, stars_given as n
    from {{ ref('fct_stars_daily') }}
),

watched as (
    select h.scope_id as project_id, h.newness_known_from as first_on, h.observed_until as last_on
    from {{ ref('int_scope_history') }} as h
    join {{ ref('dim_projects') }} as p on h.scope_id = p.project_id and p.kind = 'repository'
    where h.scope_kind = 'project'
),

arrivals as (
    select scope_id as project_id, first_on as on_day, count(*) as n
    from {{ ref('int_first_contributions') }}
    where scope_kind = 'project' and segment = 'outside'
    group by all
),

newcomers as (
    select 'new_contributors' as series, d.project_id, d.on_day, coalesce(a.n, 0) as n
    from (
        select project_id, unnest(generate_series(first_on, last_on, interval 1 day))::date as on_day
        from watched
        where first_on < last_on
    ) as d
    left join arrivals as a on d.project_id = a.project_id and d.on_day = a.on_day
)

select c.series, c.project_id, c.on_day, case when d.series is null then c.n end as n
from (select * from stars union all select * from newcomers) as c
left join down as d on c.series = d.series and c.project_id = d.project_id and c.on_day = d.on_day
