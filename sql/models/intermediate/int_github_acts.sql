-- What GitHub's API tells of our projects, also what is gone there since: it counts for nobody, but GH Archive must not
-- bring it back. An issue that was transferred is gone here, and counts where it is now.
with acts as (
    select
        project_id, 'issue_opened|' || issue_id as act, number, 'issue_opened' as kind, 'D1' as level,
        opened_by_login as actor, opened_by_type as actor_type, opened_at as occurred_at, is_deleted, text_shape
    from {{ ref('stg_github__issues') }}

    union all

    select
        project_id, 'change_request_opened|' || change_request_id, number, 'change_request_opened', 'D1',
        opened_by_login, opened_by_type, opened_at, is_deleted, text_shape
    from {{ ref('stg_github__change_requests') }}

    union all

    select
        project_id, 'change_request_merged|' || change_request_id, number, 'change_request_merged', 'D2',
        opened_by_login, opened_by_type, merged_at, is_deleted, null
    from {{ ref('stg_github__change_requests') }}
    where merged_at is not null

    union all

    -- A merge closes the change request too; that is the same act, and its author's.
    select
        e.project_id, e.conversation_kind || '_closed|' || e.event_id, e.number, e.conversation_kind || '_closed', 'D1',
        e.actor_login, e.actor_type, e.occurred_at, e.is_deleted, null
    from {{ ref('stg_github__events') }} as e
    left join {{ ref('stg_github__change_requests') }} as c
        on e.project_id = c.project_id and e.number = c.number
    where e.event_type = 'closed'
        and (c.merged_at is null or e.occurred_at < c.merged_at - interval 1 minute)

    union all

    select
        project_id, 'commented|' || comment_id, number, 'commented', 'D1',
        written_by_login, written_by_type, written_at, is_deleted, text_shape
    from {{ ref('stg_github__comments') }}

    union all

    -- A review is one act, however many comments on the code it has; a reply to one of them is a review of its own in
    -- GitHub's model. Nobody reviews their own change request: there it is an answer, and counts as a comment.
    select
        r.project_id, 'reviewed|' || r.review_id, r.number,
        case when lower(r.written_by_login) = lower(c.opened_by_login) then 'commented' else 'reviewed' end, 'D1',
        r.written_by_login, r.written_by_type, r.submitted_at, r.is_deleted, r.text_shape
    from {{ ref('stg_github__reviews') }} as r
    left join {{ ref('stg_github__change_requests') }} as c on r.project_id = c.project_id and r.number = c.number

    union all

    select
        project_id, 'discussion_opened|' || discussion_id, number, 'discussion_opened', 'D1',
        opened_by_login, opened_by_type, opened_at, is_deleted, text_shape
    from {{ ref('stg_github__discussions') }}

    union all

    select
        project_id, 'discussion_commented|' || discussion_comment_id, number, 'commented', 'D1',
        written_by_login, written_by_type, written_at, is_deleted, text_shape
    from {{ ref('stg_github__discussion_comments') }}

    union all

    select
        project_id, 'release_published|' || release_id, null, 'release_published', 'D2',
        published_by_login, published_by_type, published_at, is_deleted, null
    from {{ ref('stg_github__releases') }}

    union all

    select
        project_id, 'starred|' || account_id, null, 'starred', 'D0', given_by_login, given_by_type, given_at, is_deleted,
        null
    from {{ ref('stg_github__stars') }}

    union all

    select
        project_id, 'forked|' || fork_id, null, 'forked', 'D0', owner_login, owner_type, forked_at, is_deleted, null
    from {{ ref('stg_github__forks') }}
),

-- A commit that git itself tells counts as git has it, with its .mailmap.
commits as (
    select c.*, case when {{ identifies('c.author_address') }} then c.author_address end as own_address
    from {{ ref('stg_github__commits') }} as c
    anti join {{ ref('stg_git__commits') }} as g on c.project_id = g.project_id and c.sha = g.sha
),

coauthors as (
    select project_id, sha, authored_at, author_address, is_deleted, unnest(authors) as author
    from commits
)

select
    project_id, act, number::varchar as conversation_key, kind, level, 'login' as actor_kind, actor,
    null as actor_name, actor_type, occurred_at, null as utc_offset_minutes, false as is_coauthor, is_deleted,
    text_shape
from acts

union all

select
    project_id, 'commit|' || sha, sha, case when is_merge then 'commit_merged' else 'commit_authored' end, 'D2',
    case when own_address is not null then 'address' when author_login is not null then 'login' else 'git_name' end,
    coalesce(own_address, author_login, {{ by_name('project_id', 'author_name', 'author_address') }}), author_name,
    null, authored_at, case when not is_made_in_browser then utc_offset_minutes end, false, is_deleted, null
from commits

union all

select
    project_id, 'coauthor|' || sha || '|' || coalesce(author.address, ''), sha, 'commit_authored', 'D2',
    'address', author.address, min(author.name), null, authored_at, null, true, is_deleted, null
from coauthors
where author.address is distinct from author_address or (author.address is null and author.name is null)
group by all
having {{ identifies('author.address') }} or (author.address is null and min(author.name) is null)
