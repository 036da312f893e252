-- What GH Archive tells of our projects. Whatever GitHub's API tells too counts once, as the API has it: an opening, a
-- merge by its number, a comment by its id. A repository that was renamed is one project, under its newest name.
with repositories as (
    select
        repository_id,
        repository,
        arg_max(repository, occurred_at) over (partition by coalesce(repository_id, lower(repository))) as newest_name
    from (
        select repository_id, repository, max(occurred_at) as occurred_at
        from {{ ref('stg_gharchive__events') }}
        where repository is not null
        group by repository_id, repository
    )
),

fed as (
    select lower(project_id) as name, min(project_id) as project_id
    from {{ source('meta', 'sources') }}
    where is_configured and project_id is not null and source <> 'mailing_lists'
    group by lower(project_id)
),

-- A project is spelled as the other sources spell it.
projects as (
    select
        n.repository_id,
        n.repository,
        coalesce(r.project_id, f.project_id, min(n.newest_name) over (partition by lower(n.newest_name))) as project_id
    from repositories as n
    left join {{ ref('stg_github__repositories') }} as r on n.repository_id = r.repository_id
    left join fed as f on lower(n.newest_name) = f.name
),

ours as (
    select p.*
    from projects as p
    where exists (
        select 1
        from {{ source('config', 'project_patterns') }} as c
        where c.kind = 'repository' and lower(p.project_id) glob lower(c.pattern)
    )
),

kinds as (
    select
        p.project_id,
        case
            when e.event_type = 'IssuesEvent' and e.action = 'opened' then 'issue_opened'
            when e.event_type = 'IssuesEvent' and e.action = 'closed' then 'issue_closed'
            when e.event_type = 'PullRequestEvent' and e.action = 'opened' then 'change_request_opened'
            when e.event_type = 'PullRequestEvent' and e.is_merged then 'change_request_merged'
            when e.event_type = 'PullRequestEvent' and e.action = 'closed' then 'change_request_closed'
            when e.event_type in ('IssueCommentEvent', 'CommitCommentEvent', 'PullRequestReviewCommentEvent')
                and coalesce(e.action, 'created') = 'created' then 'commented'
            when e.event_type = 'PullRequestReviewEvent' and e.action = 'created' then 'reviewed'
            when e.event_type = 'ReleaseEvent' and e.action = 'published' then 'release_published'
            when e.event_type = 'WatchEvent' then 'starred'
            when e.event_type = 'ForkEvent' then 'forked'
        end as kind,
        e.*
    from {{ ref('stg_gharchive__events') }} as e
    join ours as p on e.repository_id is not distinct from p.repository_id and e.repository = p.repository
),

acts as (
    select
        project_id,
        kind,
        kind || '|' || coalesce(
            case
                when kind in ('issue_opened', 'change_request_opened', 'change_request_merged') then number::varchar
                when kind = 'commented' then comment_id
                when kind in ('reviewed', 'release_published') then review_or_release_id
            end,
            'event ' || event_key
        ) as act,
        case when kind in ('starred', 'forked') then 'D0' when kind in ('change_request_merged', 'release_published')
            then 'D2' else 'D1' end as level,
        number,
        -- Like the API's, a merge is the act of whoever made the change; events of today no longer say who that was.
        case when kind = 'change_request_merged' then coalesce(
            author_login,
            max(actor_login) filter (kind = 'change_request_opened') over (partition by project_id, number)
        ) else actor_login end as actor,
        case when kind <> 'change_request_merged' then actor_type end as actor_type,
        occurred_at,
        event_key
    from kinds
    where kind is not null
),

told_by_api as (
    select project_id, 'issue_opened|' || number as act from {{ ref('stg_github__issues') }}
    union
    select project_id, 'change_request_opened|' || number from {{ ref('stg_github__change_requests') }}
    union
    select project_id, 'change_request_merged|' || number from {{ ref('stg_github__change_requests') }}
    union
    select project_id, 'commented|' || comment_id from {{ ref('stg_github__comments') }}
)

select a.project_id, a.kind, a.act, a.level, a.number, a.actor, a.actor_type, a.occurred_at
from acts as a
anti join told_by_api as t on a.project_id = t.project_id and a.act = t.act
qualify row_number() over (partition by a.project_id, a.act order by a.occurred_at, a.event_key) = 1
