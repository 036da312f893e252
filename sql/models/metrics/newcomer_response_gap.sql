-- Like is compared with like: kind by kind of conversation, each kind weighing as much as newcomers opened of it. The
-- variance of the difference is that of both means, the weights taken as given.
{% set fewest = 6 %}
{% set z = 1.959963984540 %}

-- Of both sides, how many there are at all, and what the kinds tell of which there are enough of both.
with told as (
    select
        scope_kind, scope_id, period_start, period_end,
        sum(newcomer_conversations) as newcomers,
        sum(regular_conversations) as regulars,
        sum(newcomer_conversations + regular_conversations) filter (is_compared) as conversations,
        sum(newcomer_conversations * (newcomer_hours - regular_hours)) filter (is_compared)
            / sum(newcomer_conversations) filter (is_compared) as hours,
        {{ z }} * sqrt(sum(newcomer_conversations ** 2 * (newcomer_variance + regular_variance)) filter (is_compared))
            / sum(newcomer_conversations) filter (is_compared) as half
    from {{ ref('int_response_kinds') }}
    group by scope_kind, scope_id, period_start, period_end
),

owed as (
    select
        p.*, coalesce(w.has_conversations, false) as has_conversations, coalesce(t.newcomers, 0) as newcomers, coalesce(t.regulars, 0) as regulars, t.conversations, t.hours, t.half
    from {{ ref('int_followed_periods') }} as p
    left join told as t
        on p.scope_kind = t.scope_kind and p.scope_id = t.scope_id
        and p.period_start = t.period_start and p.period_end = t.period_end
    left join {{ ref('int_scope_tells') }} as w on p.scope_kind = w.scope_kind and p.scope_id = w.scope_id
    where p.follow_days = 14 and (p.scope_kind <> 'project' or p.grain = 'year')
),

judged as (
    select
        * exclude (status, reason),
        case
            when not has_conversations then 'no_data'
            when status <> 'ok' then status
            when period_start < newness_known_from then 'refused'
            when newcomers = 0 or regulars = 0 then 'no_data'
            when hours is null then 'refused'
            else 'ok'
        end as status,
        case
            when not has_conversations then {{ no_conversations_told() }}
            when status <> 'ok' then reason
            when period_start < newness_known_from then {{ newness_reason() }}
            when newcomers = 0 then 'No newcomer opened a conversation in this period.'
            when regulars = 0 then 'Nobody who had been here before opened a conversation in this period.'
            when least(newcomers, regulars) < {{ fewest }}
                then 'Fewer than {{ fewest }} conversations were opened by '
                    || case when newcomers <= regulars then 'newcomers' else 'people who had been here before' end
                    || ', and a comparison with so few says nothing.'
            when hours is null
                then 'There is no kind of conversation that newcomers and people who had been here before each opened '
                    || '{{ fewest }} times, so like cannot be compared with like.'
        end as reason,
        case
            when has_conversations and status = 'ok' and period_start >= newness_known_from and least(newcomers, regulars) < {{ fewest }}
                then least(newcomers, regulars)
        end as few
    from owed
)

select
    'newcomer_response_gap' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    'gap' as segment,
    case when status = 'ok' then hours end::double as value,
    case when status = 'ok' then hours - half end::double as lower,
    case when status = 'ok' then hours + half end::double as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    case status when 'ok' then conversations when 'refused' then few end::bigint as sample_size,
    status,
    reason
from judged
