{{ config(materialized='table') }}

{% set shape = {
    'number': 'INTEGER', 'createdAt': 'TIMESTAMPTZ', 'author': actor_shape(), 'body': 'VARCHAR', 'isAnswer': 'BOOLEAN',
    'replyTo': {'databaseId': 'VARCHAR'},
} %}

with newest as ({{ newest('github', 'discussion_comments', shape) }})

select
    project_id,
    key as discussion_comment_id,
    node.replyTo.databaseId as replies_to_id,
    node.number,
    {{ actor_login('node.author') }} as written_by_login,
    {{ actor_type('node.author') }} as written_by_type,
    node.createdAt as written_at,
    coalesce(node.isAnswer, false) as is_answer,
    {{ text_shape('node.body') }} as text_shape,
    {{ says_thanks('node.body') }} as says_thanks,
    is_deleted
from newest
