with trailers as (
    select
        project_id, instance, sha,
        unnest(from_json(trailers, '[{"key": "VARCHAR", "name": "VARCHAR", "email": "VARCHAR"}]')) as trailer
    from {{ ref('stg_git__commits') }}
)

select
    project_id,
    instance,
    sha,
    nullif(lower(trim(trailer.email)), '') as address,
    min(trailer.name) as name
from trailers
where trailer.key = 'co-authored-by'
group by all
