with known as (
    select
        i.person_id, m.kind as identity_kind, m.value, m.first_seen_at, m.last_seen_at
    from {{ ref('int_identities') }} as i
    join {{ ref('int_identity_mentions') }} as m on i.kind = m.kind and i.value = m.value
)

select
    k.person_id,
    any_value(j.kind) as kind,
    any_value(j.reason) as kind_reason,
    any_value(j.rule) as kind_rule,
    min(k.value) filter (k.identity_kind = 'login') as handle,
    count(*) as identities,
    min(k.first_seen_at) as first_seen_at,
    max(k.last_seen_at) as last_seen_at
from known as k
join {{ ref('int_person_kinds') }} as j on k.person_id = j.person_id
group by k.person_id
