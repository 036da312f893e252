-- The clock by which somebody from outside worked in a month, as their commits and messages tell it: the one of most
-- days. A commit made in a browser or by a machine tells none.
with days as (
    select
        person_id, date_trunc('month', occurred_on)::date as month, utc_offset_minutes, count(distinct occurred_on) as days
    from {{ ref('fct_activities') }}
    where level in ('D1', 'D2') and person_id is not null and project_id is not null and utc_offset_minutes is not null
        and not is_own and not is_bot
    group by all
)

select person_id, month, arg_max(utc_offset_minutes, (days, -abs(utc_offset_minutes), utc_offset_minutes)) as utc_offset_minutes
from days
group by person_id, month
