-- Calendar months, and spans of twelve months that end with the last complete month (`age` 0) and before it.
with observed as (
    select min(history_starts_on) as first_day, max(observed_until) as last_day from {{ ref('int_scope_history') }}
),

months as (
    select
        unnest(generate_series(date_trunc('month', first_day), last_day, interval 1 month))::date as period_start,
        last_day
    from observed
),

whole as (
    select period_start, (period_start + interval 1 month)::date as period_end, last_day from months
)

select
    'month' as grain,
    period_start,
    period_end,
    period_end <= last_day as is_complete,
    datediff('month', period_start, last_day) as age
from whole

union all

select
    'year',
    (period_end - interval 12 month)::date,
    period_end,
    true,
    (datediff('month', period_start, max(period_start) filter (period_end <= last_day) over ()) // 12)
from whole
where period_end <= last_day
qualify datediff('month', period_start, max(period_start) filter (period_end <= last_day) over ()) % 12 = 0
    and (period_end - interval 12 month)::date >= min(period_start) over ()
