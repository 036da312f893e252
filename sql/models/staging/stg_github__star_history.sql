-- Stars that are still held, by the day on which they were given. A week is told with all its seven days; of a day
-- that was not over when it was read last, nothing is known yet.
{% set shape = {'week': 'BIGINT', 'days': ['INTEGER']} %}

with newest as ({{ newest('github', 'star_history', shape) }}),

days as (
    select
        project_id, instance, fetched_at, last_success_at,
        make_timestamp(node.week * 1000000)::date + (unnest(range(len(node.days))))::integer as day,
        unnest(node.days) as stars_given
    from newest
    where not is_deleted
)

select project_id, day, stars_given, fetched_at as told_at
from days
where day <= fetched_at::date and day < coalesce(last_success_at, fetched_at)::date
qualify row_number() over (partition by project_id, day order by fetched_at desc) = 1
