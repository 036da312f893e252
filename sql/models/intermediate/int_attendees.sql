-- Who a registration is of: matched only where the form asked and the answer was yes, by the pseudonym of the same
-- address or handle. Everybody else is counted and never looked for. A list with any mark of who came tells no-shows
-- too, of itself alone: of another list of the same event without marks nobody knows who came.
with people as (
    select kind, identity_id, min(person_id) as person_id
    from {{ ref('int_identities') }}
    where identity_id in (
        select unnest([attendee_id, login_id]) from {{ ref('stg_attendance__registrations') }}
    )
    group by kind, identity_id
),

-- Whoever agreed is ours too where a sheet, a register or a profile says so of the day of the event.
ours as (
    select distinct a.person_id, a.starts_on, a.ends_on
    from {{ ref('int_affiliations') }} as a
    join {{ ref('int_organizations') }} as o on a.organization_id = o.organization_id and o.is_own
),

registrations as (
    select
        r.*,
        m.event_id,
        bool_or(r.status = 'attended') over (partition by m.event_id, r.list_name) as is_marked
    from {{ ref('stg_attendance__registrations') }} as r
    join {{ ref('int_event_matches') }} as m on m.mention_id = 'attendance|' || r.event_name
),

matched as (
    select
        r.*,
        e.starts_at as event_starts_at,
        e.ends_on as event_ends_on,
        coalesce(e.starts_on, e.ends_on) as event_on,
        a.person_id is not null as is_same_address,
        coalesce(a.person_id, l.person_id) as known_person_id
    from registrations as r
    join {{ ref('dim_events') }} as e on r.event_id = e.event_id
    left join people as a on a.kind = 'address' and r.attendee_kind = 'address' and r.attendee_id = a.identity_id
    left join people as l on l.kind = 'login' and r.login_id = l.identity_id
),

ours_there as (
    select distinct m.registration
    from matched as m
    join ours as w on m.known_person_id = w.person_id
    where m.has_consented
        and (w.starts_on is null or w.starts_on <= m.event_on) and (w.ends_on is null or w.ends_on >= m.event_on)
)

select
    r.registration,
    r.event_id,
    r.form,
    case
        when r.status = 'registered' and r.is_marked and r.event_ends_on < s.read_on then 'no_show'
        else r.status
    end as status,
    r.is_marked,
    r.role,
    r.registered_at,
    r.checked_in_at,
    r.event_starts_at,
    r.minutes,
    r.guests,
    r.has_consented,
    r.channels,
    r.tracking_code,
    coalesce(r.is_own, false) or w.registration is not null as is_own,
    r.has_reported_contribution,
    case when r.has_consented then r.country end as country,
    case when r.has_consented then md5('attendee|' || coalesce(r.attendee_id, r.login_id)) end as attendee_key,
    case when r.has_consented then r.known_person_id end as person_id,
    case
        when r.has_consented is null then 'not_asked'
        when not r.has_consented then 'not_consented'
        when r.is_let_go then 'let_go'
        when r.login_id is null and r.attendee_kind is distinct from 'address' then 'no_address'
        when r.known_person_id is null then 'unmatched'
        when r.is_same_address then 'same_address'
        else 'same_login'
    end as match_status
from matched as r
cross join (
    select coalesce(max(last_success_at), now())::date as read_on
    from {{ source('meta', 'sources') }}
    where source = 'attendance'
) as s
left join ours_there as w on r.registration = w.registration
