with first_questions as (
    select
        project_id,
        date_trunc('month', opened_on)::date as month,
        unnest(['all', case kind when 'issue' then 'issues' when 'discussion' then 'discussions' else 'lists' end]) as segment,
        {{ within_days('opened_at', 'helped_at', 14) }} as is_helped
    from {{ ref('int_conversation_outcomes') }}
    where is_opened_by_newcomer and not is_patch and not is_spam
),

monthly as (
    select s.scope_kind, s.scope_id, q.month, q.segment, count(*) filter (q.is_helped) as k, count(*) as n
    from first_questions as q
    join {{ ref('int_scopes') }} as s on q.project_id = s.project_id
    group by all
),

owed as (
    select
        s.scope_kind, s.scope_id, o.segment, bool_or(o.segment in ('all', c.segment)) as is_there,
        o.segment = 'all' and not any_value(t.has_conversations) as is_untold,
        o.segment in ('issues', 'discussions') and bool_or(c.segment = 'issues') and not any_value(t.has_tracker)
            as is_without_tracker,
        s.scope_kind = 'project' or o.segment <> 'all' as is_yearly
    from {{ ref('int_scopes') }} as s
    join (
        select project_id, case kind when 'repository' then 'issues' else 'lists' end as segment
        from {{ ref('int_projects') }}
        union
        select project_id, 'discussions' from {{ ref('fct_conversations') }} where kind = 'discussion'
    ) as c on s.project_id = c.project_id
    join {{ ref('int_scope_tells') }} as t on s.scope_kind = t.scope_kind and s.scope_id = t.scope_id
    cross join unnest(['all', 'issues', 'discussions', 'lists']) as o(segment)
    group by s.scope_kind, s.scope_id, o.segment
),

counted as ({{ followed_counts('owed', 'monthly', 14) }}),

judged as (
    select
        c.* exclude (status, reason),
        case
            when o.is_untold or o.is_without_tracker or not o.is_there then 'no_data'
            when c.status = 'ok' and c.period_start < c.newness_known_from then 'refused'
            when c.status = 'ok' and c.n = 0 then 'no_data'
            else c.status
        end as status,
        case
            when o.is_untold then {{ no_conversations_told() }}
            when o.is_without_tracker then {{ no_tracker_told() }}
            when not o.is_there then case c.segment
                when 'issues' then 'There is no repository here.'
                when 'discussions' then 'There has never been a discussion here.'
                else 'There is no mailing list here.'
            end
            when c.status = 'ok' and c.period_start < c.newness_known_from then {{ newness_reason() }}
            when c.status = 'ok' and c.n = 0 then case c.segment
                when 'issues' then 'No newcomer began with an issue in this period.'
                when 'discussions' then 'No newcomer began with a discussion in this period.'
                when 'lists' then 'No newcomer began with a thread on a mailing list in this period.'
                else 'No newcomer began with a question in this period.'
            end
            else c.reason
        end as reason
    from counted as c
    join owed as o on c.scope_kind = o.scope_kind and c.scope_id = o.scope_id and c.segment = o.segment
)

{{ proportion_rows('first_question_success', 'judged') }}
