-- What a campaign or an event of ours was about: the projects that it names, or else all of its communities.
with projects as (
    select project_id, lower(project_id) as spelled from {{ ref('dim_projects') }} where kind = 'repository'
),

campaigns as (
    select 'campaign' as scope_kind, campaign_id as scope_id, name, starts_on, ends_on, metric, window_days, about, community_ids
    from {{ ref('dim_campaigns') }}
    where starts_on is not null
),

named as (
    select c.scope_kind, c.scope_id, p.project_id
    from campaigns as c
    join projects as p on list_contains([lower(trim(each)) for each in c.about], p.spelled)
),

of_communities as (
    select c.scope_kind, c.scope_id, m.project_id
    from campaigns as c
    join {{ ref('community_projects') }} as m on list_contains(c.community_ids, m.community_id)
    anti join named as n on c.scope_kind = n.scope_kind and c.scope_id = n.scope_id

    union

    select 'event', e.event_id, m.project_id
    from {{ ref('event_communities') }} as e
    join {{ ref('community_projects') }} as m on e.community_id = m.community_id
),

subjects as (
    select scope_kind, scope_id, name, starts_on, ends_on, metric, window_days from campaigns
    union all
    select 'event', event_id, name, starts_on, ends_on, null, null
    from {{ ref('dim_events') }}
    where starts_on is not null and role is not null and not is_cancelled
)

select
    s.scope_kind,
    s.scope_id,
    coalesce(s.name, s.scope_id) as name,
    s.starts_on,
    s.ends_on,
    s.metric,
    s.window_days,
    coalesce(list(distinct p.project_id order by p.project_id) filter (p.project_id is not null), []) as project_ids
from subjects as s
left join (select * from named union select * from of_communities) as m
    on s.scope_kind = m.scope_kind and s.scope_id = m.scope_id
left join projects as p on m.project_id = p.project_id
group by s.scope_kind, s.scope_id, s.name, s.starts_on, s.ends_on, s.metric, s.window_days
