-- Of people from outside who were there as attendees: registered, came, did something, were still here. Who had not
-- agreed to be measured is in the first step only. The day of the event counts; "still here" is what it is for newcomers:
-- something between 30 days before and 30 days after the 365th.
with windows as (
    select unnest([
        {'segment': 'day_30', 'first_day': 0, 'last_day': 30},
        {'segment': 'day_90', 'first_day': 0, 'last_day': 90},
        {'segment': 'day_180', 'first_day': 0, 'last_day': 180},
        {'segment': 'year', 'first_day': 335, 'last_day': 395},
    ], recursive := true)
),

cells as (
    select a.*, w.*, (a.starts_on + (w.last_day + 1)::integer)::date as known_from
    from {{ ref('int_event_audience') }} as a
    cross join windows as w
),

did as (
    select c.event_id, c.segment, count(distinct s.person_id) as did
    from cells as c
    join {{ ref('int_event_people') }} as s on c.event_id = s.event_id
    join {{ ref('int_contribution_days') }} as d
        on s.person_id = d.person_id and d.segment = 'outside'
        and d.occurred_on between c.starts_on + c.first_day::integer and c.starts_on + c.last_day::integer
    join {{ ref('int_scopes') }} as p on p.scope_kind = 'program' and d.project_id = p.project_id
    group by c.event_id, c.segment
),

afterwards as (
    select
        'event' as scope_kind,
        c.event_id as scope_id,
        c.period_start,
        c.period_end,
        c.segment,
        coalesce(d.did, 0) as k,
        c.measured as n,
        case when c.status = 'ok' and c.watched_until < c.known_from then 'too_early' else c.status end as status,
        case when c.status = 'ok' and c.watched_until < c.known_from then {{ not_yet('c.behind_project', 'c.known_from') }}
            else c.reason end as reason
    from cells as c
    left join did as d on c.event_id = d.event_id and c.segment = d.segment
)

select * replace ('event_outcomes' as metric, 'came' as segment)
from {{ ref('show_up_rate') }}

union all

{{ proportion_rows('event_outcomes', 'afterwards') }}
