select
    person_id,
    case when '{{ var("audience", "internal") }}' = 'internal' then {{ without_addresses('handle') }} end as handle,
    kind,
    case when kind_rule <> 'by_hand' or '{{ var("audience", "internal") }}' = 'internal'
        then {{ without_addresses('kind_reason') }} end as kind_reason,
    kind_rule,
    person_id in (
        select a.person_id
        from {{ ref('int_affiliations') }} as a
        join {{ ref('int_organizations') }} as o on a.organization_id = o.organization_id and o.is_own
    ) as is_own,
    identities,
    first_seen_at,
    last_seen_at
from {{ ref('int_people') }}
