-- With fewer than six conversations no interval of a median reaches 95 %; nine in ten of fewer than twenty are all but one.
{% set fewest = 6 %}
{% set fewest_p90 = 20 %}

with segments as (
    select
        who, share, is_working, who || suffix as segment,
        case share when 0.9 then {{ fewest_p90 }} else {{ fewest }} end as fewest
    from unnest(['everyone', 'newcomers', 'regulars']) as w(who)
    cross join (values ('', 0.5, false), ('_p90', 0.9, false), ('_working', 0.5, true)) as s(suffix, share, is_working)
),

measured as (
    select
        p.* exclude (status, reason),
        coalesce(t.has_conversations, false) as has_conversations,
        p.reason as calendar_reason,
        s.segment, s.share, s.fewest,
        case when s.is_working then m.median_working_hours when s.share = 0.9 then m.p90_hours else m.median_hours end
            as hours,
        case when s.is_working then m.lower_working_hours when s.share = 0.9 then m.p90_lower_hours else m.lower_hours end
            as lower_hours,
        case when s.is_working then m.upper_working_hours when s.share = 0.9 then m.p90_upper_hours else m.upper_hours end
            as upper_hours,
        m.answered, m.conversations,
        case
            when not coalesce(t.has_conversations, false) then 'no_data'
            when p.status <> 'ok' then p.status
            when s.who <> 'everyone' and p.period_start < p.newness_known_from then 'refused'
            when coalesce(m.conversations, 0) = 0 then 'no_data'
            when m.conversations < s.fewest then 'refused'
            else 'ok'
        end as status,
        p.status = 'ok' and m.conversations < s.fewest
            and (s.who = 'everyone' or p.period_start >= p.newness_known_from) as is_few
    from {{ ref('int_scope_periods') }} as p
    cross join segments as s
    left join {{ ref('int_scope_tells') }} as t on p.scope_kind = t.scope_kind and p.scope_id = t.scope_id
    left join {{ ref('int_wait_groups') }} as w
        on p.scope_kind = w.scope_kind and p.scope_id = w.scope_id and p.period_start = w.period_start
        and p.period_end = w.period_end and s.who = w.segment
    left join {{ ref('int_wait_medians') }} as m on w.group_id = m.group_id
)

select
    'first_response_time' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' and answered >= conversations * share then hours end as value,
    case when status = 'ok' then lower_hours end as lower,
    case when status = 'ok' then upper_hours end as upper,
    case when status = 'ok' then answered end::bigint as numerator,
    case when status = 'ok' then conversations end::bigint as denominator,
    case when status = 'ok' or is_few then conversations end::bigint as sample_size,
    status,
    case status
        when 'too_early' then calendar_reason
        when 'refused' then case when is_few
            then 'Fewer than ' || fewest || ' conversations were opened, and '
                || case share when 0.9 then 'nine in ten' else 'a typical waiting time' end || ' of so few says nothing.'
            else {{ newness_reason() }} end
        when 'no_data' then case when has_conversations then 'Nobody from outside opened a conversation in this period.'
            else {{ no_conversations_told() }} end
    end as reason
from measured
