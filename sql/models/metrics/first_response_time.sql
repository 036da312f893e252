-- With fewer than six conversations no interval of a median reaches 95 %.
{% set fewest = 6 %}

with owed as (
    select p.*, segment
    from {{ ref('int_scope_periods') }} as p
    cross join (select unnest(['everyone', 'newcomers', 'regulars']) as segment)
),

measured as (
    select
        o.* exclude (status, reason),
        o.reason as calendar_reason,
        m.median_hours, m.lower_hours, m.upper_hours, m.answered, m.conversations,
        case
            when o.status <> 'ok' then o.status
            when o.segment <> 'everyone' and o.period_start < o.newness_known_from then 'refused'
            when coalesce(m.conversations, 0) = 0 then 'no_data'
            when m.conversations < {{ fewest }} then 'refused'
            else 'ok'
        end as status
    from owed as o
    left join {{ ref('int_wait_groups') }} as w
        on o.scope_kind = w.scope_kind and o.scope_id = w.scope_id and o.period_start = w.period_start
        and o.period_end = w.period_end and o.segment = w.segment
    left join {{ ref('int_wait_medians') }} as m on w.group_id = m.group_id
)

select
    'first_response_time' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' and answered * 2 >= conversations then median_hours end as value,
    case when status = 'ok' then lower_hours end as lower,
    case when status = 'ok' then upper_hours end as upper,
    case when status = 'ok' then answered end::bigint as numerator,
    case when status = 'ok' then conversations end::bigint as denominator,
    case when status = 'ok' then conversations end::bigint as sample_size,
    status,
    case status
        when 'too_early' then calendar_reason
        when 'refused' then case when conversations < {{ fewest }}
            then case conversations when 1 then 'Only one conversation was'
                else 'Only ' || conversations || ' conversations were' end || ' opened, and a typical waiting time of fewer than '
                || {{ fewest }} || ' says nothing.'
            else 'The data begin on ' || {{ day('history_starts_on') }}
            || '; in their first year old hands look new, so newcomers cannot be told apart yet.' end
        when 'no_data' then 'Nobody from outside opened a conversation in this period.'
    end as reason
from measured
