-- Days before GitHub was asked for the first time come from what github-repo-stats counted, where that was imported.
select
    project_id,
    day,
    stars,
    forks,
    watchers,
    open_issues,
    issues,
    open_change_requests,
    change_requests,
    merged,
    discussions,
    releases,
    case when len([1 for release in latest_releases if release.downloads is null]) = 0
        then list_sum([release.downloads for release in latest_releases])::bigint end as release_downloads
from {{ ref('stg_github__snapshots') }}

union all by name

select
    project_id,
    (counted_at at time zone 'UTC')::date as day,
    max(total) filter (kind = 'stars') as stars,
    max(total) filter (kind = 'forks') as forks
from {{ ref('stg_github_repo_stats__counts') }} as imported
where not exists (
    select 1 from {{ ref('stg_github__snapshots') }} as asked
    where asked.project_id = imported.project_id and asked.day <= (imported.counted_at at time zone 'UTC')::date
)
group by project_id, day
