-- Of people from outside who had a seat as attendees. Who agreed to be measured and has two tickets is one person, who
-- came with either, also where the tickets have two addresses that are known to be theirs. `attendee` is how they are
-- recognised at another event.
select
    a.event_id,
    a.status,
    a.has_consented,
    a.person_id,
    coalesce(a.person_id, a.attendee_key) as attendee,
    a.match_status,
    a.is_marked or a.status = 'no_show' as is_told,
    a.match_status in ('same_address', 'same_login', 'unmatched') as is_measured
from {{ ref('int_attendees') }} as a
where a.role = 'attendee' and not a.is_own and a.status not in ('waiting', 'invited')
qualify row_number() over (
    partition by a.event_id, coalesce(a.person_id, a.attendee_key, a.registration)
    order by a.status = 'attended' desc, a.status = 'no_show' desc, a.status = 'registered' desc, a.registration
) = 1
