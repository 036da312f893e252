-- Every period for which a scope is owed a number or a reason: calendar months, and spans of twelve months that end
-- with its last complete month, and those before. A period counts when every project of the scope was watched to its
-- end, so that a source that fell behind never looks like people who left.
with months as (
    select
        scope_kind, scope_id, 'month' as grain, period_start::date as period_start,
        (period_start + interval 1 month)::date as period_end
    from (
        select
            *,
            unnest(generate_series(date_trunc('month', history_starts_on), observed_until, interval 1 month))
                as period_start
        from {{ ref('int_scope_history') }}
    )
),

missed_months as ({{ missed('months', 'period_end') }}),

last_months as (
    select m.scope_kind, m.scope_id, max(m.period_end) as period_end
    from months as m
    anti join missed_months as x
        on m.scope_kind = x.scope_kind and m.scope_id = x.scope_id and m.period_start = x.period_start
    group by m.scope_kind, m.scope_id
),

periods as (
    select * from months

    union all

    select
        m.scope_kind, m.scope_id, 'year', (m.period_end - interval 12 month)::date, m.period_end
    from months as m
    join last_months as l on m.scope_kind = l.scope_kind and m.scope_id = l.scope_id
    join {{ ref('int_scope_history') }} as h on m.scope_kind = h.scope_kind and m.scope_id = h.scope_id
    where m.period_end <= l.period_end
        and datediff('month', m.period_end, l.period_end) % 12 = 0
        and m.period_end - interval 12 month >= date_trunc('month', h.history_starts_on)
),

missed as ({{ missed('periods', 'period_end') }})

select
    p.scope_kind,
    p.scope_id,
    p.grain,
    p.period_start,
    p.period_end,
    h.history_starts_on,
    h.newness_known_from,
    h.observed_until,
    case when m.missed_from is not null or p.period_start < h.history_starts_on then 'too_early' else 'ok' end
        as status,
    case
        when m.missed_from is not null then {{ missed_reason() }}
        when p.period_start < h.history_starts_on
            then 'The data begin on ' || {{ day('h.history_starts_on') }} || ', so they hold a part of the period only.'
    end as reason
from periods as p
join {{ ref('int_scope_history') }} as h on p.scope_kind = h.scope_kind and p.scope_id = h.scope_id
left join missed as m
    on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id
    and p.period_start = m.period_start and p.period_end = m.period_end
