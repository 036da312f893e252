with newest as ({{ newest('outreach', 'same_person') }})

select
    payload ->> '$.left.kind' as left_kind,
    payload ->> '$.left.id' as left_id,
    payload ->> '$.right.kind' as right_kind,
    payload ->> '$.right.id' as right_id,
    try_cast(payload ->> '$.same' as boolean) as is_same,
    payload ->> '$.reason' as reason,
    location
from newest
where payload ->> '$.is_taken_out' is null
