-- With fewer than six people no interval of a median reaches 95 %.
{% set fewest = 6 %}

with groups as (
    select distinct group_id, event_id, segment from {{ ref('int_event_waits') }}
),

owed as (
    select
        a.*,
        s.segment,
        m.* exclude (group_id),
        o.smallest_group,
        case
            when a.status in ('ok', 'too_early') and a.starts_on < a.newness_known_from then 'newness'
            when a.status <> 'ok' then 'audience'
            when a.watched_until < a.ends_on + 2 then 'follow-up'
            when m.people is null then 'nobody'
            when m.people < o.smallest_group then 'few'
            when m.people < {{ fewest }} then 'too few for an interval'
        end as obstacle
    from {{ ref('int_event_audience') }} as a
    cross join unnest(['new', 'existing']) as s(segment)
    cross join {{ source('config', 'ospo') }} as o
    left join groups as g on a.event_id = g.event_id and s.segment = g.segment
    left join {{ ref('int_event_wait_medians') }} as m on g.group_id = m.group_id
)

select
    'time_to_first_activity' as metric,
    'event' as scope_kind,
    event_id as scope_id,
    period_start,
    period_end,
    segment,
    case when obstacle is null then median_days * 24 end::double as value,
    case when obstacle is null then lower_days * 24 end::double as lower,
    case when obstacle is null then upper_days * 24 end::double as upper,
    case when obstacle is null then happened end::bigint as numerator,
    case when obstacle is null then people end::bigint as denominator,
    case when obstacle is null or obstacle = 'too few for an interval' then people end::bigint as sample_size,
    case obstacle
        when 'newness' then 'refused'
        when 'audience' then status
        when 'follow-up' then 'too_early'
        when 'nobody' then 'no_data'
        when 'few' then 'suppressed'
        when 'too few for an interval' then 'refused'
        else 'ok'
    end as status,
    case obstacle
        when 'newness' then {{ newness_unknown('history_starts_on') }}
        when 'audience' then reason
        when 'follow-up' then {{ not_yet('behind_project', '(ends_on + 2)') }}
        when 'nobody' then 'Of those who came, nobody who can be looked for '
            || case segment when 'new' then 'was new.' else 'had been active before.' end
        when 'few' then 'Of those who came and can be looked for, fewer than ' || smallest_group
            || case segment when 'new' then ' were new.' else ' had been active before.' end
        when 'too few for an interval' then 'Fewer than {{ fewest }} of those who came and can be looked for '
            || case segment when 'new' then 'were new' else 'had been active before' end
            || ', and a typical time of so few says nothing.'
    end as reason
from owed
