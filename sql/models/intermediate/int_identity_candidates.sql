-- People who may be somebody else too: what they are called where, in which communities, and when they were there.
with acts as (
    select
        actor_kind, actor, project_id, actor_name, min(occurred_at) as first_at, max(occurred_at) as last_at,
        count(*) as acts
    from {{ ref('int_acts') }}
    where actor_kind in ('address', 'login', 'git_name', 'mail_name', 'speaker')
    group by actor_kind, actor, project_id, actor_name
),

used as (
    select
        i.person_id, a.actor_kind, a.actor, c.community_id,
        list(distinct a.actor_name) filter (a.actor_name is not null) as names,
        min(a.first_at)::date as first_on, max(a.last_at)::date as last_on, sum(a.acts) as acts
    from acts as a
    join {{ ref('int_identities') }} as i on a.actor_kind = i.kind and a.actor = i.value
    join {{ ref('community_projects') }} as c on a.project_id = c.project_id
    group by i.person_id, a.actor_kind, a.actor, c.community_id
),

-- A person is shown by the login, else by the address, that they use most.
shown as (
    select
        person_id,
        arg_max(
            case actor_kind
                when 'login' then actor when 'address' then actor else actor_kind || ':' || actor
            end,
            (actor_kind = 'login', actor_kind = 'address', acts, actor)
        ) as identity
    from used
    group by person_id
)

select
    u.person_id,
    s.identity,
    list_sort(list_distinct(flatten(list(u.names)))) as names,
    list_sort(list_distinct(list(
        case u.actor_kind
            when 'login' then u.actor
            when 'address' then regexp_replace(split_part(u.actor, '@', 1), '^\d+\+', '')
        end
    ))) as handles,
    list_sort(list_distinct(list(u.community_id))) as communities,
    min(u.first_on) as first_on,
    max(u.last_on) as last_on,
    bool_or(u.actor_kind = 'login') as has_login
from used as u
join shown as s on u.person_id = s.person_id
join {{ ref('int_people') }} as p on u.person_id = p.person_id and p.kind = 'human'
group by u.person_id, s.identity
