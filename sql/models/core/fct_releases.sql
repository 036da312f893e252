-- Downloads are told when a release is read, and every night for the newest three; whichever was later counts.
with assets as (
    select project_id, release_id, sum(downloads)::bigint as downloads, max(told_at) as told_at
    from {{ ref('stg_github__release_assets') }}
    group by project_id, release_id
),

nightly as (
    select project_id, told_at, unnest(latest_releases) as release
    from {{ ref('stg_github__snapshots') }}
),

told as (
    select project_id, release_id, downloads, told_at from assets
    union all
    select project_id, release.release_id, release.downloads, told_at
    from nightly
    where release.downloads is not null
),

newest as (
    select project_id, release_id, arg_max(downloads, told_at) as downloads, max(told_at) as downloads_as_of
    from told
    group by project_id, release_id
)

select
    r.release_id,
    r.project_id,
    -- A tag such as package@1.2.0 is no address, and stays.
    regexp_replace(
        r.tag, '[^\s@＠<>()]+[@＠][\p{L}\p{M}\p{N}.-]*\.\p{L}{2,}[^\s@＠]*', '[address removed]', 'g'
    ) as tag,
    r.published_at,
    r.is_prerelease,
    d.downloads,
    d.downloads_as_of
from {{ ref('stg_github__releases') }} as r
left join newest as d on r.project_id = d.project_id and r.release_id = d.release_id
where not r.is_deleted
