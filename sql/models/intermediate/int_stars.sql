-- Whose star it is, where GitHub says who gave it. Suspect is an account that was made in the week before its star and did
-- nothing else that we know of, and one of a group of ten or more that did nothing else than to star the same three or
-- more repositories, each within the same hours: nobody does that by chance, and whole groups of accounts are for hire.
-- Not more than that is called suspect, for most who only ever star are human beings who only ever star.
{% set newest_days = 7 %}
{% set smallest_lockstep = 10 %}
{% set fewest_repositories = 3 %}

with given as (
    select
        s.project_id,
        s.account_id,
        s.given_at,
        a.person_id,
        coalesce(a.is_bot, false) as is_bot,
        coalesce(a.is_own, false) as is_own,
        p.joined_at
    from {{ ref('stg_github__stars') }} as s
    left join {{ ref('fct_activities') }} as a
        on a.activity_id = md5('github|' || s.project_id || '|starred|' || s.account_id)
    left join {{ ref('stg_github__people') }} as p on s.account_id = p.account_id
    where not s.is_deleted
),

active as (
    select distinct person_id from {{ ref('fct_activities') }} where kind <> 'starred' and person_id is not null
),

steps as (
    select
        g.account_id,
        list(g.project_id || ' ' || strftime(g.given_at at time zone 'UTC', '%Y-%m-%d %H') order by g.given_at, g.project_id)
            as steps
    from given as g
    anti join active as a on g.person_id = a.person_id
    group by g.account_id
    having count(*) >= {{ fewest_repositories }}
),

lockstep as (
    select account_id
    from steps
    qualify count(*) over (partition by steps) >= {{ smallest_lockstep }}
)

select
    g.project_id,
    g.account_id,
    (g.given_at at time zone 'UTC')::date as day,
    case
        when g.is_bot then 'bot'
        when g.is_own then 'own'
        when l.account_id is not null then 'lockstep'
        when g.given_at - g.joined_at < interval {{ newest_days }} day and a.person_id is null then 'new_account'
        else 'outside'
    end as giver
from given as g
left join lockstep as l on g.account_id = l.account_id
left join active as a on g.person_id = a.person_id
