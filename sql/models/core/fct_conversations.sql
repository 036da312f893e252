with opened as (
    select
        a.conversation_id,
        a.project_id,
        replace(a.kind, '_opened', '') as kind,
        a.person_id as opened_by_person_id,
        a.is_bot as is_opened_by_bot,
        a.is_own as is_opened_by_own,
        a.occurred_at as opened_at
    from {{ ref('fct_activities') }} as a
    where a.kind in ('issue_opened', 'change_request_opened', 'discussion_opened')

    union all

    -- Of a thread whose first message is not in the archive nobody knows when it began.
    select
        a.conversation_id, a.project_id, 'mail_thread', a.person_id, a.is_bot, a.is_own, a.occurred_at
    from {{ ref('fct_activities') }} as a
    join {{ ref('int_mail_threads') }} as t
        on a.activity_id = md5('mailing_lists|' || t.project_id || '|message|' || t.message_id)
    where a.kind = 'message_sent' and t.message_id = t.thread_id
),

told_by_api as (
    select project_id, number, closed_at, null as merged_at, state_reason, is_assigned
    from {{ ref('stg_github__issues') }}
    where not is_deleted
    union all
    select project_id, number, closed_at, merged_at, null, null
    from {{ ref('stg_github__change_requests') }}
    where not is_deleted
    union all
    select project_id, number, closed_at, null, state_reason, null
    from {{ ref('stg_github__discussions') }}
    where not is_deleted
),

-- Who merges closes too, and GitHub tells both.
closers as (
    select project_id, number, arg_max_null(actor_login, (occurred_at, event_id)) as closed_by
    from {{ ref('stg_github__events') }}
    where event_type = 'closed' and not is_deleted
    group by project_id, number
),

closed as (
    select t.project_id, t.number, t.closed_at, t.merged_at, t.state_reason, t.is_assigned,
        case when t.closed_at is not null then c.closed_by end as closed_by
    from told_by_api as t
    left join closers as c on t.project_id = c.project_id and t.number = c.number

    union all

    -- A merge is its author's act in GH Archive, and nobody knows who merged.
    select
        project_id, number, max(occurred_at), max(occurred_at) filter (kind = 'change_request_merged'), null, null,
        arg_max_null(case when kind <> 'change_request_merged' then actor end, occurred_at) filter (kind <> 'reopened')
    from {{ ref('int_gharchive_acts') }}
    anti join told_by_api using (project_id, number)
    where kind in ('issue_closed', 'change_request_closed', 'change_request_merged', 'reopened')
    group by project_id, number
    having arg_max(kind, (occurred_at, kind)) <> 'reopened'
),

-- Whoever answers a mail writes it by their own clock, which may be slow, or in another time zone than it says: what is
-- dated up to a day before the opening happened at once. Farther back, nobody knows when it was.
answers as (
    select
        o.conversation_id,
        greatest(min(a.occurred_at), any_value(o.opened_at)) as first_response_at,
        arg_min(a.person_id, (a.occurred_at, a.person_id)) as first_response_by_person_id,
        count(*) as responses
    from opened as o
    join {{ ref('fct_activities') }} as a on o.conversation_id = a.conversation_id
    where a.kind in ('commented', 'reviewed', 'message_sent') and not a.is_bot
        and {{ not_long_before('a.occurred_at', 'o.opened_at') }}
        and a.person_id is distinct from o.opened_by_person_id
    group by o.conversation_id
),

-- The commits of a first change request are older than the request; they do not make its author a regular.
firsts as (
    select
        person_id,
        project_id,
        least(
            min(occurred_at) filter (kind not in ('commit_authored', 'commit_merged')),
            min(occurred_at) filter (kind in ('commit_authored', 'commit_merged')) + interval 30 day
        ) as no_newcomer_from
    from {{ ref('fct_activities') }}
    where level in ('D1', 'D2') and project_id is not null
    group by person_id, project_id
),

histories as (
    select scope_id as project_id, newness_known_from from {{ ref('int_scope_history') }} where scope_kind = 'project'
)

select
    o.conversation_id,
    o.project_id,
    o.kind,
    o.opened_at,
    (o.opened_at at time zone z.timezone)::date as opened_on,
    o.opened_by_person_id,
    o.is_opened_by_bot,
    o.is_opened_by_own,
    case when (o.opened_at at time zone z.timezone)::date >= h.newness_known_from
        then f.no_newcomer_from >= o.opened_at end as is_opened_by_newcomer,
    a.first_response_at,
    a.first_response_by_person_id,
    coalesce(a.responses, 0) as responses,
    case when {{ not_long_before('c.closed_at', 'o.opened_at') }} then greatest(c.closed_at, o.opened_at) end as closed_at,
    b.person_id as closed_by_person_id,
    case when {{ not_long_before('c.merged_at', 'o.opened_at') }} then greatest(c.merged_at, o.opened_at) end as merged_at,
    c.state_reason,
    c.is_assigned
from opened as o
cross join {{ source('config', 'ospo') }} as z
left join closed as c
    on o.conversation_id = md5('github|' || c.project_id || '|' || c.number::varchar)
left join {{ ref('int_identities') }} as b on b.kind = 'login' and lower(c.closed_by) = b.value
left join answers as a on o.conversation_id = a.conversation_id
left join firsts as f on o.opened_by_person_id = f.person_id and o.project_id = f.project_id
left join histories as h on o.project_id = h.project_id
