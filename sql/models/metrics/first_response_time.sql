with grid as ({{ metric_grid(['everyone', 'newcomers', 'regulars']) }}),

measured as (
    select
        g.*,
        m.median_hours, m.lower_hours, m.upper_hours, m.answered, m.conversations,
        case
            when g.calendar_status = 'too_early' then 'too_early'
            when g.segment <> 'everyone' and g.period_start < g.newness_known_from then 'refused'
            when coalesce(m.conversations, 0) = 0 then 'no_data'
            else 'ok'
        end as status
    from grid as g
    left join {{ ref('int_wait_groups') }} as w
        on g.scope_kind = w.scope_kind and g.scope_id = w.scope_id and g.period_start = w.period_start
        and g.period_end = w.period_end and g.segment = w.segment
    left join {{ ref('int_wait_medians') }} as m on w.group_id = m.group_id
)

select
    'first_response_time' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then median_hours end as value,
    case when status = 'ok' then lower_hours end as lower,
    case when status = 'ok' then upper_hours end as upper,
    case when status = 'ok' then answered end::bigint as numerator,
    case when status = 'ok' then conversations end::bigint as denominator,
    case when status = 'ok' then conversations end::bigint as sample_size,
    status,
    case status
        when 'too_early' then calendar_reason
        when 'refused' then 'The data begin on ' || {{ day('history_starts_on') }}
            || '; in their first year old hands look new, so newcomers cannot be told apart yet.'
        when 'no_data' then 'Nobody from outside opened a conversation in this period.'
    end as reason
from measured
