with newest as ({{ newest('catalogues', 'conferences') }})

select
    instance as catalogue_id,
    payload ->> '$.name' as name,
    payload ->> '$.url' as url,
    try_cast(payload ->> '$.startDate' as date) as starts_on,
    coalesce(try_cast(payload ->> '$.endDate' as date), try_cast(payload ->> '$.startDate' as date)) as ends_on,
    payload ->> '$.city' as city,
    payload ->> '$.country' as country,
    coalesce(try_cast(payload ->> '$.online' as boolean), false) as is_online,
    coalesce(from_json(payload -> '$.topics', '["VARCHAR"]'), []) as topics,
    payload ->> '$.cfpUrl' as proposals_url,
    try_cast(payload ->> '$.cfpEndDate' as date) as proposals_until
from newest
where payload ->> '$.is_taken_out' is null
