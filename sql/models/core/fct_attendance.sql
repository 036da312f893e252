-- A country of which fewer came than may be told of is one of the others, and where these are too few again, no country of
-- the event is told.
with counted as (
    select *, count(distinct coalesce(attendee_key, registration)) over (partition by event_id, country) as of_country
    from {{ ref('int_attendees') }}
),

folded as (
    select
        c.*,
        case when c.of_country < o.smallest_group then 'other' else c.country end as shown_country,
        count(*) filter (c.country is not null and c.of_country < o.smallest_group) over (partition by c.event_id) as of_others,
        o.smallest_group
    from counted as c
    cross join {{ source('config', 'ospo') }} as o
)

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
    form,
    case when country is not null and of_others not between 1 and smallest_group - 1 then shown_country end as country
from folded
