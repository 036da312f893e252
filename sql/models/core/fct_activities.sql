with assistants as (
    select distinct project_id, sha as conversation_key, name, address from {{ ref('stg_git__assistants') }}
),

-- A human being may have an agent's name: with an address it counts only if that is an agent's.
known_assistants as (
    select a.name, a.address
    from (select distinct name, address from assistants) as a
    join {{ ref('bot_patterns') }} as p
        on p.kind = 'agent'
        and case p.applies_to
            when 'assistant' then a.address is null and regexp_matches(a.name, p.pattern)
            when 'address' then regexp_matches(a.address, p.pattern)
                and not coalesce(regexp_matches(a.address, p.unless), false)
        end
),

-- What an agent had a hand in: commits that name one as author, co-author or assistant, and change requests that one
-- began on behalf of a human being.
agents as (
    select a.project_id, a.conversation_key, 'commit' as what
    from {{ ref('int_acts') }} as a
    join {{ ref('int_identities') }} as i on a.actor_kind = i.kind and a.actor = i.value
    join {{ ref('int_people') }} as p on i.person_id = p.person_id
    where a.kind in ('commit_authored', 'commit_merged') and p.kind = 'agent'

    union

    select a.project_id, a.conversation_key, 'commit'
    from assistants as a
    semi join known_assistants as k on a.name is not distinct from k.name and a.address is not distinct from k.address

    union

    select project_id, number::varchar, 'change_request'
    from {{ ref('stg_github__change_requests') }}
    where is_begun_by_agent and not is_deleted
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
    coalesce(p.kind = 'agent', false) as is_agent,
    coalesce(w.is_own, false) as is_own,
    g.conversation_key is not null and coalesce(p.kind = 'human', false) and not a.is_automated as is_agent_assisted,
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
left join agents as g
    on a.project_id = g.project_id and a.conversation_key = g.conversation_key
    and g.what = case
        when a.kind in ('commit_authored', 'commit_merged') then 'commit'
        when a.kind in ('change_request_opened', 'change_request_merged') and a.source = 'github' then 'change_request'
    end
-- A software agent named as co-author is a mark on the human's commit, not an act of its own.
where not (a.is_coauthor and coalesce(p.kind <> 'human', false))
