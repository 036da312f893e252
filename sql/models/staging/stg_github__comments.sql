{{ config(materialized='table') }}

{% set shape = {'number': 'INTEGER', 'createdAt': 'TIMESTAMPTZ', 'author': actor_shape(), 'body': 'VARCHAR'} %}

with newest as (
    select * from ({{ newest('github', 'issue_comments', shape) }})
    union all
    select * from ({{ newest('github', 'change_request_comments', shape) }})
)

select
    project_id,
    key as comment_id,
    node.number,
    {{ actor_login('node.author') }} as written_by_login,
    {{ actor_type('node.author') }} as written_by_type,
    node.createdAt as written_at,
    {{ text_shape('node.body') }} as text_shape,
    {{ says_thanks('node.body') }} as says_thanks,
    is_deleted
from newest
