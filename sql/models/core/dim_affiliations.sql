-- Several organizations that are shown as others may stand in one row.
select distinct
    a.person_id,
    o.shown_organization_id as organization_id,
    a.starts_on,
    a.ends_on,
    a.rule,
    a.rank
from {{ ref('int_affiliations') }} as a
join {{ ref('int_organizations') }} as o on a.organization_id = o.organization_id
-- A sheet may name somebody whom no source has seen yet.
semi join {{ ref('int_people') }} as p on a.person_id = p.person_id
