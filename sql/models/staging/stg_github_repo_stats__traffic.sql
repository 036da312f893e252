-- The aggregate does not say when it saw a day. Read nightly, it saw all but the ends of each unbroken stretch whole.
with told as ({{ traffic_versions('github_repo_stats') }}),

days as (
    select
        instance,
        project_id,
        day,
        kind,
        max(total) as total,
        max(uniques) as uniques,
        coalesce(
            bool_or(told_at between {{ seen_whole_from('day') }} and {{ seen_whole_until('day') }}), false
        ) as was_seen_whole
    from told
    where kind in ('views', 'clones') and day is not null
    group by instance, project_id, day, kind
),

placed as (
    select
        *,
        coalesce(lag(day) over stretch = day - 1 and lead(day) over stretch = day + 1, false) as is_inside
    from days
    window stretch as (partition by instance, kind order by day)
)

select
    project_id,
    day,
    kind,
    max(total) as total,
    max(uniques) as uniques,
    bool_and(not was_seen_whole and not is_inside) as is_partial
from placed
group by project_id, day, kind
