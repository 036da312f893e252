with newest as ({{ newest('outreach', 'survey') }})

select
    key as answer_key,
    payload ->> '$.survey_id' as survey_id,
    try_cast(payload ->> '$.answered_on' as date) as answered_on,
    coalesce(from_json(payload -> '$.communities', '["VARCHAR"]'), []) as communities,
    try_cast(payload ->> '$.recommend' as integer) as recommend,
    coalesce(from_json(payload -> '$.heard_from', '["VARCHAR"]'), []) as channels,
    try_cast(payload ->> '$.invited' as bigint) as invited
from newest
where payload ->> '$.is_taken_out' is null
