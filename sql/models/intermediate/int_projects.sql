-- A project counts for every community that names it, by its name or a pattern; a mailing list is one too.
select
    s.project_id,
    case when bool_or(s.source = 'mailing_lists') then 'mailing_list' else 'repository' end as kind,
    max(s.last_success_at) as last_success_at
from (
    select project_id, source, is_configured, last_success_at from {{ source('meta', 'sources') }}
    union all
    select distinct a.project_id, s.source, s.is_configured, s.last_success_at
    from {{ ref('int_gharchive_acts') }} as a
    join {{ source('meta', 'sources') }} as s on s.source = 'gharchive'
) as s
where s.is_configured and s.project_id is not null
group by s.project_id
