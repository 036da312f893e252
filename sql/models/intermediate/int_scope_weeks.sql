-- Every week, from Monday to Sunday, for which the program and each community is owed a number or a reason. A week counts
-- when every project of the scope was watched from its first day to its end. Single projects have none: of five hundred
-- projects over ten years there would be a million rows for each metric, nearly all of them of nobody or of one person.
with weeks as (
    select
        scope_kind, scope_id, history_starts_on, newness_known_from, observed_until, period_start::date as period_start,
        (period_start + interval 7 day)::date as period_end
    from (
        select
            *,
            unnest(generate_series(date_trunc('week', history_starts_on), observed_until, interval 7 day))
                as period_start
        from {{ ref('int_scope_history') }}
        where scope_kind in ('program', 'community')
    )
),

missed as ({{ missed('weeks', 'period_end') }})

select
    w.scope_kind,
    w.scope_id,
    'week' as grain,
    w.period_start,
    w.period_end,
    w.history_starts_on,
    w.newness_known_from,
    w.observed_until,
    case when m.missed_from is not null or w.period_start < w.history_starts_on then 'too_early' else 'ok' end as status,
    case
        when m.missed_from is not null then {{ missed_reason() }}
        when w.period_start < w.history_starts_on
            then 'The data begin on ' || {{ day('w.history_starts_on') }} || ', so they hold a part of the period only.'
    end as reason
from weeks as w
left join missed as m
    on w.scope_kind = m.scope_kind and w.scope_id = m.scope_id
    and w.period_start = m.period_start and w.period_end = m.period_end
