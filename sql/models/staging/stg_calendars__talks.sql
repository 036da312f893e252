with newest as ({{ newest('calendars', 'talks') }})

select
    instance as event_id,
    key as talk_id,
    payload ->> '$.title' as title,
    payload ->> '$.track' as track,
    payload ->> '$.type' as type,
    try_cast(payload ->> '$.start' as timestamptz) as starts_at,
    try_cast(payload ->> '$.duration_minutes' as integer) as duration_minutes,
    from_json(payload -> '$.persons', '[{"id": "VARCHAR", "name": "VARCHAR"}]') as persons,
    from_json(payload -> '$.links', '["VARCHAR"]') as links,
    coalesce(payload ->> '$.abstract', '') || ' ' || coalesce(payload ->> '$.description', '') as text
from newest
where payload ->> '$.is_taken_out' is null
