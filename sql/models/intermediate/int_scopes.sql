-- What a number may be about: each project, each community, and the program, which is every community's projects.
with member as (
    select project_id, community_id from {{ ref('community_projects') }}
)

select distinct 'project' as scope_kind, project_id as scope_id, project_id from member
union all
select 'community', community_id, project_id from member
union all
select distinct 'program', 'program', project_id from member
