-- For whom somebody acted on a day. The rule that is believed first decides; among what one rule says, the employer whose
-- address was used, then one whose address was in use on both sides of that day, then the newest.
with identities as (
    select i.kind, i.value, i.person_id, n.organization_id as address_organization_id
    from {{ ref('int_identities') }} as i
    semi join {{ ref('int_affiliations') }} as f on i.person_id = f.person_id
    left join {{ ref('int_organization_names') }} as n
        on n.kind = 'domain' and n.spelling = case i.kind when 'address' then split_part(i.value, '@', 2) end
),

-- The day is found before anything is joined: a time zone that stands in one row is looked up once.
acts as (
    select a.actor_kind, a.actor, (a.occurred_at at time zone o.timezone)::date as occurred_on
    from {{ ref('int_acts') }} as a
    cross join {{ source('config', 'ospo') }} as o
),

days as (
    select distinct i.person_id, a.occurred_on, i.address_organization_id
    from acts as a
    join identities as i on a.actor_kind = i.kind and a.actor = i.value
)

select
    d.person_id,
    d.occurred_on,
    d.address_organization_id,
    f.organization_id,
    f.rule
from days as d
join {{ ref('int_affiliations') }} as f
    on d.person_id = f.person_id
    and coalesce(f.starts_on <= d.occurred_on, true) and coalesce(f.ends_on >= d.occurred_on, true)
qualify row_number() over (
    partition by d.person_id, d.occurred_on, d.address_organization_id
    order by
        f.rank,
        coalesce(f.organization_id = d.address_organization_id, false) desc,
        coalesce(d.occurred_on between f.used_from and f.used_until, false) desc,
        f.starts_on desc nulls last,
        f.organization_id
) = 1
