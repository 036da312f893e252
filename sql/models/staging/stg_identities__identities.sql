with newest as ({{ newest('identities', 'people') }}),

named as (
    select
        instance,
        key as person_key,
        payload ->> '$.register' as register,
        try_cast(payload ->> '$.is_bot' as boolean) as is_bot,
        unnest(from_json(payload -> '$.identities', '[{"kind": "VARCHAR", "value": "VARCHAR"}]')) as identity
    from newest
    where (payload ->> '$.is_taken_out') is null and not is_deleted
)

select distinct
    instance,
    person_key,
    register,
    is_bot,
    identity.kind,
    case when identity.kind in ('address', 'login') then lower(trim(identity.value)) else identity.value end as value
from named
-- A user name at another place than GitHub is nobody's handle here.
where identity.kind in ('address', 'login', 'name')
