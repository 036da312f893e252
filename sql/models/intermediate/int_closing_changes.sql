-- GitHub says which change request or commit closed an issue, but not of which repository: a change request counts if it
-- is of the same one and was merged within a day of the closing, a commit if the same one holds it.
with last_closings as (
    select
        project_id,
        number,
        arg_max(
            {'kind': closed_by_kind, 'number': closed_by_number, 'sha': closed_by_sha}, (occurred_at, event_id)
        ) as closed_by
    from {{ ref('stg_github__events') }}
    where event_type = 'closed' and conversation_kind = 'issue' and not is_deleted
    group by project_id, number
),

closings as (
    select i.conversation_id, i.closed_at, c.project_id, c.closed_by
    from last_closings as c
    join {{ ref('fct_conversations') }} as i
        on i.conversation_id = md5('github|' || c.project_id || '|' || c.number::varchar)
    where i.kind = 'issue' and i.closed_at is not null and c.closed_by.kind is not null
),

-- A commit is told by git where git is read, and else by GitHub.
commits as (
    select
        conversation_id,
        unnest([
            md5('git|' || project_id || '|commit|' || closed_by.sha),
            md5('github|' || project_id || '|commit|' || closed_by.sha)
        ]) as activity_id
    from closings
    where closed_by.kind = 'commit'
)

select
    i.conversation_id,
    c.opened_by_person_id as made_by_person_id,
    c.opened_on as made_on,
    case when c.is_opened_by_bot then 'bot' when c.is_opened_by_own then 'own' else 'outside' end as made_by
from closings as i
join {{ ref('fct_conversations') }} as c
    on c.conversation_id = md5('github|' || i.project_id || '|' || i.closed_by.number::varchar)
where i.closed_by.kind = 'change_request' and c.kind = 'change_request'
    and c.merged_at between i.closed_at - interval 1 day and i.closed_at + interval 1 day

union all

select
    i.conversation_id, a.person_id, a.occurred_on,
    case when a.is_bot then 'bot' when a.is_own then 'own' else 'outside' end
from commits as i
join {{ ref('fct_activities') }} as a on i.activity_id = a.activity_id
