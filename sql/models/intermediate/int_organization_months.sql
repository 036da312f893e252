-- What each human contributed to each project in a month, and for which organization. An organization with few people is
-- shown together with others elsewhere, but counted for itself here.
with small_days as ({{ small_employers() }}),

acts as (
    select person_id, project_id, occurred_on, organization_id, count(*) as contributions
    from {{ ref('fct_activities') }}
    where level in ('D1', 'D2') and person_id is not null and project_id is not null and not is_bot
        and kind not in ('change_request_merged', 'change_request_closed', 'issue_closed', 'talk_given')
    group by all
),

told as (
    select
        a.person_id, a.project_id, date_trunc('month', a.occurred_on)::date as month,
        case when a.organization_id = 'other' then coalesce(d.organization_id, 'unknown') else a.organization_id end
            as organization_id,
        a.contributions
    from acts as a
    left join small_days as d on a.person_id = d.person_id and a.occurred_on = d.occurred_on
)

select
    t.person_id,
    t.project_id,
    t.month,
    case when o.kind = 'independent' then 'independent' else t.organization_id end as organization_id,
    sum(t.contributions)::bigint as contributions
from told as t
left join {{ ref('int_organizations') }} as o on t.organization_id = o.organization_id
group by all
