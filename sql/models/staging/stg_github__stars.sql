{% set shape = {'starredAt': 'TIMESTAMPTZ', 'node': actor_shape()} %}

with newest as ({{ newest('github', 'stars', shape) }})

select
    project_id,
    key as account_id,
    {{ actor_login('node.node') }} as given_by_login,
    {{ actor_type('node.node') }} as given_by_type,
    node.starredAt as given_at,
    is_deleted
from newest
