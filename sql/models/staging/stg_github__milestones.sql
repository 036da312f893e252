{% set shape = {
    'number': 'INTEGER', 'title': 'VARCHAR', 'dueOn': 'TIMESTAMPTZ', 'createdAt': 'TIMESTAMPTZ',
    'closedAt': 'TIMESTAMPTZ',
} %}

with newest as ({{ newest('github', 'milestones', shape) }})

select
    project_id,
    key as milestone_id,
    node.number,
    node.title,
    node.createdAt as created_at,
    node.dueOn as due_at,
    node.closedAt as closed_at,
    is_deleted
from newest
