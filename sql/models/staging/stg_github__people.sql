-- The public profiles of accounts, as told last by whichever repository they were met in.
{{ config(materialized='table') }}

{% set shape = {
    '__typename': 'VARCHAR', 'login': 'VARCHAR', 'name': 'VARCHAR', 'company': 'VARCHAR', 'location': 'VARCHAR',
    'email': 'VARCHAR', 'createdAt': 'TIMESTAMPTZ',
} %}

with newest as ({{ newest('github', 'people', shape) }})

select
    key as account_id,
    {{ actor_login('node') }} as login,
    {{ actor_type('node') }} as account_type,
    node.name,
    nullif(trim(node.company), '') as company,
    nullif(trim(node.location), '') as location,
    nullif(lower(trim(node.email)), '') as email,
    node.createdAt as joined_at
from newest
where node.login is not null  -- of a profile that was erased nothing is left
qualify row_number() over (partition by key order by fetched_at desc, instance) = 1
