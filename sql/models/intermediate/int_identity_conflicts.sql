-- Decisions on who is who that others contradict, and which therefore do not hold.
with people as (
    select distinct identity_id, person_id from {{ ref('int_identities') }}
)

select d.location, d.is_same
from {{ ref('stg_outreach__same_person') }} as d
join people as l on d.left_id = l.identity_id
join people as r on d.right_id = r.identity_id
where d.is_same <> (l.person_id = r.person_id)
