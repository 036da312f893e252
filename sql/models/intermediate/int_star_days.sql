-- A day without a row is not zero until some repository has a row of it: a day on which nobody at all is said to have
-- starred anything, where ten stars are usual, is a day that nobody recorded. Days on which GitHub was out are not known
-- either. All days are GitHub's, in UTC.
{% set usual_stars = 10 %}

with listed as (
    select
        project_id, day, count(*) as given,
        count(*) filter (giver = 'outside') as clean
    from {{ ref('int_stars') }}
    group by project_id, day
),

held as (
    select project_id, day, stars_given from {{ ref('fct_stars_daily') }}
    union all
    select l.project_id, l.day, l.given
    from listed as l
    join {{ ref('int_star_projects') }} as p on l.project_id = p.project_id and not p.has_days
),

spine as (
    select
        project_id, is_listed,
        unnest(generate_series(first_day::timestamp, last_day::timestamp, interval 1 day))::date as day
    from {{ ref('int_star_projects') }}
    where first_day is not null
),

filled as (
    select s.project_id, s.is_listed, s.day, h.stars_given
    from spine as s
    left join held as h on s.project_id = h.project_id and s.day = h.day
),

totals as (
    select day, sum(stars_given) as stars from filled group by day
),

silent as (
    select day
    from totals
    qualify stars is null and avg(stars) over (
        order by day range between interval 28 day preceding and interval 28 day following
    ) >= {{ usual_stars }}
),

outages as (
    select day from silent
    union
    select unnest(generate_series(starts_on::timestamp, coalesce(ends_on, starts_on)::timestamp, interval 1 day))::date
    from {{ ref('dim_shocks') }}
    where kind = 'outage' and scope_kind = 'source' and scope_id = 'github'
)

select
    f.project_id,
    f.day,
    case when o.day is null then coalesce(f.stars_given, 0) end as stars_given,
    -- The list of who starred may be a night younger than the counts, and hold a star more or less.
    case when o.day is null and f.is_listed
        then greatest(coalesce(f.stars_given, 0) - (coalesce(l.given, 0) - coalesce(l.clean, 0)), 0) end as clean_stars,
    o.day is not null as is_outage
from filled as f
left join outages as o on f.day = o.day
left join listed as l on f.project_id = l.project_id and f.day = l.day
