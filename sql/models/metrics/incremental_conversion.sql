-- Fewer pairs than this tell nothing.
{% set fewest = 20 %}
-- What is left when single events are subtracted from a year is told of this many pairs or of none, also to everybody.
{% set smallest_rest = 10 %}

with owed as (
    select
        'event' as scope_kind, event_id as scope_id, period_start, period_end,
        case when new_status = 'suppressed' then 'ok' else new_status end as status,
        case when new_status <> 'suppressed' then new_reason end as reason
    from {{ ref('int_event_windows') }}
    where follow_days = 90

    union all

    select
        scope_kind, scope_id, period_start, period_end,
        case when period_start < newness_known_from then 'refused' else status end,
        case when period_start < newness_known_from then {{ newness_unknown('history_starts_on') }} else reason end
    from {{ ref('int_followed_periods') }}
    where scope_kind = 'program' and grain = 'year' and follow_days = 90
        and exists (from {{ ref('int_event_audience') }})
),

told_alone as (
    select o.period_start, o.period_end, c.segment, sum(c.pairs) as pairs
    from owed as o
    join {{ ref('int_event_pair_counts') }} as c
        on c.scope_kind = 'event' and c.pairs >= {{ fewest }}
        and c.period_end - 1 >= o.period_start and c.period_end - 1 < o.period_end
    where o.scope_kind = 'program'
    group by o.period_start, o.period_end, c.segment
),

counted as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, o.status as calendar_status, o.reason as calendar_reason,
        s.segment,
        s.segment = 'converted' and not coalesce(w.has_changes, false) as is_untold,
        coalesce(c.pairs, 0) as pairs,
        c.hits,
        d.difference,
        d.lower,
        d.upper,
        case when o.scope_kind = 'program' then coalesce(c.pairs, 0) - coalesce(t.pairs, 0) else 0 end as rest
    from owed as o
    cross join unnest(['active', 'converted']) as s(segment)
    left join {{ ref('int_scope_tells') }} as w on w.scope_kind = 'program'
    left join {{ ref('int_event_pair_counts') }} as c
        on o.scope_kind = c.scope_kind and o.scope_id = c.scope_id
        and o.period_start = c.period_start and o.period_end = c.period_end and s.segment = c.segment
    left join {{ ref('int_event_comparisons') }} as d on c.group_id = d.group_id
    left join told_alone as t
        on o.period_start = t.period_start and o.period_end = t.period_end and s.segment = t.segment
),

judged as (
    select
        *,
        case
            when is_untold then 'no_data'
            when calendar_status <> 'ok' then calendar_status
            when pairs < {{ fewest }} then 'refused'
            when rest between 1 and {{ smallest_rest }} - 1 then 'suppressed'
            else 'ok'
        end as status
    from counted
)

select
    'incremental_conversion' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then difference end::double as value,
    case when status = 'ok' then lower end::double as lower,
    case when status = 'ok' then upper end::double as upper,
    case when status = 'ok' then hits end::bigint as numerator,
    case when status = 'ok' then pairs end::bigint as denominator,
    case when status = 'ok' or (status = 'refused' and calendar_status = 'ok') then pairs end::bigint as sample_size,
    status,
    case
        when is_untold then {{ no_changes_told() }}
        when calendar_status <> 'ok' then calendar_reason
        when status = 'refused'
            then case pairs when 0 then 'No pair' else 'Fewer than {{ fewest }} pairs' end
                || ' of somebody who came and somebody like them who did not could be made, and so few tell nothing.'
        when status = 'suppressed'
            then 'Without the events that are told of by themselves, too few pairs are left.'
    end as reason
from judged
