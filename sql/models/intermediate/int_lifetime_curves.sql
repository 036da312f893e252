-- How many are still there after so many days, in the columns of all survival curves, over the first two years: the days
-- on which somebody's stay ended, the first day and the last that can be told. Of fewer than six people there is no curve.
with groups as (
    select g.*, max(s.at_risk) as people, max(s.after_days) as last_day
    from {{ ref('int_lifetime_groups') }} as g
    join {{ ref('int_lifetime_steps') }} as s on g.group_id = s.group_id
    group by all
    having max(s.at_risk) >= 6
)

select
    'contributor_lifetime' as metric, scope_kind, scope_id, period_start, period_end, segment, 0 as after_days,
    1::double as share_not_yet, 1::double as lower, 1::double as upper, people as at_risk, 0 as happened
from groups

union all

select
    'contributor_lifetime', g.scope_kind, g.scope_id, g.period_start, g.period_end, g.segment, s.after_days, s.share_not_yet,
    s.lower, s.upper, s.at_risk, s.happened
from groups as g
join {{ ref('int_lifetime_steps') }} as s on g.group_id = s.group_id
where s.after_days <= 730 and (s.happened > 0 or s.after_days = g.last_day)
