with newest as ({{ newest('feeds', 'entries') }})

select
    instance as feed_id,
    key as entry_key,
    payload ->> '$.title' as title,
    payload ->> '$.url' as url,
    try_cast(payload ->> '$.published' as timestamptz) as published_at,
    coalesce(payload ->> '$.text', '') as text
from newest
where payload ->> '$.is_taken_out' is null
