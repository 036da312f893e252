-- With fewer than six people no interval of a median reaches 95 %.
{% set fewest = 6 %}

with medians as (
    select
        group_id,
        min(after_days) filter (share_not_yet <= 0.5 + 1e-12) as days,
        min(after_days) filter (lower <= 0.5 + 1e-12) as lower_days,
        min(after_days) filter (upper <= 0.5 + 1e-12) as upper_days,
        max(at_risk) as people,
        sum(happened) as gone
    from {{ ref('int_lifetime_steps') }}
    group by group_id
),

judged as (
    select
        g.*, m.* exclude (group_id),
        case
            when not g.is_known then 'too_early'
            when coalesce(m.people, 0) = 0 then 'no_data'
            when m.people < {{ fewest }} then 'refused'
            else 'ok'
        end as status
    from {{ ref('int_lifetime_groups') }} as g
    left join medians as m on g.group_id = m.group_id
)

select
    'contributor_lifetime' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then days * 24 end::double as value,
    case when status = 'ok' then lower_days * 24 end::double as lower,
    case when status = 'ok' then upper_days * 24 end::double as upper,
    case when status = 'ok' then gone end::bigint as numerator,
    case when status = 'ok' then people end::bigint as denominator,
    case when status in ('ok', 'refused') then people end::bigint as sample_size,
    status,
    case status
        when 'too_early' then 'Too early: who is new is known from ' || {{ day('newness_known_from') }}
            || ', and who is gone after 180 silent days, so it can be told once the data reach to '
            || {{ day('(newness_known_from + 181)') }} || '.'
        when 'no_data' then 'Nobody from outside who is counted here arrived in this time.'
        when 'refused'
            then 'Fewer than {{ fewest }} newcomers are counted here, and a typical stay of so few says nothing.'
    end as reason
from judged
