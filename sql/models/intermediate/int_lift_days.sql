-- What was counted on each day, and null where nothing is known of the day: not before it can be told who is new, nor
-- after the project was watched last, nor while its source was down. Of stars also how many are suspect, where the list
-- of who gave them is held; of a list that was cut off nothing is known.
with outages as (
    select o.source, o.project_id, unnest(generate_series(s.starts_on, s.ends_on, interval 1 day))::date as on_day
    from {{ ref('dim_shocks') }} as s
    join {{ ref('int_observed') }} as o on s.scope_kind = 'source' and s.scope_id = o.source
    where s.kind = 'outage'
),

down as (
    select distinct project_id, on_day from outages
),

suspects as (
    select project_id, day, count(*) as stars
    from {{ ref('int_stars') }}
    where giver in ('lockstep', 'new_account')
    group by project_id, day
),

-- GitHub tells afterwards who starred while everything else was down; that nobody did is not known of such a day.
told as (
    select project_id, day, stars_given from {{ ref('fct_stars_daily') }} where stars_given > 0
),

stars as (
    select
        'stars' as series, d.project_id, d.day as on_day, coalesce(d.stars_given, h.stars_given) as n,
        case when p.is_listed and n is not null then coalesce(s.stars, 0) end as suspect
    from {{ ref('int_star_days') }} as d
    join {{ ref('int_star_projects') }} as p on d.project_id = p.project_id and not p.is_cut_off
    left join told as h on d.project_id = h.project_id and d.day = h.day
    left join suspects as s on d.project_id = s.project_id and d.day = s.day
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
    select
        'new_contributors' as series, d.project_id, d.on_day, case when o.project_id is null then coalesce(a.n, 0) end as n,
        null::bigint as suspect
    from (
        select project_id, unnest(generate_series(first_on, last_on, interval 1 day))::date as on_day
        from watched
        where first_on < last_on
    ) as d
    left join arrivals as a on d.project_id = a.project_id and d.on_day = a.on_day
    left join down as o on d.project_id = o.project_id and d.on_day = o.on_day
)

select * from stars
union all
select * from newcomers
