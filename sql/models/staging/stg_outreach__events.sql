with newest as ({{ newest('outreach', 'events') }})

select
    payload ->> '$.event_id' as event_id,
    payload ->> '$.name' as name,
    try_cast(payload ->> '$.starts_on' as date) as starts_on,
    coalesce(try_cast(payload ->> '$.ends_on' as date), try_cast(payload ->> '$.starts_on' as date)) as ends_on,
    payload ->> '$.city' as city,
    payload ->> '$.country' as country,
    payload ->> '$.role' as role,
    coalesce(from_json(payload -> '$.communities', '["VARCHAR"]'), []) as communities,
    payload ->> '$.goal_id' as goal_id,
    try_cast(payload ->> '$.cost' as double) as cost,
    payload ->> '$.currency' as currency,
    try_cast(payload ->> '$.staff_hours' as double) as staff_hours
from newest
where payload ->> '$.is_taken_out' is null
