-- What share of all that was spent on events in a place, in the calendar year of an event, went into it: to hold beside
-- the share of people who are near.
with costs as (
    select object_id as event_id, sum(cost) as cost, bool_or(lacks_rate is not null) as lacks_rate
    from {{ ref('int_full_costs') }}
    where object_kind = 'event' and is_counted
    group by object_id
),

places as (
    select p.*, c.cost, c.lacks_rate, year(p.starts_on) as year
    from {{ ref('int_event_places') }} as p
    join costs as c on p.event_id = c.event_id
    where p.has_place and not p.is_online
)

select
    'event_place_fit' as metric,
    'event' as scope_kind,
    event_id as scope_id,
    starts_on as period_start,
    ends_before as period_end,
    'near' as segment,
    case when not lacks_rate then cost end as cost,
    case when not bool_or(lacks_rate) over (partition by year) then sum(cost) over (partition by year) end as cost_of_year,
    case when not bool_or(lacks_rate) over (partition by year)
        then cost / nullif(sum(cost) over (partition by year), 0) end as cost_share
from places
