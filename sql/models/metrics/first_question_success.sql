-- A channel is owed to the scopes that have it: lists, issues, and discussions where there ever was one.
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

channels as (
    select project_id, unnest(['all', case kind when 'repository' then 'issues' else 'lists' end]) as segment
    from {{ ref('int_projects') }}
    union
    select distinct project_id, 'discussions' from {{ ref('fct_conversations') }} where kind = 'discussion'
),

owed as (
    select distinct s.scope_kind, s.scope_id, c.segment
    from {{ ref('int_scopes') }} as s
    join channels as c on s.project_id = c.project_id
),

counted as ({{ followed_counts('owed', 'monthly', 14, projects_by_year=true) }}),

judged as (
    select
        * exclude (status, reason),
        case
            when status = 'ok' and period_start < newness_known_from then 'refused'
            when status = 'ok' and n = 0 then 'no_data'
            else status
        end as status,
        case
            when status = 'ok' and period_start < newness_known_from then {{ newness_reason() }}
            when status = 'ok' and n = 0 then case segment
                when 'issues' then 'No newcomer began with an issue in this period.'
                when 'discussions' then 'No newcomer began with a discussion in this period.'
                when 'lists' then 'No newcomer began with a thread on a mailing list in this period.'
                else 'No newcomer began with a question in this period.'
            end
            else reason
        end as reason
    from counted
)

{{ proportion_rows('first_question_success', 'judged') }}
