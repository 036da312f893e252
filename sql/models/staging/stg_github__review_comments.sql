{{ config(materialized='table') }}

{% set shape = {
    'number': 'INTEGER', 'reviewId': 'VARCHAR', 'createdAt': 'TIMESTAMPTZ', 'author': actor_shape(),
    'replyTo': {'fullDatabaseId': 'VARCHAR'},
} %}

with newest as ({{ newest('github', 'review_comments', shape) }})

select
    project_id,
    key as review_comment_id,
    node.reviewId as review_id,
    node.replyTo.fullDatabaseId as replies_to_id,
    node.number,
    {{ actor_login('node.author') }} as written_by_login,
    {{ actor_type('node.author') }} as written_by_type,
    node.createdAt as written_at,
    is_deleted
from newest
