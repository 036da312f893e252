-- Somebody's first change request to a scope, and every later one beside it. Whoever committed there more than 30 days
-- before is no newcomer to its code; the commits of the first change request itself are often some days older than it.
with firsts_of_code as (
    select s.scope_kind, s.scope_id, d.person_id, min(d.occurred_on) as first_commit_on
    from (
        select person_id, project_id, min(occurred_on) as occurred_on
        from {{ ref('int_contribution_days') }}
        where commits > 0
        group by person_id, project_id
    ) as d
    join {{ ref('int_scopes') }} as s on d.project_id = s.project_id
    group by s.scope_kind, s.scope_id, d.person_id
),

spam as (
    select distinct conversation_id
    from {{ ref('int_conversation_labels') }}
    where kind in ('spam', 'invalid')
),

changes as (
    select
        s.scope_kind,
        s.scope_id,
        date_trunc('month', c.opened_on)::date as month,
        not c.is_opened_by_bot and not c.is_opened_by_own as is_from_outside,
        {{ within_days('c.opened_at', 'c.merged_at', 60) }} as is_merged,
        p.conversation_id is not null as is_spam,
        row_number() over (
            partition by s.scope_kind, s.scope_id, c.opened_by_person_id order by c.opened_at, c.conversation_id
        ) = 1 and coalesce(f.first_commit_on >= c.opened_on - 30, true) as is_first
    from {{ ref('fct_conversations') }} as c
    join {{ ref('int_scopes') }} as s on c.project_id = s.project_id
    left join firsts_of_code as f
        on s.scope_kind = f.scope_kind and s.scope_id = f.scope_id and c.opened_by_person_id = f.person_id
    left join spam as p on c.conversation_id = p.conversation_id
    where c.kind = 'change_request' and c.opened_by_person_id is not null
),

monthly as (
    select
        scope_kind, scope_id, month, case when is_first then 'first' else 'later' end as segment,
        count(*) filter (is_merged) as k, count(*) as n
    from changes
    where is_from_outside and not is_spam
    group by all

    union all

    select scope_kind, scope_id, month, 'spam', count(*) filter (is_spam), count(*)
    from changes
    where is_from_outside and is_first
    group by all
),

owed as (
    select distinct
        s.scope_kind, s.scope_id, o.segment, s.scope_kind = 'project' or o.segment = 'spam' as is_yearly
    from {{ ref('int_scopes') }} as s
    join {{ ref('int_projects') }} as p on s.project_id = p.project_id and p.kind = 'repository'
    cross join unnest(['first', 'later', 'spam']) as o(segment)
),

counted as ({{ followed_counts('owed', 'monthly', 60) }}),

judged as (
    select
        c.* exclude (status, reason),
        case
            when not coalesce(t.has_tracker, false) then 'no_data'
            when status = 'ok' and period_start < newness_known_from then 'refused'
            when status = 'ok' and n = 0 then 'no_data'
            else status
        end as status,
        case
            when not coalesce(t.has_tracker, false) then {{ no_tracker_told() }}
            when status = 'ok' and period_start < newness_known_from then {{ newness_reason() }}
            when status = 'ok' and n = 0 then case segment
                when 'later' then 'Nobody from outside opened a further change request in this period.'
                else 'Nobody from outside opened a first change request in this period.'
            end
            else reason
        end as reason
    from counted as c
    left join {{ ref('int_scope_tells') }} as t on c.scope_kind = t.scope_kind and c.scope_id = t.scope_id
)

{{ proportion_rows('first_pr_merge_rate', 'judged') }}
