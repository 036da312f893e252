-- When each human first did what belongs to a level, for the program and each community: a star or fork; an issue,
-- comment, review or message; a change that was taken in or a release; a change request of somebody else's that they
-- merged or closed, which nobody can without a maintainer's rights.
with acts as (
    select
        person_id,
        project_id,
        min(occurred_at) filter (level = 'D0') as d0_at,
        min(occurred_on) filter (level = 'D0') as d0_on,
        arg_min(is_own, occurred_at) filter (level = 'D0') as is_own_at_d0,
        min(occurred_at) filter (level in ('D1', 'D2')) as contributed_at,
        min(occurred_on) filter (level in ('D1', 'D2')) as contributed_on,
        min(occurred_on) filter (level = 'D1') as d1_on,
        min(occurred_on) filter (level = 'D2') as d2_on
    from {{ ref('fct_activities') }}
    where level is not null and person_id is not null and project_id is not null and not is_bot
        and kind not in ('talk_given', 'issue_closed', 'change_request_closed')
    group by person_id, project_id
),

maintainers as (
    select
        c.closed_by_person_id as person_id, c.project_id,
        min((c.closed_at at time zone o.timezone)::date) as maintained_on
    from {{ ref('fct_conversations') }} as c
    cross join {{ source('config', 'ospo') }} as o
    where c.kind = 'change_request' and c.closed_by_person_id is not null
        and c.closed_by_person_id is distinct from c.opened_by_person_id
    group by c.closed_by_person_id, c.project_id
)

select
    s.scope_kind,
    s.scope_id,
    a.person_id,
    min(a.d0_at) as d0_at,
    min(a.d0_on) as d0_on,
    arg_min(a.is_own_at_d0, a.d0_at) as is_own_at_d0,
    min(a.contributed_at) as contributed_at,
    min(a.contributed_on) as contributed_on,
    min(a.d1_on) as d1_on,
    min(a.d2_on) as d2_on,
    min(m.maintained_on) as maintained_on
from acts as a
join {{ ref('int_scopes') }} as s on a.project_id = s.project_id and s.scope_kind in ('program', 'community')
left join maintainers as m on a.person_id = m.person_id and a.project_id = m.project_id
group by s.scope_kind, s.scope_id, a.person_id
