with newest as ({{ newest('identities', 'organizations') }})

select
    instance,
    payload ->> '$.name' as organization,
    from_json(payload -> '$.domains', '[{"domain": "VARCHAR", "until": "DATE"}]') as domains,
    from_json(payload -> '$.aliases', '["VARCHAR"]') as aliases
from newest
where (payload ->> '$.is_taken_out') is null and not is_deleted
