-- Who made the change that closed an issue offered to newcomers. Somebody is new to a project's code for 30 days from
-- their first commit or merged change request there, whatever they may have said before.
with firsts as (
    select project_id, person_id, min(first_on) as first_on
    from (
        select project_id, person_id, occurred_on as first_on
        from {{ ref('int_contribution_days') }}
        where commits > 0
        union all
        select project_id, opened_by_person_id, opened_on
        from {{ ref('fct_conversations') }}
        where kind = 'change_request' and merged_at is not null and opened_by_person_id is not null
    )
    group by project_id, person_id
),

offered as (
    select distinct conversation_id from {{ ref('int_conversation_labels') }} where kind = 'good_first_issue'
),

histories as (
    select scope_id as project_id, newness_known_from from {{ ref('int_scope_history') }} where scope_kind = 'project'
),

solved as (
    select
        c.project_id,
        date_trunc('month', c.closed_at at time zone z.timezone)::date as month,
        case
            when m.conversation_id is null or m.made_by_person_id is null then 'unlinked'
            when m.made_by = 'bot' then 'bots'
            when m.made_by = 'own' then 'own'
            when f.first_on >= m.made_on - 30 then 'newcomers'
            else 'others'
        end as solved_by
    from offered as o
    join {{ ref('fct_conversations') }} as c on o.conversation_id = c.conversation_id
    cross join {{ source('config', 'ospo') }} as z
    join histories as h on c.project_id = h.project_id
    left join {{ ref('int_people') }} as p on c.closed_by_person_id = p.person_id
    left join {{ ref('int_closing_changes') }} as m on c.conversation_id = m.conversation_id
    left join firsts as f on c.project_id = f.project_id and m.made_by_person_id = f.person_id
    where c.kind = 'issue' and c.closed_at is not null
        and coalesce(c.state_reason, 'completed') = 'completed'
        and (coalesce(p.kind, 'human') = 'human' or m.conversation_id is not null)
        and (c.closed_at at time zone z.timezone)::date >= h.newness_known_from
),

monthly as (
    select
        s.scope_kind, s.scope_id, d.month, o.segment,
        count(*) filter (d.solved_by = o.segment) as k, count(*) as n
    from solved as d
    join {{ ref('int_scopes') }} as s on d.project_id = s.project_id
    cross join unnest(['newcomers', 'others', 'own', 'bots', 'unlinked']) as o(segment)
    group by all
),

owed as (
    select distinct s.scope_kind, s.scope_id, o.segment
    from {{ ref('int_scopes') }} as s
    join {{ ref('int_projects') }} as p on s.project_id = p.project_id and p.kind = 'repository'
    cross join unnest(['newcomers', 'others', 'own', 'bots', 'unlinked']) as o(segment)
),

offering as (
    select distinct s.scope_kind, s.scope_id
    from {{ ref('int_conversation_labels') }} as l
    join {{ ref('int_scopes') }} as s on l.project_id = s.project_id
    where l.kind = 'good_first_issue'
),

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, o.segment, p.newness_known_from, p.history_starts_on,
        p.status, p.reason, f.scope_id is not null as is_offering,
        coalesce(sum(m.k), 0)::bigint as k, coalesce(sum(m.n), 0)::bigint as n
    from {{ ref('int_scope_periods') }} as p
    join owed as o on p.scope_kind = o.scope_kind and p.scope_id = o.scope_id
    left join offering as f on p.scope_kind = f.scope_kind and p.scope_id = f.scope_id
    left join monthly as m
        on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id and o.segment = m.segment
        and m.month >= p.period_start and m.month < p.period_end
    where p.grain = 'year'
    group by all
),

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
            when status = 'ok' and not is_offering then 'No issue has a label that offers it to newcomers.'
            when status = 'ok' and n = 0 then 'No issue that was offered to newcomers was completed in this period.'
            else reason
        end as reason
    from counted as c
    left join {{ ref('int_scope_tells') }} as t on c.scope_kind = t.scope_kind and c.scope_id = t.scope_id
)

{{ proportion_rows('good_first_issue_uptake', 'judged') }}
