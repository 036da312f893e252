with newest as ({{ newest('outreach', 'kinds') }})

select
    payload ->> '$.person.kind' as identity_kind,
    payload ->> '$.person.id' as identity_id,
    payload ->> '$.kind' as kind,
    payload ->> '$.reason' as reason
from newest
where payload ->> '$.is_taken_out' is null
