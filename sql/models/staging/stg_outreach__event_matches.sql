with newest as ({{ newest('outreach', 'event_matches') }})

select
    payload ->> '$.event' as event_name,
    payload ->> '$.other' as other_name,
    try_cast(payload ->> '$.same' as boolean) as is_same
from newest
where payload ->> '$.is_taken_out' is null
