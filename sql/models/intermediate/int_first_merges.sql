-- The day on which something that somebody made was first part of a project of ours: a commit, a change request that
-- was merged, a release; and for whom it counts.
with acts as (
    select
        person_id,
        occurred_on,
        case when is_agent then 'agents' when is_bot then 'bots' when is_own then 'own' else 'outside' end as segment
    from {{ ref('fct_activities') }} as a
    semi join {{ ref('int_scopes') }} as s on s.scope_kind = 'program' and a.project_id = s.project_id
    where a.level = 'D2' and a.person_id is not null
)

select
    person_id,
    min(occurred_on) as first_on,
    arg_min(segment, (occurred_on, segment)) as segment
from acts
group by person_id
