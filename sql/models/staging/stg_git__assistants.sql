-- Who assisted or generated, as a line of the commit says. Co-authors with an address are people and agents like any
-- other; of one without there is the name alone.
with trailers as (
    select
        project_id, sha,
        unnest(from_json(trailers, '[{"key": "VARCHAR", "name": "VARCHAR", "email": "VARCHAR"}]')) as trailer
    from {{ ref('stg_git__commits') }}
)

select distinct
    project_id,
    sha,
    lower(trim(trailer.name)) as name,
    nullif(lower(trim(trailer.email)), '') as address
from trailers
where trailer.key in ('assisted-by', 'generated-by', 'created-by', 'written-by')
    or (trailer.key in ('co-authored-by', 'co-developed-by') and nullif(trim(trailer.email), '') is null)
