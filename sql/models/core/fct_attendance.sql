select
    md5('attendance|' || registration) as attendance_id,
    event_id,
    person_id,
    attendee_key,
    status,
    role,
    registered_at,
    checked_in_at,
    case when status = 'attended' then event_starts_at end as attended_at,
    minutes as attended_minutes,
    guests,
    has_consented,
    match_status,
    is_own,
    channels,
    has_reported_contribution,
    form
from {{ ref('int_attendees') }}
