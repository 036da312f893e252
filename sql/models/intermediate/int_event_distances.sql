-- Whether somebody from outside who came as an attendee came from the country of the event, as far as both are written
-- down: of people by their own answer in the form, of the event by the sheet. One writes DE and the other Germany. A name
-- that we do not know is the same country where both write it alike, and else nobody knows.
with names as (
    select lower(name) as word, code from {{ ref('countries') }}
    union
    select lower(code), code from {{ ref('countries') }}
),

came as (
    select s.event_id, s.attendee, lower(trim(min(a.country))) as home, lower(trim(any_value(e.country))) as place
    from {{ ref('int_event_seats') }} as s
    join {{ ref('dim_events') }} as e on s.event_id = e.event_id
    left join {{ ref('int_attendees') }} as a
        on s.event_id = a.event_id and s.attendee = coalesce(a.person_id, a.attendee_key) and a.role = 'attendee'
    where s.status = 'attended' and s.is_measured
    group by s.event_id, s.attendee
)

select
    c.event_id,
    c.attendee,
    c.place is not null as has_place,
    case
        when coalesce(h.code, c.home) = coalesce(p.code, c.place) then 'same_country'
        when h.code is null or p.code is null then 'country_unknown'
        else 'other_country'
    end as distance
from came as c
left join names as h on c.home = h.word
left join names as p on c.place = p.word
