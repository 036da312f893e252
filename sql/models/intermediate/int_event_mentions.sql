-- Every place that tells of an event. `name_in_source` is what its source calls it: the id in the spreadsheet, of the
-- schedule or of the list of attendees, and of a calendar's entry the first part of its UID.
select
    'outreach|' || event_id as mention_id, 'outreach' as source, '' as instance, event_id as name_in_source,
    name as title, city, null as venue, starts_on, ends_on, null::timestamptz as starts_at,
    null::timestamptz as ends_at, null as timezone, 'confirmed' as status, false as is_recurring, null as url
from {{ ref('stg_outreach__events') }}

union all

select
    'calendars|' || calendar_id || '|' || mention,
    case form when 'schedule' then 'schedules' else 'calendars' end, calendar_id,
    case form when 'schedule' then calendar_id else lower(coalesce(nullif(split_part(uid, '@', 1), ''), uid)) end,
    coalesce(title, uid), city, venue, starts_on, ends_on, starts_at, ends_at, timezone, status,
    recurrence is not null, url
from {{ ref('stg_calendars__events') }}

union all

select distinct
    'attendance|' || event_name, 'attendance', '', event_name, null, null, null, null::date, null::date,
    null::timestamptz, null::timestamptz, null, 'confirmed', false, null
from {{ ref('stg_attendance__registrations') }}
