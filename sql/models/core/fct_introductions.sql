-- Without a consent an introduction is not written down; the consent's own number is not published.
select
    md5('introduction|' || introduction_key) as introduction_id,
    made_on,
    {{ without_addresses('introduced_to') }} as introduced_to,
    {{ without_addresses('about') }} as about,
    event_id,
    {{ without_addresses('outcome') }} as outcome,
    outcome_on
from {{ ref('stg_outreach__introductions') }}
