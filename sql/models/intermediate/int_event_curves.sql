-- The curves of those who came, in the columns of all survival curves: their steps, their last day, and days 7, 30 and
-- 90. In what is made for everybody a step would tell of one person at one event, so there is none.
with groups as (
    select w.group_id, w.event_id, w.segment, a.period_start, a.period_end, max(w.waited_days) as last_day
    from {{ ref('int_event_waits') }} as w
    join {{ ref('int_event_audience') }} as a on w.event_id = a.event_id
    where '{{ var("audience", "internal") }}' = 'internal'
    group by all
),

days as (
    select c.group_id, c.after_days
    from {{ ref('int_event_wait_curves') }} as c
    join groups as g on c.group_id = g.group_id
    where c.happened > 0 or c.after_days = g.last_day

    union

    select g.group_id, m.after_days::double
    from groups as g
    join unnest([7, 30, 90]) as m(after_days) on m.after_days < g.last_day
),

reached as (
    select d.group_id, d.after_days, c.share_not_yet, c.lower, c.upper, c.after_days as step_on, c.happened
    from days as d
    asof left join {{ ref('int_event_wait_curves') }} as c on d.group_id = c.group_id and d.after_days >= c.after_days
),

-- Nobody comes or goes between two days of the curve, so at risk are those of the next.
watched as (
    select r.*, c.at_risk
    from reached as r
    asof join {{ ref('int_event_wait_curves') }} as c on r.group_id = c.group_id and r.after_days <= c.after_days
)

select
    'time_to_first_activity' as metric,
    'event' as scope_kind,
    g.event_id as scope_id,
    g.period_start,
    g.period_end,
    g.segment,
    w.after_days,
    coalesce(w.share_not_yet, 1) as share_not_yet,
    coalesce(w.lower, 1) as lower,
    coalesce(w.upper, 1) as upper,
    w.at_risk,
    case when w.after_days = w.step_on then w.happened else 0 end::bigint as happened
from watched as w
join groups as g on w.group_id = g.group_id
