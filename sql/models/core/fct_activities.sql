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
),

-- What belongs to an identity is found once for each identity, and not for each act.
doers as (
    select
        i.kind as actor_kind,
        i.value as actor,
        i.person_id,
        coalesce(p.kind <> 'human', false) as is_machine,
        coalesce(p.kind = 'agent', false) as is_agent,
        coalesce(p.kind = 'human', false) as is_human,
        c.person_id is not null as has_summer_clock,
        n.organization_id as address_organization_id
    from {{ ref('int_identities') }} as i
    left join {{ ref('int_people') }} as p on i.person_id = p.person_id
    left join summer_clocks as c on i.person_id = c.person_id
    left join {{ ref('int_organization_names') }} as n
        on n.kind = 'domain' and n.spelling = case i.kind when 'address' then split_part(i.value, '@', 2) end
),

employers as (
    select
        d.person_id, d.occurred_on, d.address_organization_id, d.rule, w.is_own, w.shown_organization_id
    from {{ ref('int_affiliated_days') }} as d
    left join {{ ref('int_organizations') }} as w on d.organization_id = w.organization_id
),

-- The day is found before anything is joined: a time zone that stands in one row is looked up once.
acts as (
    select
        a.*,
        (a.occurred_at at time zone o.timezone)::date as occurred_on,
        case
            when a.kind in ('commit_authored', 'commit_merged') then 'commit'
            when a.kind in ('change_request_opened', 'change_request_merged') and a.source = 'github'
                then 'change_request'
        end as what
    from {{ ref('int_acts') }} as a
    cross join {{ source('config', 'ospo') }} as o
)

select
    md5(a.source || '|' || coalesce(a.project_id, '') || '|' || a.act) as activity_id,
    i.person_id,
    a.project_id,
    a.source,
    a.kind,
    a.level,
    a.occurred_at,
    a.occurred_on,
    case
        when coalesce(i.is_machine, false) or a.is_automated then null
        when a.utc_offset_minutes <> 0 or i.has_summer_clock then a.utc_offset_minutes
    end as utc_offset_minutes,
    coalesce(i.is_machine, false) or a.is_automated as is_bot,
    coalesce(i.is_agent, false) as is_agent,
    coalesce(d.is_own, false) as is_own,
    g.conversation_key is not null and coalesce(i.is_human, false) and not a.is_automated as is_agent_assisted,
    coalesce(d.shown_organization_id, 'unknown') as organization_id,
    d.rule as affiliation_rule,
    case when a.conversation_key is not null and a.what is distinct from 'commit'
        then md5(
            case a.source when 'gharchive' then 'github' else a.source end
            || '|' || case a.source when 'mailing_lists' then '' else a.project_id end || '|' || a.conversation_key
        ) end as conversation_id
from acts as a
left join doers as i on a.actor_kind = i.actor_kind and a.actor = i.actor
left join employers as d
    on i.person_id = d.person_id and a.occurred_on = d.occurred_on
    and i.address_organization_id is not distinct from d.address_organization_id
left join agents as g
    on a.project_id = g.project_id and a.conversation_key = g.conversation_key and a.what = g.what
-- A software agent named as co-author is a mark on the human's commit, not an act of its own.
where not (a.is_coauthor and coalesce(i.is_machine, false))
