with assets as (
    select project_id, release_id, told_at, is_deleted, unnest(assets) as asset
    from {{ ref('stg_github__releases') }}
)

select
    project_id,
    release_id,
    asset.name,
    asset.size as size_bytes,
    asset.downloadCount as downloads,
    asset.createdAt as uploaded_at,
    told_at,
    is_deleted
from assets
