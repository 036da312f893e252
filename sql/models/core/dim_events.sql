select
    event_id,
    {{ without_addresses('title') }} as name,
    {{ without_addresses('venue') }} as venue,
    {{ without_addresses('city') }} as city,
    starts_on,
    ends_on,
    timezone
from {{ ref('stg_calendars__schedules') }}
