select
    person_id,
    case when '{{ var("audience", "internal") }}' = 'internal' then {{ without_addresses('handle') }} end as handle,
    kind,
    case when kind_rule <> 'by_hand' or '{{ var("audience", "internal") }}' = 'internal'
        then {{ without_addresses('kind_reason') }} end as kind_reason,
    kind_rule,
    own_from is not null as is_own,
    identities,
    first_seen_at,
    last_seen_at
from {{ ref('int_people') }}
