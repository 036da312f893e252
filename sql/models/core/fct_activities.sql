with agents as (
    select distinct a.project_id, a.conversation_key
    from {{ ref('int_acts') }} as a
    join {{ ref('int_identities') }} as i on a.actor_kind = i.kind and a.actor = i.value
    join {{ ref('int_people') }} as p on i.person_id = p.person_id
    where a.kind in ('commit_authored', 'commit_merged') and p.kind = 'agent'
),

-- Zero is the clock of Lisbon and London, and of every machine that nobody set. Whose clock goes to plus one in summer
-- lives there; of all others it tells nothing.
summer_clocks as (
    select distinct i.person_id
    from {{ ref('int_acts') }} as a
    join {{ ref('int_identities') }} as i on a.actor_kind = i.kind and a.actor = i.value
    where a.utc_offset_minutes = 60
)

select
    md5(a.source || '|' || coalesce(a.project_id, '') || '|' || a.act) as activity_id,
    i.person_id,
    a.project_id,
    a.source,
    a.kind,
    a.level,
    a.occurred_at,
    (a.occurred_at at time zone o.timezone)::date as occurred_on,
    case
        when coalesce(p.kind <> 'human', false) or a.is_automated then null
        when a.utc_offset_minutes <> 0 or c.person_id is not null then a.utc_offset_minutes
    end as utc_offset_minutes,
    coalesce(p.kind <> 'human', false) or a.is_automated as is_bot,
    coalesce(w.is_own, false) as is_own,
    g.conversation_key is not null and coalesce(p.kind = 'human', false) as is_agent_assisted,
    coalesce(w.shown_organization_id, 'unknown') as organization_id,
    d.rule as affiliation_rule,
    case when a.conversation_key is not null and a.kind not in ('commit_authored', 'commit_merged')
        then md5(
            case a.source when 'gharchive' then 'github' else a.source end
            || '|' || case a.source when 'mailing_lists' then '' else a.project_id end || '|' || a.conversation_key
        ) end as conversation_id
from {{ ref('int_acts') }} as a
cross join {{ source('config', 'ospo') }} as o
left join {{ ref('int_identities') }} as i on a.actor_kind = i.kind and a.actor = i.value
left join {{ ref('int_people') }} as p on i.person_id = p.person_id
left join {{ ref('int_organization_names') }} as n
    on a.actor_kind = 'address' and n.kind = 'domain' and n.spelling = split_part(a.actor, '@', 2)
left join {{ ref('int_affiliated_days') }} as d
    on i.person_id = d.person_id and (a.occurred_at at time zone o.timezone)::date = d.occurred_on
    and n.organization_id is not distinct from d.address_organization_id
left join {{ ref('int_organizations') }} as w on d.organization_id = w.organization_id
left join summer_clocks as c on i.person_id = c.person_id
left join agents as g on a.project_id = g.project_id and a.conversation_key = g.conversation_key
-- A software agent named as co-author is a mark on the human's commit, not an act of its own.
where not (a.is_coauthor and coalesce(p.kind <> 'human', false))
