-- How many commits of somebody on a day are there once more, in another project of the same community or program: a fork,
-- or a repository for each release, holds the same commits as the one that it was made of. In each project they are its
-- own; together they were made once, and what is too much is told here.
with shared as (
    select conversation_key as sha
    from {{ ref('int_acts') }}
    where kind in ('commit_authored', 'commit_merged')
    group by conversation_key
    having min(project_id) <> max(project_id)
),

held as (
    select
        f.person_id,
        f.project_id,
        f.occurred_on,
        case when f.is_agent then 'agents' when f.is_bot then 'bots' when f.is_own then 'own' else 'outside' end as segment,
        f.organization_id,
        f.kind,
        a.act
    from {{ ref('int_acts') }} as a
    semi join shared as c on a.conversation_key = c.sha
    join {{ ref('fct_activities') }} as f on f.activity_id = md5(a.source || '|' || a.project_id || '|' || a.act)
    where a.kind in ('commit_authored', 'commit_merged') and f.person_id is not null
)

select
    s.scope_kind,
    s.scope_id,
    h.person_id,
    h.occurred_on,
    h.segment,
    h.organization_id,
    count(*) - count(distinct h.act) as acts,
    count(*) filter (h.kind = 'commit_authored') - count(distinct h.act) filter (h.kind = 'commit_authored') as commits
from held as h
join {{ ref('int_scopes') }} as s on h.project_id = s.project_id and s.scope_kind in ('program', 'community')
group by s.scope_kind, s.scope_id, h.person_id, h.occurred_on, h.segment, h.organization_id
having count(*) > count(distinct h.act)
