with newest as ({{ newest('outreach', 'introductions') }})

select
    key as introduction_key,
    try_cast(payload ->> '$.made_on' as date) as made_on,
    payload ->> '$.consent_id' as consent_id,
    payload ->> '$.to' as introduced_to,
    payload ->> '$.about' as about,
    payload ->> '$.event_id' as event_id,
    payload ->> '$.outcome' as outcome,
    try_cast(payload ->> '$.outcome_on' as date) as outcome_on
from newest
where payload ->> '$.is_taken_out' is null
