-- The smallest number of people whose contributions make up half of all, over twelve months ending with each month.
with spans as (
    select
        scope_kind, scope_id, (period_end - interval 12 month)::date as period_start, period_end, history_starts_on,
        status, reason
    from {{ ref('int_scope_periods') }}
    where grain = 'month'
),

owed as (
    select spans.*, segment
    from spans
    cross join (select unnest(['commits', 'conversations']) as segment)
),

-- Numbers in place of texts: with a million people it is they that take the room.
numbered as (
    select scope_kind, scope_id, project_id, dense_rank() over (order by scope_kind, scope_id)::integer as scope
    from {{ ref('int_scopes') }}
),

person_months as (
    select
        s.scope, hash(d.person_id) as person, datediff('month', date '1970-01-01', d.occurred_on)::integer as month,
        sum(d.commits)::bigint as commits, sum(d.conversations)::bigint as conversations
    from {{ ref('int_contribution_days') }} as d
    join numbered as s on d.project_id = s.project_id
    where d.segment not in ('bots', 'agents')
    group by all

    union all

    select
        s.scope, hash(c.person_id), datediff('month', date '1970-01-01', c.occurred_on)::integer, -sum(c.commits)::bigint, 0
    from {{ ref('int_scope_copies') }} as c
    join (select distinct scope, scope_kind, scope_id from numbered) as s
        on c.scope_kind = s.scope_kind and c.scope_id = s.scope_id
    where c.segment not in ('bots', 'agents')
    group by all
),

-- What somebody did in a month counts from the span that ends with it, and no longer from the one twelve months later.
changes as (
    select scope, person, end_month, sum(commits)::bigint as commits, sum(conversations)::bigint as conversations
    from (
        select scope, person, month + 1 as end_month, commits, conversations from person_months
        union all
        select scope, person, month + 13, -commits, -conversations from person_months
    )
    group by all
),

held as (
    select
        scope,
        end_month as from_month,
        lead(end_month) over by_end as until_month,
        sum(commits) over by_end as commits,
        sum(conversations) over by_end as conversations
    from changes
    window by_end as (partition by scope, person order by end_month rows unbounded preceding)
),

-- How many people made how many contributions in each span.
sizes as (
    select scope, end_month, segment, contributions, sum(people)::bigint as people
    from (
        select scope, segment, contributions, people, unnest(range(from_month, until_month)) as end_month
        from (
            select scope, from_month, until_month, segment, contributions, count(*) as people
            from (
                select
                    scope, from_month, until_month, unnest(['commits', 'conversations']) as segment,
                    unnest([commits, conversations])::bigint as contributions
                from held
            )
            where contributions > 0
            group by all
        )
    )
    group by all
),

ranked as (
    select
        *,
        sum(people) over largest_first - people as people_before,
        sum(people * contributions) over largest_first - people * contributions as reached_before,
        sum(people * contributions) over everybody as total,
        sum(people) over everybody as all_people
    from sizes
    window
        everybody as (partition by scope, end_month, segment),
        largest_first as (
            partition by scope, end_month, segment order by contributions desc rows unbounded preceding
        )
),

factors as (
    select
        n.scope_kind, n.scope_id, make_date(1970 + r.end_month // 12, r.end_month % 12 + 1, 1) as period_end, r.segment,
        min(people_before + greatest(1, ceil((total - 2 * reached_before) / (2.0 * contributions)))) filter (
            (reached_before + people * contributions) * 2 >= total
        ) as factor,
        any_value(all_people) as people
    from ranked as r
    join (select distinct scope, scope_kind, scope_id from numbered) as n on r.scope = n.scope
    group by all
),

judged as (
    select
        o.* exclude (status, reason), o.reason as calendar_reason, f.factor, f.people,
        o.segment = 'conversations' and not coalesce(t.has_conversations, false) as is_untold,
        case
            when is_untold then 'no_data'
            when o.period_start < o.history_starts_on then 'too_early'
            when o.status <> 'ok' then o.status
            when f.factor is null then 'no_data'
            else 'ok'
        end as status
    from owed as o
    left join {{ ref('int_scope_tells') }} as t on o.scope_kind = t.scope_kind and o.scope_id = t.scope_id
    left join factors as f
        on o.scope_kind = f.scope_kind and o.scope_id = f.scope_id
        and o.period_end = f.period_end and o.segment = f.segment
)

select
    'contributor_absence_factor' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then factor end::double as value,
    null::double as lower,
    null::double as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    case when status = 'ok' then people end::bigint as sample_size,
    status,
    case
        when is_untold then {{ no_conversations_told() }}
        when period_start < history_starts_on then 'The data begin on ' || {{ day('history_starts_on') }}
            || ', so twelve months are not there yet.'
        when calendar_reason is not null then calendar_reason
        when status = 'no_data' then 'There were no ' || segment || ' in these twelve months.'
    end as reason
from judged
