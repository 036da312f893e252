-- The talks of the schedules, and those of the spreadsheet that no schedule shows. A talk that was submitted was given
-- only where it was accepted.
with scheduled as (
    select
        md5(t.event_id || '|' || t.talk_id) as talk_id,
        m.event_id,
        t.title,
        t.track,
        t.starts_at,
        t.duration_minutes,
        len(t.persons) as speakers,
        case when p.is_ours then p.project_id end as project_id,
        coalesce(p.is_ours, false) as is_ours,
        p.reason as match_reason
    from {{ ref('stg_calendars__talks') }} as t
    join {{ ref('int_event_matches') }} as m on m.mention_id = 'calendars|' || t.event_id || '|' || t.event_id
    left join {{ ref('int_talk_projects') }} as p on t.event_id = p.event_id and t.talk_id = p.talk_id
)

select
    talk_id,
    event_id,
    project_id,
    {{ without_addresses('title') }} as title,
    {{ without_addresses('track') }} as track,
    starts_at,
    duration_minutes,
    speakers,
    is_ours,
    match_reason
from scheduled

union all

select
    md5('spreadsheet|' || s.talk_key), e.event_id, p.project_id, {{ without_addresses('s.title') }}, null, e.starts_at,
    null, case when s.speaker_handle is not null then 1 end, coalesce(s.counts, true),
    'the spreadsheet says so; no schedule shows it'
from {{ ref('stg_outreach__talks') }} as s
join {{ ref('dim_events') }} as e on s.event_id = e.event_id
left join {{ ref('int_projects') }} as p on lower(s.project) = lower(p.project_id)
where coalesce(s.is_accepted, s.submitted_on is null) and not exists (
    from scheduled as c where c.event_id = s.event_id and lower(trim(c.title)) = lower(trim(s.title))
)
