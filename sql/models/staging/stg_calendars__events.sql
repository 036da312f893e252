with newest as ({{ newest('calendars', 'schedules') }})

select
    instance as event_id,
    payload ->> '$.title' as title,
    payload ->> '$.venue' as venue,
    payload ->> '$.city' as city,
    try_cast(payload ->> '$.start' as date) as starts_on,
    try_cast(payload ->> '$.end' as date) as ends_on,
    payload ->> '$.zone' as timezone
from newest
