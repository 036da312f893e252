-- At what hour people of each part of the world are there. An hour at which fewer than smallest_group people of a part of
-- the world were there is not told.
with shown as (
    select scope_kind, scope_id, period_start, period_end, segment
    from {{ ref('timezone_coverage') }}
    where status = 'ok' and segment <> 'elsewhere'
),

zones as (
    select
        scope_kind, scope_id, period_start, period_end,
        exp(-sum(people / total * ln(people / total))) as effective_zones
    from (
        select
            scope_kind, scope_id, period_start, period_end, round(utc_offset_minutes / 60) as zone,
            count(*) as people, sum(count(*)) over (partition by scope_kind, scope_id, period_start, period_end) as total
        from {{ ref('int_clocks') }}
        group by scope_kind, scope_id, period_start, period_end, zone
    )
    group by scope_kind, scope_id, period_start, period_end
),

acts as (
    select
        person_id, project_id, date_trunc('month', occurred_on)::date as month,
        extract(hour from occurred_at at time zone 'UTC')::integer as hour_utc, count(*) as acts
    from {{ ref('fct_activities') }}
    where utc_offset_minutes is not null and person_id is not null and project_id is not null and not is_own
    group by all
),

hours as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, p.band as segment, a.hour_utc,
        sum(a.acts)::bigint as acts, count(distinct p.person_id) as people
    from {{ ref('int_clocks') }} as p
    join {{ ref('int_scopes') }} as s on p.scope_kind = s.scope_kind and p.scope_id = s.scope_id
    join acts as a
        on p.person_id = a.person_id and s.project_id = a.project_id
        and a.month >= p.period_start and a.month < p.period_end
    group by p.scope_kind, p.scope_id, p.period_start, p.period_end, p.band, a.hour_utc
)

select
    'timezone_coverage' as metric,
    h.scope_kind,
    h.scope_id,
    h.period_start,
    h.period_end,
    h.segment,
    h.hour_utc,
    h.people,
    h.acts,
    z.effective_zones::double as effective_zones
from hours as h
semi join shown as w
    on h.scope_kind = w.scope_kind and h.scope_id = w.scope_id and h.period_start = w.period_start
    and h.period_end = w.period_end and h.segment = w.segment
join zones as z
    on h.scope_kind = z.scope_kind and h.scope_id = z.scope_id and h.period_start = z.period_start
    and h.period_end = z.period_end
cross join {{ source('config', 'ospo') }} as o
where h.people >= o.smallest_group
