-- People from outside who came as speakers, or to help as organisers or staff, and can be looked for, with what they did
-- since: they are no audience, and are told apart from it.
with came as (
    select distinct
        w.event_id,
        case a.role when 'speaker' then 'speakers' else 'organisers' end as segment,
        coalesce(a.person_id, a.attendee_key) as attendee,
        a.person_id,
        w.ends_on
    from {{ ref('int_attendees') }} as a
    join {{ ref('int_event_audience') }} as w on a.event_id = w.event_id
    where a.role in ('speaker', 'organiser', 'staff') and not a.is_own and a.status = 'attended'
        and a.match_status in ('same_address', 'same_login', 'unmatched')
),

acts as (
    select person_id, project_id, occurred_on from {{ ref('int_contribution_days') }} where segment = 'outside'
    union all
    select person_id, project_id, occurred_on from {{ ref('int_interest_days') }} where segment = 'outside'
),

followed as (
    select c.event_id, c.person_id, min(a.occurred_on) as followed_on
    from (select distinct event_id, person_id, ends_on from came where person_id is not null) as c
    join acts as a on c.person_id = a.person_id and a.occurred_on > c.ends_on
    semi join {{ ref('int_scopes') }} as s on s.scope_kind = 'program' and a.project_id = s.project_id
    group by c.event_id, c.person_id
)

select c.event_id, c.segment, c.attendee, c.ends_on, f.followed_on
from came as c
left join followed as f on c.event_id = f.event_id and c.person_id = f.person_id
