-- How far the data of a scope reach. In the first year nobody can tell who is new: old hands look new too.
select
    s.scope_kind,
    s.scope_id,
    min(a.occurred_on) as history_starts_on,
    (min(a.occurred_on) + interval 365 day)::date as newness_known_from,
    max((p.observed_until at time zone (select timezone from {{ source('config', 'ospo') }}))::date)
        as observed_until
from {{ ref('int_scopes') }} as s
join {{ ref('dim_projects') }} as p on s.project_id = p.project_id
join {{ ref('int_contribution_days') }} as a on s.project_id = a.project_id
group by s.scope_kind, s.scope_id
