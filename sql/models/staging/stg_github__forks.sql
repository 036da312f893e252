{% set shape = {'nameWithOwner': 'VARCHAR', 'createdAt': 'TIMESTAMPTZ', 'owner': actor_shape()} %}

with newest as ({{ newest('github', 'forks', shape) }})

select
    project_id,
    key as fork_id,
    node.nameWithOwner as full_name,
    {{ actor_login('node.owner') }} as owner_login,
    {{ actor_type('node.owner') }} as owner_type,
    node.createdAt as forked_at,
    is_deleted
from newest
