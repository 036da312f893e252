with trailers as (
    select
        project_id, instance, sha,
        unnest(from_json(trailers, '[{"key": "VARCHAR", "name": "VARCHAR", "email": "VARCHAR"}]')) as trailer
    from {{ ref('stg_git__commits') }}
)

select distinct
    project_id,
    instance,
    sha,
    trailer.name as name,
    nullif(trim(trailer.email), '') as address
from trailers
where trailer.key = 'co-authored-by'
