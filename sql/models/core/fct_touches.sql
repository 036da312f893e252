-- A touch is known of people who agreed to be measured, and of speakers, who stand in a public schedule: those of the
-- events that we hosted, and those of talks about us. To have heard of an event is dated by the registration, for nobody
-- knows when it was; it counts of a cancelled one too, but nobody was there or spoke there.
select
    md5('attended|' || a.registration) as touch_id,
    a.person_id,
    a.attendee_key,
    a.event_starts_at as touched_at,
    'attended' as kind,
    'event' as channel,
    a.event_id,
    null as campaign_id,
    a.role,
    a.is_own,
    'the list of attendees; ' || a.match_status as known_by
from {{ ref('int_attendees') }} as a
join {{ ref('dim_events') }} as e on a.event_id = e.event_id and not e.is_cancelled
where a.status = 'attended' and a.has_consented and a.attendee_key is not null and a.event_starts_at is not null

union all

select
    md5('heard|' || a.registration || '|' || c.channel), a.person_id, a.attendee_key, a.registered_at, 'heard', c.channel,
    a.event_id, k.campaign_id, a.role, a.is_own, 'the person''s own answer; ' || a.match_status
from {{ ref('int_attendees') }} as a
cross join unnest(a.channels) as c(channel)
left join {{ ref('dim_campaigns') }} as k on a.tracking_code = k.campaign_id
where a.has_consented and a.attendee_key is not null and a.registered_at is not null

union all

select
    md5('link|' || a.registration), a.person_id, a.attendee_key, a.registered_at, 'heard', 'campaign', a.event_id,
    k.campaign_id, a.role, a.is_own, 'the campaign''s link; ' || a.match_status
from {{ ref('int_attendees') }} as a
join {{ ref('dim_campaigns') }} as k on a.tracking_code = k.campaign_id
where a.has_consented and a.attendee_key is not null and a.registered_at is not null and len(a.channels) = 0

union all

select
    md5('spoke|' || a.activity_id), a.person_id, null, a.occurred_at, 'spoke', 'event', m.event_id, null, 'speaker',
    a.is_own, 'the schedule'
from {{ ref('fct_activities') }} as a
join {{ ref('int_acts') }} as t
    on t.source = 'calendars' and a.activity_id = md5('calendars|' || coalesce(t.project_id, '') || '|' || t.act)
join {{ ref('int_event_matches') }} as m
    on m.mention_id = 'calendars|' || split_part(t.act, '|', 2) || '|' || split_part(t.act, '|', 2)
join {{ ref('dim_events') }} as e on m.event_id = e.event_id and not e.is_cancelled
join {{ ref('fct_talks') }} as k
    on k.talk_id = md5(split_part(t.act, '|', 2) || '|' || split_part(t.act, '|', 3))
where a.kind = 'talk_given' and (e.role = 'hosted' or k.is_ours)
