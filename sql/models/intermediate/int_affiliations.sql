-- Who is known to have worked for whom, from which day to which, by four rules; a smaller rank is believed first. What
-- a spreadsheet or a register says of a person and an organization, no other rule says again: somebody who left, and
-- goes on using the old address, has left.
with named as (
    select kind, spelling, organization_id, is_own
    from {{ ref('int_organization_names') }}
    where organization_id is not null
),

people as (
    select kind, identity_id, min(person_id) as person_id from {{ ref('int_identities') }} group by kind, identity_id
),

-- An employer's address was in use from its first to its last day, and somebody may have been there 90 days longer on
-- either side, unless that reaches to another employer's: then nobody knows on which day they changed, and none of the
-- days between is counted for either. Only our own people are ours up to the first sign of another.
used as (
    select
        i.person_id,
        n.organization_id,
        n.is_own,
        min((m.first_seen_at at time zone o.timezone)::date) as used_from,
        max((m.last_seen_at at time zone o.timezone)::date) as used_until
    from {{ ref('int_identity_mentions') }} as m
    join {{ ref('int_identities') }} as i on m.kind = i.kind and m.value = i.value
    join named as n on n.kind = 'domain' and n.spelling = split_part(lower(m.value), '@', 2)
    cross join {{ source('config', 'ospo') }} as o
    where m.kind = 'address' and m.first_seen_at is not null
    group by all
),

beside as (
    select
        u.person_id, u.organization_id, u.is_own, u.used_from, u.used_until,
        max(o.used_until) filter (o.used_until < u.used_from) as before_until,
        min(o.used_from) filter (o.used_from > u.used_until) as after_from
    from used as u
    left join used as o on u.person_id = o.person_id and u.organization_id <> o.organization_id
    group by all
),

known as (
    select
        p.person_id, n.organization_id, a.starts_on, a.ends_on, 'by_hand' as rule, 1 as rank,
        null::date as used_from, null::date as used_until
    from {{ ref('stg_outreach__affiliations') }} as a
    join people as p on a.identity_kind = p.kind and a.identity_id = p.identity_id
    join named as n on n.kind = 'name' and a.organization = n.spelling

    union all

    select distinct i.person_id, n.organization_id, e.starts_on, e.ends_on - 1, 'register', 2, null::date, null::date
    from {{ ref('stg_identities__enrollments') }} as e
    join {{ ref('stg_identities__identities') }} as r on e.instance = r.instance and e.person_key = r.person_key
    join {{ ref('int_identities') }} as i on r.kind = i.kind and r.value = lower(i.value)
    join named as n on n.kind = 'name' and e.organization = n.spelling
    where r.kind in ('address', 'login')

    union all

    select
        person_id,
        organization_id,
        case
            when before_until is null or used_from - before_until > 180 then used_from - 90
            when is_own then greatest(before_until + 1, used_from - 90)
            else used_from
        end,
        case
            when after_from is null or after_from - used_until > 180 then used_until + 90
            when is_own then least(after_from - 1, used_until + 90)
            else used_until
        end,
        'address_domain', 3, used_from, used_until
    from beside

    union all

    select
        i.person_id, n.organization_id, (c.seen_from at time zone o.timezone)::date,
        (c.seen_until at time zone o.timezone)::date - 1, 'profile_company', 4, null::date, null::date
    from {{ ref('stg_github__profile_companies') }} as c
    join {{ ref('int_identities') }} as i on i.kind = 'login' and c.login = lower(i.value)
    join named as n on n.kind = 'profile' and c.company = n.spelling
    cross join {{ source('config', 'ospo') }} as o
),

told as (
    select *, min(rank) over (partition by person_id, organization_id) as best_rank from known
    where coalesce(starts_on <= ends_on, true)
)

select distinct on (person_id, organization_id, starts_on, ends_on, rank) * exclude (best_rank)
from told
where best_rank > 2 or rank = best_rank
