-- Until which day each project of a scope was watched, by each source and by the source that reaches farthest.
select
    s.scope_kind,
    s.scope_id,
    o.project_id,
    o.source,
    (o.observed_until at time zone z.timezone)::date as observed_until,
    (max(o.observed_until) over (partition by s.scope_kind, s.scope_id, o.project_id) at time zone z.timezone)::date
        as project_observed_until
from {{ ref('int_scopes') }} as s
join {{ ref('int_observed') }} as o on s.project_id = o.project_id
cross join {{ source('config', 'ospo') }} as z
