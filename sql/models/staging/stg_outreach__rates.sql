with newest as ({{ newest('outreach', 'rates') }})

select
    payload ->> '$.currency' as currency,
    try_cast(payload ->> '$.rate' as double) as rate,
    try_cast(payload ->> '$.from' as date) as valid_from
from newest
where payload ->> '$.is_taken_out' is null
