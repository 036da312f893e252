-- What each repository said of itself on each day: the last time that it was asked on that day.
{% set count = {'totalCount': 'BIGINT'} %}
{% set assets = {'nodes': [{'downloadCount': 'BIGINT'}]} %}
{% set shape = {
    'stargazerCount': 'BIGINT', 'forkCount': 'BIGINT', 'watchers': count, 'issues': count, 'openIssues': count,
    'pullRequests': count, 'openPullRequests': count, 'mergedPullRequests': count, 'discussions': count,
    'releases': count,
    'latestReleases': {'nodes': [{'databaseId': 'VARCHAR', 'releaseAssets': assets}]},
} %}

with told as (
    select
        listed.project_id,
        try_cast(raw.payload ->> '$.asOf' as timestamptz)::date as day,
        raw.fetched_at,
        from_json(raw.payload, '{{ tojson(shape) }}') as node
    from {{ source('raw', 'github__repositories') }} as raw
    join {{ source('meta', 'sources') }} as listed
        on listed.source = 'github' and listed.stream = 'repositories'
        and listed.instance = raw.instance and listed.is_configured
)

select
    project_id,
    day,
    node.stargazerCount as stars,
    node.forkCount as forks,
    node.watchers.totalCount as watchers,
    node.issues.totalCount as issues,
    node.openIssues.totalCount as open_issues,
    node.pullRequests.totalCount as change_requests,
    node.openPullRequests.totalCount as open_change_requests,
    node.mergedPullRequests.totalCount as merged,
    node.discussions.totalCount as discussions,
    node.releases.totalCount as releases,
    [{
        'release_id': release.databaseId,
        -- It tells fifty assets at the most; of more the sum is not known.
        'downloads': case when len(release.releaseAssets.nodes) < 50
            then coalesce(list_sum([asset.downloadCount for asset in release.releaseAssets.nodes]), 0)::bigint end
    } for release in node.latestReleases.nodes] as latest_releases,
    fetched_at as told_at
from told
where day is not null
qualify row_number() over (partition by project_id, day order by fetched_at desc) = 1
