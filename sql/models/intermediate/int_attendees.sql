-- Who a registration is of: matched only where the form asked and the answer was yes, by the pseudonym of the same
-- address or handle. Everybody else is counted and never looked for. A list with any mark of who came tells no-shows
-- too, of itself alone: of another list of the same event without marks nobody knows who came.
with people as (
    select kind, identity_id, min(person_id) as person_id from {{ ref('int_identities') }} group by kind, identity_id
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
)

select
    r.registration,
    r.event_id,
    r.form,
    case
        when r.status = 'registered' and r.is_marked and e.ends_on < s.read_on then 'no_show'
        else r.status
    end as status,
    r.is_marked,
    r.role,
    r.registered_at,
    r.checked_in_at,
    e.starts_at as event_starts_at,
    r.minutes,
    r.guests,
    r.has_consented,
    r.channels,
    r.tracking_code,
    coalesce(r.is_own, false) or (
        coalesce(r.has_consented, false) and exists (
            select 1
            from ours as w
            where w.person_id = coalesce(a.person_id, l.person_id)
                and (w.starts_on is null or w.starts_on <= coalesce(e.starts_on, e.ends_on))
                and (w.ends_on is null or w.ends_on >= coalesce(e.starts_on, e.ends_on))
        )
    ) as is_own,
    r.has_reported_contribution,
    case when r.has_consented then r.country end as country,
    case when r.has_consented then md5('attendee|' || coalesce(r.attendee_id, r.login_id)) end as attendee_key,
    case when r.has_consented then coalesce(a.person_id, l.person_id) end as person_id,
    case
        when r.has_consented is null then 'not_asked'
        when not r.has_consented then 'not_consented'
        when r.is_let_go then 'let_go'
        when r.login_id is null and r.attendee_kind is distinct from 'address' then 'no_address'
        when coalesce(a.person_id, l.person_id) is null then 'unmatched'
        when a.person_id is not null then 'same_address'
        else 'same_login'
    end as match_status
from registrations as r
join {{ ref('dim_events') }} as e on r.event_id = e.event_id
cross join (
    select coalesce(max(last_success_at), now())::date as read_on
    from {{ source('meta', 'sources') }}
    where source = 'attendance'
) as s
left join people as a on a.kind = 'address' and r.attendee_kind = 'address' and r.attendee_id = a.identity_id
left join people as l on l.kind = 'login' and r.login_id = l.identity_id
