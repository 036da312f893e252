-- Every calendar quarter for which the program and each community is owed a number or a reason. A quarter counts when every
-- project of the scope was watched from its first day to its end.
with quarters as (
    select
        scope_kind, scope_id, history_starts_on, newness_known_from, period_start::date as period_start,
        (period_start + interval 3 month)::date as period_end
    from (
        select
            *,
            unnest(generate_series(date_trunc('quarter', history_starts_on), observed_until, interval 3 month))
                as period_start
        from {{ ref('int_scope_history') }}
        where scope_kind in ('program', 'community')
    )
),

missed as ({{ missed('quarters', 'period_end') }})

select
    q.*,
    case when m.missed_from is not null or q.period_start < q.history_starts_on then 'too_early' else 'ok' end as status,
    case
        when m.missed_from is not null then {{ missed_reason() }}
        when q.period_start < q.history_starts_on
            then 'The data begin on ' || {{ day('q.history_starts_on') }} || ', so they hold a part of the period only.'
    end as reason
from quarters as q
left join missed as m
    on q.scope_kind = m.scope_kind and q.scope_id = m.scope_id
    and q.period_start = m.period_start and q.period_end = m.period_end
