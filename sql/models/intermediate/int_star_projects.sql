-- What is known of the stars of each repository on GitHub. A list that ends at exactly 40,000 was cut off there, and who
-- starred counts as known where 95 of 100 stars have a name.
{% set cut_off = 40000 %}

with asked as (
    select
        project_id,
        max(observed_until) filter (stream = 'star_history') as history_until,
        max(observed_until) filter (stream = 'stars') as listed_until
    from {{ source('meta', 'sources') }}
    where is_configured and source = 'github' and project_id is not null
    group by project_id
),

told as (
    select project_id, min(day) as first_day, max(day) as last_day, sum(stars_given) as stars
    from {{ ref('fct_stars_daily') }}
    group by project_id
),

listed as (
    select project_id, min(day) as first_day, max(day) as last_day, count(*) as stars
    from {{ ref('int_stars') }}
    group by project_id
)

select
    a.project_id,
    coalesce(t.first_day, l.first_day) as first_day,
    greatest(
        coalesce(t.last_day, l.last_day),
        (coalesce(case when t.project_id is not null or l.project_id is null then a.history_until end, a.listed_until)
            at time zone 'UTC')::date - 1
    ) as last_day,
    t.project_id is not null as has_days,
    t.project_id is not null or l.project_id is not null or a.history_until is not null as is_told,
    coalesce(l.stars >= 0.95 * coalesce(t.stars, l.stars), t.project_id is null and a.listed_until is not null) as is_listed,
    coalesce(t.stars = {{ cut_off }}, false) or coalesce(l.stars = {{ cut_off }}, false) as is_cut_off
from asked as a
left join told as t on a.project_id = t.project_id
left join listed as l on a.project_id = l.project_id
