with newest as ({{ newest('outreach', 'content') }})

select
    key as content_key,
    try_cast(payload ->> '$.published_on' as date) as published_on,
    payload ->> '$.kind' as kind,
    payload ->> '$.title' as title,
    payload ->> '$.url' as url,
    payload ->> '$.by' as made_by,
    coalesce(from_json(payload -> '$.about', '["VARCHAR"]'), []) as about,
    coalesce(from_json(payload -> '$.communities', '["VARCHAR"]'), []) as communities
from newest
where payload ->> '$.is_taken_out' is null
