with newest as ({{ newest('outreach', 'affiliations') }})

select
    payload ->> '$.person.kind' as identity_kind,
    payload ->> '$.person.id' as identity_id,
    payload ->> '$.organization' as organization,
    try_cast(payload ->> '$.starts_on' as date) as starts_on,
    try_cast(payload ->> '$.ends_on' as date) as ends_on
from newest
where payload ->> '$.is_taken_out' is null
