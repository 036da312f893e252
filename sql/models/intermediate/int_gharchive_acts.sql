-- What GH Archive tells of our projects. Whatever GitHub's API tells too counts once, as the API has it: an opening and
-- a merge by its number, a comment, review, release or fork by its id, a star by who gave it, a closing by its number
-- and minute. A repository that was renamed is one project, under its newest name. That something was opened again is
-- nobody's contribution, and undoes a closing.
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
            when e.event_type in ('IssuesEvent', 'PullRequestEvent') and e.action = 'reopened' then 'reopened'
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
        case kind when 'starred' then {{ star_giver('actor_login', 'occurred_at') }} when 'forked' then fork_id end as told_as,
        case when kind = 'reopened' then null when kind in ('starred', 'forked') then 'D0' when kind in ('change_request_merged', 'release_published')
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
    select
        project_id,
        kind,
        case kind when 'starred' then 'starred|' || {{ star_giver('actor', 'occurred_at') }}
            when 'issue_opened' then 'issue_opened|' || conversation_key
            when 'change_request_opened' then 'change_request_opened|' || conversation_key
            else act end as act,
        conversation_key,
        occurred_at
    from {{ ref('int_github_acts') }}
),

told as (
    select project_id, act from told_by_api
    union
    -- Whether a change request was merged is known of each that the API tells.
    select project_id, 'change_request_merged|' || conversation_key
    from told_by_api
    where kind = 'change_request_opened'
    union
    select project_id, 'commented|' || review_comment_id from {{ ref('stg_github__review_comments') }}
),

closed as (
    select project_id, try_cast(conversation_key as integer) as number, occurred_at
    from told_by_api
    where kind in ('issue_closed', 'change_request_closed')
)

select a.project_id, a.kind, a.act, a.level, a.number, a.actor, a.actor_type, a.occurred_at
from acts as a
anti join told as t
    on a.project_id = t.project_id and coalesce(a.kind || '|' || a.told_as, a.act) = t.act
anti join closed as c
    on a.project_id = c.project_id
    and case when a.kind in ('issue_closed', 'change_request_closed') then a.number end = c.number
    and a.occurred_at between c.occurred_at - interval 1 minute and c.occurred_at + interval 1 minute
qualify row_number() over (partition by a.project_id, a.act order by a.occurred_at, a.event_key) = 1
