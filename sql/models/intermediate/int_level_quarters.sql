-- How far people from outside went in each calendar quarter, by the furthest thing that they did, for the program and each
-- community: 0 a star or fork, 1 an issue, comment, review or message, 2 a change that was taken in or a release. Talks and
-- closings are left out, as they are of contributions.
with acts as (
    select
        person_id, project_id, date_trunc('quarter', occurred_on)::date as quarter,
        max(right(level, 1)::tinyint) as level
    from {{ ref('fct_activities') }}
    where level is not null and person_id is not null and project_id is not null and not is_bot and not is_own
        and kind not in ('talk_given', 'issue_closed', 'change_request_closed')
    group by all
)

select s.scope_kind, s.scope_id, a.person_id, a.quarter, max(a.level) as level
from acts as a
join {{ ref('int_scopes') }} as s on a.project_id = s.project_id and s.scope_kind in ('program', 'community')
group by all
