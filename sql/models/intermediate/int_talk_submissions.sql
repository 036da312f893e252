-- The talks that were submitted, as far as somebody wrote them down in talks.csv, and what became of them. What stands in
-- the schedule was accepted, also where nobody wrote that down; of an event that was cancelled nothing is decided any more.
with given as (
    select event_id, lower(trim(title)) as title, min(project_id) as project_id
    from {{ ref('fct_talks') }}
    group by event_id, lower(trim(title))
)

select
    s.talk_key,
    e.event_id,
    coalesce(p.project_id, g.project_id) as project_id,
    coalesce(s.submitted_on, e.starts_on) as submitted_on,
    coalesce(s.is_accepted, case when g.title is not null then true end) as is_accepted
from {{ ref('stg_outreach__talks') }} as s
left join {{ ref('dim_events') }} as e on s.event_id = e.event_id
left join {{ ref('int_projects') }} as p on lower(s.project) = lower(p.project_id)
left join given as g on s.event_id = g.event_id and lower(trim(s.title)) = g.title
where (s.submitted_on is not null or s.is_accepted is not null) and coalesce(s.counts, true)
    and (s.is_accepted is not null or g.title is not null or not coalesce(e.is_cancelled, false))
