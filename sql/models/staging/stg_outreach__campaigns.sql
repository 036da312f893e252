with newest as ({{ newest('outreach', 'campaigns') }})

select
    payload ->> '$.campaign_id' as campaign_id,
    payload ->> '$.name' as name,
    try_cast(payload ->> '$.starts_on' as date) as starts_on,
    coalesce(try_cast(payload ->> '$.ends_on' as date), try_cast(payload ->> '$.starts_on' as date)) as ends_on,
    coalesce(from_json(payload -> '$.channels', '["VARCHAR"]'), []) as channels,
    coalesce(from_json(payload -> '$.about', '["VARCHAR"]'), []) as about,
    payload ->> '$.metric' as metric,
    try_cast(payload ->> '$.window_days' as integer) as window_days,
    coalesce(from_json(payload -> '$.communities', '["VARCHAR"]'), []) as communities,
    payload ->> '$.goal_id' as goal_id,
    try_cast(payload ->> '$.cost' as double) as cost,
    payload ->> '$.currency' as currency,
    try_cast(payload ->> '$.staff_hours' as double) as staff_hours
from newest
where payload ->> '$.is_taken_out' is null
