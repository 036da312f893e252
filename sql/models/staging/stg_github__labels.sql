{% set shape = {'name': 'VARCHAR', 'description': 'VARCHAR'} %}

with newest as ({{ newest('github', 'labels', shape) }})

select project_id, key as label_id, node.name, node.description, is_deleted
from newest
