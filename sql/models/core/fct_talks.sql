select
    md5(t.event_id || '|' || t.talk_id) as talk_id,
    t.event_id,
    p.project_id,
    {{ without_addresses('t.title') }} as title,
    {{ without_addresses('t.track') }} as track,
    t.starts_at,
    t.duration_minutes,
    len(t.persons) as speakers
from {{ ref('stg_calendars__talks') }} as t
left join {{ ref('int_talk_projects') }} as p on t.event_id = p.event_id and t.talk_id = p.talk_id
