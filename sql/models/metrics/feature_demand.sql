-- Loud is not many: somebody who asks for the same thing in ten issues and a hundred comments is one person.
{% set most_themes = 12 %}
{% set named = ['everyone', 'unlabelled', 'other'] %}

with periods as (
    select scope_kind, scope_id, period_start, period_end, status, reason
    from {{ ref('int_scope_periods') }}
    where scope_kind <> 'project' or grain = 'year'

    union all

    select scope_kind, scope_id, period_start, period_end, status, reason
    from {{ ref('int_scope_quarters') }}
),

owed as materialized (
    select row_number() over () as period, p.*
    from periods as p
    semi join (
        select s.scope_kind, s.scope_id
        from {{ ref('int_scopes') }} as s
        join {{ ref('int_projects') }} as j on s.project_id = j.project_id and j.kind = 'repository'
    ) as r on p.scope_kind = r.scope_kind and p.scope_id = r.scope_id
),

-- Numbers in place of the ids of conversations and people, which are counted for every period, and of the periods.
acts as (
    select distinct
        a.project_id, date_trunc('month', a.occurred_on)::date as month, hash(a.conversation_id) as conversation,
        hash(a.person_id) as person, r.is_labelled, r.is_request, r.themes
    from {{ ref('fct_activities') }} as a
    join {{ ref('int_feature_requests') }} as r on a.conversation_id = r.conversation_id
    where a.kind in ('issue_opened', 'discussion_opened', 'commented')
        and not a.is_bot and not a.is_own and a.person_id is not null
),

placed as (
    select o.period, a.*
    from acts as a
    join {{ ref('int_scopes') }} as s on a.project_id = s.project_id
    join owed as o
        on s.scope_kind = o.scope_kind and s.scope_id = o.scope_id
        and a.month >= o.period_start and a.month < o.period_end
    where o.status = 'ok'
),

coverage as (
    select period, count(*) filter (is_labelled) as labelled, count(*) as conversations
    from (select distinct period, conversation, is_labelled from placed)
    group by period
),

askers as (
    select period, count(*) filter (asks) as asking, count(*) filter (asks_without_label) as asking_without_label
    from (
        select period, person, bool_or(is_request) as asks, bool_or(not is_labelled) as asks_without_label
        from placed
        group by period, person
    )
    group by period
),

themes as (
    select distinct period, person, unnest(themes) as label
    from placed
    where is_request
),

ranked as (
    select
        period, label, count(*) as people,
        row_number() over (partition by period order by count(*) desc, label) as rank
    from themes
    group by period, label
),

shown as (
    select r.*
    from ranked as r
    cross join {{ source('config', 'ospo') }} as o
    where r.rank <= {{ most_themes }}
        and r.people >= greatest(o.smallest_group, {{ 10 if var('audience', 'internal') == 'public' else 0 }})
),

others as (
    select t.period, count(distinct t.person) as people
    from themes as t
    anti join shown as s on t.period = s.period and t.label = s.label
    group by all
),

-- Where nothing is labelled, or no label asks for a feature, that nobody asks is not known.
labelling as (
    select
        s.scope_kind, s.scope_id,
        count(*) as conversations,
        count(*) filter (r.is_labelled) as labelled,
        count(*) filter (r.is_request) as requests
    from {{ ref('int_feature_requests') }} as r
    join {{ ref('int_scopes') }} as s on r.project_id = s.project_id
    group by s.scope_kind, s.scope_id
),

counted as (
    select
        o.*, n.segment, coalesce(l.conversations, 0) as known, coalesce(l.labelled, 0) as known_labels,
        coalesce(l.requests, 0) as known_requests, c.labelled, coalesce(c.conversations, 0) as conversations,
        case n.segment when 'everyone' then a.asking when 'unlabelled' then a.asking_without_label
            else coalesce(t.people, 0) end as people
    from owed as o
    cross join unnest({{ named }}) as n(segment)
    left join labelling as l on o.scope_kind = l.scope_kind and o.scope_id = l.scope_id
    left join coverage as c on o.period = c.period
    left join askers as a on o.period = a.period
    left join others as t on o.period = t.period

    union all

    select
        o.*, case when s.label in ('{{ named | join("', '") }}') then s.label || ' (label)' else s.label end,
        1, 1, 1, c.labelled, c.conversations, s.people
    from owed as o
    join shown as s on o.period = s.period
    join coverage as c on o.period = c.period
),

judged as (
    select
        * exclude (status, reason),
        case
            when status <> 'ok' then status
            when known = 0 or conversations = 0 then 'no_data'
            when segment <> 'unlabelled' and known_requests = 0 then 'no_data'
            else 'ok'
        end as status,
        case
            when status <> 'ok' then reason
            when known = 0 then 'GitHub has told of no issue or discussion, and labels stand there alone.'
            when conversations = 0 then 'Nobody from outside wrote in an issue or a discussion in this period.'
            when segment <> 'unlabelled' and known_labels = 0
                then 'No issue and no discussion has a label, so what people ask for is not known.'
            when segment <> 'unlabelled' and known_requests = 0
                then 'No label says that something is asked for, so what people ask for is not known.'
        end as reason
    from counted
)

select
    'feature_demand' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then people end::double as value,
    null::double as lower,
    null::double as upper,
    case when status = 'ok' then labelled end::bigint as numerator,
    case when status = 'ok' then conversations end::bigint as denominator,
    case when status = 'ok' then people end::bigint as sample_size,
    status,
    reason
from judged
