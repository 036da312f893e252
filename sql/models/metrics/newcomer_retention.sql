-- Somebody counts as still here after W days when they contributed again between W - 30 and W + 30 days
-- after their first contribution. Only newcomers whose W + 30 days are over in the data are counted.
with windows as (
    select unnest([90, 180, 365]) as days
),

segments as (
    select 'day_' || days as segment, days, null as came_through_event from windows
    union all
    select 'event_day_90', 90, true
    union all
    select 'organic_day_90', 90, false
),

newcomers as (
    select f.scope_kind, f.scope_id, f.person_id, f.first_on, coalesce(e.is_event_first, false) as came_through_event
    from {{ ref('int_first_contributions') }} as f
    join {{ ref('int_scope_history') }} as h on f.scope_kind = h.scope_kind and f.scope_id = h.scope_id
    left join {{ ref('int_entry_channels') }} as e
        on f.scope_kind = e.scope_kind and f.scope_id = e.scope_id and f.person_id = e.person_id
    where f.segment = 'outside' and f.first_on >= h.newness_known_from
),

followed as (
    select
        n.scope_kind, n.scope_id, n.person_id, n.first_on, n.came_through_event, w.days,
        count(distinct d.occurred_on) > 0 as is_retained
    from newcomers as n
    cross join windows as w
    join {{ ref('int_scopes') }} as s on n.scope_kind = s.scope_kind and n.scope_id = s.scope_id
    left join {{ ref('int_contribution_days') }} as d
        on n.person_id = d.person_id and s.project_id = d.project_id
        and d.occurred_on between n.first_on + (w.days - 30)::integer and n.first_on + (w.days + 30)::integer
    group by all
),

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, w.segment,
        p.newness_known_from, p.history_starts_on, p.status, p.reason,
        count(f.person_id) filter (f.is_retained) as k, count(f.person_id) as n
    from {{ ref('int_followed_periods') }} as p
    join segments as w on p.follow_days = w.days + 30
    left join followed as f
        on p.scope_kind = f.scope_kind and p.scope_id = f.scope_id and w.days = f.days
        and coalesce(w.came_through_event = f.came_through_event, true)
        and f.first_on >= p.period_start and f.first_on < p.period_end
    group by all
),

judged as (
    select
        * exclude (status, reason),
        case
            when period_start < newness_known_from then 'refused'
            when status = 'ok' and n = 0 then 'no_data'
            else status
        end as status,
        case
            when period_start < newness_known_from
                then 'The data begin on ' || {{ day('history_starts_on') }}
                    || '; in their first year old hands look new.'
            when status = 'ok' and n = 0 and segment = 'event_day_90'
                then 'Of nobody from outside who was new in this period is it known that they came through an event.'
            when status = 'ok' and n = 0 and segment = 'organic_day_90'
                then 'Nobody from outside was new in this period without having come through an event.'
            when status = 'ok' and n = 0 then 'Nobody from outside was new in this period.'
            else reason
        end as reason
    from counted
)

{{ proportion_rows('newcomer_retention', 'judged') }}
