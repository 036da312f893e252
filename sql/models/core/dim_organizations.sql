with shown as (
    select * from {{ ref('int_organizations') }} where shown_organization_id = organization_id
),

people as (
    select a.organization_id, count(distinct a.person_id) as people
    from {{ ref('fct_activities') }} as a
    join {{ ref('int_people') }} as p on a.person_id = p.person_id and p.kind = 'human'
    group by a.organization_id
),

named as (
    select organization_id, {{ without_addresses('name') }} as name, kind, is_own from shown
    union all
    select 'other', 'Other organizations', 'other', false
    union all
    select 'unknown', 'Unknown', 'unknown', false
)

select
    n.organization_id,
    n.name,
    n.kind,
    n.is_own,
    case when p.people >= o.smallest_group then p.people end as people
from named as n
cross join {{ source('config', 'ospo') }} as o
left join people as p on n.organization_id = p.organization_id
