-- A review that is pending is a draft which nobody but its author sees.
{{ config(materialized='table') }}

{% set shape = {
    'number': 'INTEGER', 'state': 'VARCHAR', 'submittedAt': 'TIMESTAMPTZ', 'author': actor_shape(), 'body': 'VARCHAR',
} %}

with newest as ({{ newest('github', 'reviews', shape) }})

select
    project_id,
    key as review_id,
    node.number,
    lower(node.state) as state,
    {{ actor_login('node.author') }} as written_by_login,
    {{ actor_type('node.author') }} as written_by_type,
    node.submittedAt as submitted_at,
    {{ text_shape('node.body') }} as text_shape,
    is_deleted
from newest
where node.state <> 'PENDING' and node.submittedAt is not null
