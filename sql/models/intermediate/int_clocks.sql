-- Where in the world the clocks of people from outside stand, by what their commits and messages say of the time: in
-- twelve months, for the program and each community, the part of the world and the clock that most of what somebody did
-- there has. Of a month alone so few clocks are known that hardly a number could be told.
with acts as (
    select
        project_id, person_id, date_trunc('month', occurred_on)::date as month, utc_offset_minutes, count(*) as acts
    from {{ ref('fct_activities') }}
    where utc_offset_minutes is not null and person_id is not null and project_id is not null and not is_own
    group by all
),

monthly as (
    select
        s.scope_kind, s.scope_id, a.person_id, a.month, a.utc_offset_minutes, {{ clock_band('a.utc_offset_minutes') }} as band,
        sum(a.acts) as acts
    from acts as a
    join {{ ref('int_scopes') }} as s on a.project_id = s.project_id and s.scope_kind in ('program', 'community')
    group by all
),

clocks as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, m.person_id, m.utc_offset_minutes, m.band,
        sum(m.acts) as acts,
        sum(sum(m.acts)) over (
            partition by p.scope_kind, p.scope_id, p.period_start, p.period_end, m.person_id, m.band
        ) as acts_in_band
    from {{ ref('int_scope_periods') }} as p
    join monthly as m
        on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id
        and m.month >= p.period_start and m.month < p.period_end
    where p.status = 'ok' and p.grain = 'year'
    group by p.scope_kind, p.scope_id, p.period_start, p.period_end, m.person_id, m.utc_offset_minutes, m.band
)

select
    scope_kind,
    scope_id,
    period_start,
    period_end,
    person_id,
    arg_max(band, (acts_in_band, acts, -utc_offset_minutes)) as band,
    arg_max(utc_offset_minutes, (acts_in_band, acts, -utc_offset_minutes)) as utc_offset_minutes,
    sum(acts)::bigint as acts
from clocks
group by scope_kind, scope_id, period_start, period_end, person_id
