{{ config(materialized='table') }}

{% set shape = {
    'number': 'INTEGER', 'createdAt': 'TIMESTAMPTZ', 'closedAt': 'TIMESTAMPTZ', 'stateReason': 'VARCHAR',
    'author': actor_shape(), 'assignees': {'totalCount': 'INTEGER'}, 'title': 'VARCHAR', 'labels': {'nodes': [{'name': 'VARCHAR'}]},
} %}

with newest as ({{ newest('github', 'issues', shape) }})

select
    project_id,
    key as issue_id,
    node.number,
    {{ actor_login('node.author') }} as opened_by_login,
    {{ actor_type('node.author') }} as opened_by_type,
    node.createdAt as opened_at,
    node.closedAt as closed_at,
    case when node.closedAt is not null then lower(node.stateReason) end as state_reason,
    node.assignees.totalCount > 0 as is_assigned,
    {{ text_shape('node.title') }} as text_shape,
    [each.name for each in node.labels.nodes] as labels,
    is_deleted
from newest
