-- People from outside who came as attendees and can be looked for, with what they did before and since. What is done on
-- the days of the event is no longer before it. Whoever may have been there before their mailing list's archive begins
-- is never called new, and whoever is not found anywhere is: nothing of theirs is seen.
with came as (
    select s.event_id, s.attendee, s.person_id, a.starts_on, a.ends_on
    from {{ ref('int_event_seats') }} as s
    join {{ ref('int_event_audience') }} as a on s.event_id = a.event_id
    where s.status = 'attended' and s.is_measured
),

found as (
    select distinct event_id, person_id, starts_on, ends_on from came where person_id is not null
),

contributed as (
    select
        f.event_id,
        f.person_id,
        min(d.occurred_on) as next_on,
        min(d.occurred_on) filter (d.occurred_on > f.ends_on) as after_on
    from found as f
    join {{ ref('int_contribution_days') }} as d
        on f.person_id = d.person_id and d.segment = 'outside' and d.occurred_on >= f.starts_on
    join {{ ref('int_scopes') }} as s on s.scope_kind = 'program' and d.project_id = s.project_id
    group by f.event_id, f.person_id
),

interested as (
    select f.event_id, f.person_id, min(d.occurred_on) as after_on
    from found as f
    join {{ ref('int_interest_days') }} as d
        on f.person_id = d.person_id and d.segment = 'outside' and d.occurred_on > f.ends_on
    join {{ ref('int_scopes') }} as s on s.scope_kind = 'program' and d.project_id = s.project_id
    group by f.event_id, f.person_id
)

select
    c.event_id,
    c.attendee,
    c.person_id,
    c.starts_on,
    c.ends_on,
    coalesce(b.first_on >= c.starts_on and b.segment <> 'unknown', true) as is_new,
    coalesce(m.first_on >= c.starts_on, true) as is_unmerged,
    d.next_on,
    d.after_on as contributed_on,
    least(d.after_on, i.after_on) as followed_on,
    case when m.segment = 'outside' and m.first_on >= c.starts_on then m.first_on end as merged_on
from came as c
left join {{ ref('int_first_contributions') }} as b on b.scope_kind = 'program' and c.person_id = b.person_id
left join {{ ref('int_first_merges') }} as m on c.person_id = m.person_id
left join contributed as d on c.event_id = d.event_id and c.person_id = d.person_id
left join interested as i on c.event_id = i.event_id and c.person_id = i.person_id
