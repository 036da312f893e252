-- A star or a fork is a sign of interest, and nothing that somebody made. `segment` says for whom it counts, as of
-- contributions.
select
    person_id,
    project_id,
    occurred_on,
    case when is_agent then 'agents' when is_bot then 'bots' when is_own then 'own' else 'outside' end as segment
from {{ ref('fct_activities') }}
where kind in ('starred', 'forked') and person_id is not null and project_id is not null
group by all
