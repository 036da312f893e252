-- Who came to which event, in whatever role, as far as they can be recognised at another one: of whoever agreed, by the
-- person, else by the pseudonym of the address or handle.
select
    a.event_id,
    coalesce(a.person_id, a.attendee_key) as attendee,
    any_value(a.person_id) as person_id,
    any_value(e.starts_on) as starts_on
from {{ ref('int_attendees') }} as a
join {{ ref('dim_events') }} as e on a.event_id = e.event_id
where a.status = 'attended' and coalesce(a.person_id, a.attendee_key) is not null
    and e.starts_on is not null and not e.is_cancelled
group by a.event_id, coalesce(a.person_id, a.attendee_key)
