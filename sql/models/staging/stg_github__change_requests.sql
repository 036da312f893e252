{{ config(materialized='table') }}

{% set shape = {
    'number': 'INTEGER', 'createdAt': 'TIMESTAMPTZ', 'closedAt': 'TIMESTAMPTZ', 'mergedAt': 'TIMESTAMPTZ',
    'author': actor_shape(), 'mergedBy': actor_shape(), 'title': 'VARCHAR', 'body': 'VARCHAR', 'headRefName': 'VARCHAR',
    'labels': {'nodes': [{'name': 'VARCHAR'}]},
} %}

with newest as ({{ newest('github', 'change_requests', shape) }})

select
    project_id,
    key as change_request_id,
    node.number,
    {{ actor_login('node.author') }} as opened_by_login,
    {{ actor_type('node.author') }} as opened_by_type,
    node.createdAt as opened_at,
    node.closedAt as closed_at,
    node.mergedAt as merged_at,
    {{ actor_login('node.mergedBy') }} as merged_by_login,
    {{ actor_type('node.mergedBy') }} as merged_by_type,
    {{ text_shape('node.title') }} as text_shape,
    [each.name for each in node.labels.nodes] as labels,
    {{ is_begun_by_agent('node.headRefName', 'node.body') }} as is_begun_by_agent,
    is_deleted
from newest
