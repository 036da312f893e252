with newest as ({{ newest('outreach', 'talks') }})

select
    key as talk_key,
    payload ->> '$.event_id' as event_id,
    payload ->> '$.title' as title,
    payload ->> '$.speaker_handle' as speaker_handle,
    payload ->> '$.project' as project,
    payload ->> '$.url' as url,
    try_cast(payload ->> '$.counts' as boolean) as counts,
    try_cast(payload ->> '$.submitted' as date) as submitted_on,
    try_cast(payload ->> '$.accepted' as boolean) as is_accepted,
    try_cast(payload ->> '$.sponsored' as boolean) as is_sponsored
from newest
where payload ->> '$.is_taken_out' is null
