-- Of each newcomer from outside to a community or the program: whether they were active on two days or more up to the
-- 90th day after their first, whether something of theirs came between 30 days before and 30 days after the 365th, and
-- what is known to have brought them. What they do for us once we pay them counts for neither.
with active as (
    select s.scope_kind, s.scope_id, d.person_id, d.occurred_on
    from {{ ref('int_contribution_days') }} as d
    join {{ ref('int_scopes') }} as s on d.project_id = s.project_id and s.scope_kind in ('program', 'community')
    where d.segment = 'outside'
    group by all
),

known as (
    select
        scope_kind, scope_id, person_id,
        arg_min(event_id, position) filter (is_presence) as first_event_id,
        arg_min(campaign_id, position) filter (campaign_id is not null) as first_campaign_id
    from {{ ref('int_entry_touches') }}
    where scope_kind in ('program', 'community')
    group by all
)

select
    e.scope_kind,
    e.scope_id,
    e.person_id,
    e.first_on,
    e.first_channel,
    e.last_channel,
    k.first_event_id,
    k.first_campaign_id,
    count(*) filter (a.occurred_on <= e.first_on + 90) >= 2 as is_engaged,
    count(*) filter (a.occurred_on >= e.first_on + 335) > 0 as is_retained
from {{ ref('int_entry_channels') }} as e
join active as a
    on e.scope_kind = a.scope_kind and e.scope_id = a.scope_id and e.person_id = a.person_id
    and a.occurred_on between e.first_on and e.first_on + 395
left join known as k
    on e.scope_kind = k.scope_kind and e.scope_id = k.scope_id and e.person_id = k.person_id
group by all
