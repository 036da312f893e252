-- A draft has no publishedAt, and is not published yet.
{{ config(materialized='table') }}

{% set shape = {
    'tagName': 'VARCHAR', 'publishedAt': 'TIMESTAMPTZ', 'isDraft': 'BOOLEAN', 'isPrerelease': 'BOOLEAN',
    'author': actor_shape(),
    'releaseAssets': {'nodes': [
        {'name': 'VARCHAR', 'downloadCount': 'BIGINT', 'size': 'BIGINT', 'createdAt': 'TIMESTAMPTZ'}
    ]},
} %}

with newest as ({{ newest('github', 'releases', shape) }})

select
    project_id,
    key as release_id,
    node.tagName as tag,
    {{ actor_login('node.author') }} as published_by_login,
    {{ actor_type('node.author') }} as published_by_type,
    node.publishedAt as published_at,
    coalesce(node.isPrerelease, false) as is_prerelease,
    node.releaseAssets.nodes as assets,
    fetched_at as told_at,
    is_deleted
from newest
where node.publishedAt is not null and not coalesce(node.isDraft, false)
