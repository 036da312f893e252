-- A talk is about a project when its page or its text links to the repository; the first such project.
with linked as (
    select
        event_id, talk_id,
        unnest(regexp_extract_all(
            lower(array_to_string(links, ' ') || ' ' || text),
            'github\.com/([a-z0-9][a-z0-9-]*/[a-z0-9._-]*[a-z0-9_-])', 1
        )) as full_name
    from {{ ref('stg_calendars__talks') }}
)

select l.event_id, l.talk_id, min(p.project_id) as project_id
from linked as l
join {{ ref('int_projects') }} as p on regexp_replace(l.full_name, '\.git$', '') = lower(p.project_id)
group by l.event_id, l.talk_id
