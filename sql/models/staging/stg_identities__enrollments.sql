with newest as ({{ newest('identities', 'people') }}),

employed as (
    select
        instance,
        key as person_key,
        unnest(from_json(
            payload -> '$.enrollments', '[{"organization": "VARCHAR", "from": "DATE", "until": "DATE"}]'
        )) as enrollment
    from newest
    where (payload ->> '$.is_taken_out') is null and not is_deleted
)

select distinct
    instance,
    person_key,
    enrollment.organization,
    enrollment."from" as starts_on,
    enrollment.until as ends_on
from employed
