-- A project counts for every community that names it, by its name or a pattern; a mailing list is one too.
select
    s.project_id,
    case when bool_or(s.source = 'mailing_lists') then 'mailing_list' else 'repository' end as kind,
    max(s.observed_until) as observed_until,
    max(s.last_success_at) as last_success_at
from {{ source('meta', 'sources') }} as s
where s.is_configured and s.project_id is not null
group by s.project_id
