-- Pairs of somebody who came and somebody like them who did not, and of how many on either side something is so within
-- 90 days: of each event, and of all that ended in a span of twelve months.
with outcomes as (
    select event_id, ends_on, other_person_id is not null as is_paired, 'active' as segment, is_active as is_hit,
        is_other_active as is_other_hit
    from {{ ref('int_event_pairs') }}

    union all

    select event_id, ends_on, other_person_id is not null, 'converted', is_converted, is_other_converted
    from {{ ref('int_event_pairs') }}
    where level <> 'D2'
),

placed as (
    select o.*, 'event' as scope_kind, o.event_id as scope_id, a.period_start, a.period_end
    from outcomes as o
    join {{ ref('int_event_audience') }} as a on o.event_id = a.event_id

    union all

    select o.*, p.scope_kind, p.scope_id, p.period_start, p.period_end
    from outcomes as o
    join {{ ref('int_followed_periods') }} as p
        on p.scope_kind = 'program' and p.grain = 'year' and p.follow_days = 90
        and o.ends_on >= p.period_start and o.ends_on < p.period_end
)

select
    row_number() over (order by scope_kind, scope_id, period_start, period_end, segment) as group_id,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    count(*) filter (is_paired) as pairs,
    count(*) filter (is_paired and is_hit) as hits,
    count(*) filter (is_paired and is_other_hit) as other_hits,
    count(*) filter (not is_paired) as unpaired
from placed
group by scope_kind, scope_id, period_start, period_end, segment
