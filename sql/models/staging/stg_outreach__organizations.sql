with newest as ({{ newest('outreach', 'organizations') }})

select
    payload ->> '$.organization' as organization,
    payload ->> '$.kind' as kind,
    from_json(payload -> '$.domains', '["varchar"]') as domains,
    from_json(payload -> '$.aliases', '["varchar"]') as aliases
from newest
where payload ->> '$.is_taken_out' is null
