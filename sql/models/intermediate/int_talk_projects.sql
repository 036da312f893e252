-- Which talks are about us, and why: what the spreadsheet says, else a link to a repository of ours in its page or
-- text, a project's name in its title, a project's or community's name as its track or type, or a speaker who has the
-- name of one of our people. Names of fewer than five letters are too common to tell.
with projects as (
    select project_id, lower(regexp_extract(project_id, '([^/]+)$', 1)) as short_name
    from {{ ref('int_projects') }}
    where kind = 'repository'
),

talks as (
    select
        event_id, talk_id, title, track, type, persons,
        lower(array_to_string(links, ' ') || ' ' || text) as text
    from {{ ref('stg_calendars__talks') }}
),

linked as (
    select
        event_id, talk_id,
        unnest(regexp_extract_all(text, 'github\.com/([a-z0-9][a-z0-9-]*/[a-z0-9._-]*[a-z0-9_-])', 1)) as full_name
    from talks
),

told as (
    -- A row that says neither of which project a talk is nor whether it counts is there for its speaker: it overrules
    -- nothing. What was not accepted does not count, whatever the schedule has under that title.
    select
        t.event_id, t.talk_id, s.project as project_id, case when s.is_accepted is false then false else s.counts end as counts,
        case when s.project is null and s.counts is null and s.is_accepted is not false then 5 else 0 end as rank,
        'the spreadsheet says so' as reason
    from talks as t
    join {{ ref('int_event_matches') }} as m
        on m.mention_id = 'calendars|' || t.event_id || '|' || t.event_id
    join {{ ref('stg_outreach__talks') }} as s
        on m.event_id = s.event_id and lower(trim(t.title)) = lower(trim(s.title))

    union all

    select l.event_id, l.talk_id, p.project_id, true, 1, 'links to the repository'
    from linked as l
    join projects as p on regexp_replace(l.full_name, '\.git$', '') = lower(p.project_id)

    union all

    select t.event_id, t.talk_id, p.project_id, true, 2, 'has the project''s name in its title'
    from talks as t
    join projects as p
        on len(p.short_name) >= 5 and contains(lower(t.title), p.short_name)
        and regexp_matches(lower(t.title), '(^|[^a-z0-9_-])' || regexp_escape(p.short_name) || '($|[^a-z0-9_-])')

    union all

    select t.event_id, t.talk_id, p.project_id, true, 3, 'has the project''s name as its tag'
    from talks as t
    join projects as p on p.short_name in (lower(t.track), lower(t.type))

    union all

    select distinct t.event_id, t.talk_id, null, true, 4, 'a speaker has the name of one of our people'
    from talks as t
    cross join unnest(t.persons) as s(person)
    join (
        select distinct lower(m.name) as name
        from (
            select author_name as name, author_address as address from {{ ref('stg_git__commits') }}
            union
            select from_name, from_address from {{ ref('stg_mailing_lists__messages') }}
        ) as m
        join {{ source('config', 'own_domains') }} as d
            on split_part(lower(m.address), '@', 2) = d.domain
            or ends_with(split_part(lower(m.address), '@', 2), '.' || d.domain)
        where contains(trim(m.name), ' ')
    ) as own on own.name = lower(s.person.name)
)

select
    event_id,
    talk_id,
    arg_min(project_id, (rank, project_id)) as project_id,
    coalesce(bool_or(counts) filter (rank = 0), true) as is_ours,
    arg_min(reason, rank) as reason
from told
group by event_id, talk_id
