-- Pairs of somebody who came and somebody like them who did not, and of how many on either side something is so within
-- 90 days: of each event, and of all that ended in a span of twelve months. There everybody counts once, with the first
-- of their events for which somebody like them was found.
with outcomes as (
    select
        event_id, ends_on, person_id, other_person_id, has_come_later, has_other_come_later, 'active' as segment,
        is_active as is_hit, is_other_active as is_other_hit
    from {{ ref('int_event_pairs') }}

    union all

    select
        event_id, ends_on, person_id, other_person_id, has_come_later, has_other_come_later, 'converted', is_converted,
        is_other_converted
    from {{ ref('int_event_pairs') }}
    where level <> 'D2'
),

of_events as (
    select o.*, 'event' as scope_kind, o.event_id as scope_id, a.period_start, a.period_end
    from outcomes as o
    join {{ ref('int_event_audience') }} as a on o.event_id = a.event_id
),

of_years as (
    select o.*, p.scope_kind, p.scope_id, p.period_start, p.period_end
    from outcomes as o
    join {{ ref('int_followed_periods') }} as p
        on p.scope_kind = 'program' and p.grain = 'year' and p.follow_days = 90
        and o.ends_on >= p.period_start and o.ends_on < p.period_end
),

firsts as (
    select *
    from of_years
    qualify row_number() over (
        partition by period_start, period_end, segment, person_id
        order by other_person_id is null, ends_on, event_id
    ) = 1
),

-- Whoever is like several who came is beside the first of them.
once as (
    select * replace (
        case when row_number() over (
            partition by period_start, period_end, segment, other_person_id order by ends_on, event_id, person_id
        ) = 1 then other_person_id end as other_person_id
    )
    from firsts
),

placed as (
    select * from of_events
    union all
    select * from once
)

select
    row_number() over (order by scope_kind, scope_id, period_start, period_end, segment) as group_id,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    count(other_person_id) as pairs,
    count(*) filter (other_person_id is not null and is_hit) as hits,
    count(*) filter (other_person_id is not null and is_other_hit) as other_hits,
    count(*) filter (other_person_id is not null and has_come_later) as later,
    count(*) filter (other_person_id is not null and has_other_come_later) as other_later,
    count(*) filter (other_person_id is null) as unpaired
from placed
group by scope_kind, scope_id, period_start, period_end, segment
