with newest as ({{ newest('calendars', 'events') }})

select
    instance as calendar_id,
    key as mention,
    payload ->> '$.form' as form,
    payload ->> '$.uid' as uid,
    payload ->> '$.title' as title,
    payload ->> '$.venue' as venue,
    payload ->> '$.city' as city,
    try_cast(payload ->> '$.start' as date) as starts_on,
    coalesce(try_cast(payload ->> '$.end' as date), try_cast(payload ->> '$.start' as date)) as ends_on,
    case when len(payload ->> '$.start') > 10 then try_cast(payload ->> '$.start' as timestamptz) end as starts_at,
    case when len(payload ->> '$.end') > 10 then try_cast(payload ->> '$.end' as timestamptz) end as ends_at,
    payload ->> '$.zone' as timezone,
    payload ->> '$.status' as status,
    payload ->> '$.url' as url,
    payload ->> '$.recurrence' as recurrence
from newest
where payload ->> '$.is_taken_out' is null
