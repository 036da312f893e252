with newest as ({{ newest('outreach', 'costs') }})

select
    key as cost_key,
    try_cast(payload ->> '$.paid_on' as date) as paid_on,
    payload ->> '$.object_id' as object_id,
    payload ->> '$.what' as what,
    try_cast(payload ->> '$.amount' as double) as amount,
    payload ->> '$.currency' as currency,
    try_cast(payload ->> '$.staff_hours' as double) as staff_hours
from newest
where payload ->> '$.is_taken_out' is null
