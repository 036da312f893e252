{{ config(materialized='table') }}

{% set shape = {
    'author': {
        'mapped_name': 'VARCHAR', 'email': 'VARCHAR', 'mapped_email': 'VARCHAR', 'date': 'VARCHAR',
        'offset_minutes': 'VARCHAR',
    },
    'committer': {'email': 'VARCHAR', 'date': 'VARCHAR'},
    'is_merge': 'VARCHAR',
    'trailers': 'JSON',
} %}

with newest as ({{ newest('git', 'commits', shape) }})

select
    project_id,
    instance,
    key as sha,
    node.author.mapped_name as author_name,
    nullif(trim(node.author.email), '') as author_address,
    nullif(trim(node.author.mapped_email), '') as author_mapped_address,
    try_cast(node.author.date as timestamptz) as authored_at,
    try_cast(node.author.offset_minutes as integer) as utc_offset_minutes,
    -- Of what was written or merged in the browser, GitHub is the committer, and its clock the author's.
    coalesce(node.committer.email = 'noreply@github.com' and node.committer.date = node.author.date, false)
        as is_made_in_browser,
    node.is_merge::boolean as is_merge,
    node.trailers as trailers
from newest
qualify row_number() over (partition by project_id, key order by instance) = 1
