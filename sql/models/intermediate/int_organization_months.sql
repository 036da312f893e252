-- What each human contributed to each project in a month, and for which organization.
with acts as (
    select person_id, project_id, occurred_on, organization_id, count(*) as contributions
    from {{ ref('fct_activities') }}
    where level in ('D1', 'D2') and person_id is not null and project_id is not null and not is_bot
        and kind not in ('change_request_merged', 'change_request_closed', 'issue_closed', 'talk_given')
    group by all
)

{{ monthly_by_organization('acts', ['project_id']) }}
