-- Who is a human being, a bot or a software agent, by the first rule that says so: the team's own sheet, what GitHub
-- says of the account, patterns of logins, addresses and names, that every message was sent automatically, behaviour.
-- To take a human being for a bot is the worse error: a pattern that people's names can have too yields to a name that
-- reads like a human being's, whichever of their identities has it.
with names as (
    select i.person_id, m.name
    from {{ ref('int_identity_mentions') }} as m
    join {{ ref('int_identities') }} as i on m.kind = i.kind and m.value = i.value
    where m.name is not null

    union

    select i.person_id, p.name
    from {{ ref('stg_github__people') }} as p
    join {{ ref('int_identities') }} as i on i.kind = 'login' and lower(p.login) = i.value
    where p.name is not null
),

named as (
    select distinct person_id
    from names
    where {{ reads_like_a_human_name('name') }}
),

told as (
    -- Where the sheet says two things of one person, a human being is human.
    select i.person_id, k.kind, 'by_hand' as rule, 0 as rank,
        coalesce(nullif(trim(k.reason), ''), 'the spreadsheet says so') as reason
    from {{ ref('stg_outreach__kinds') }} as k
    join {{ ref('int_identities') }} as i on k.identity_kind = i.kind and k.identity_id = i.identity_id
    where k.kind in ('human', 'bot', 'agent')

    union all

    -- GitHub calls software agents bots as well; a pattern knows them apart.
    select i.person_id, 'bot', 'account_type', 2, 'GitHub says that the account is a bot'
    from {{ ref('int_identity_mentions') }} as m
    join {{ ref('int_identities') }} as i on m.kind = i.kind and m.value = i.value
    where m.account_type = 'Bot'

    union all

    select i.person_id, h.person_kind, 'pattern', case h.person_kind when 'agent' then 1 else 3 end, h.reason
    from {{ ref('int_pattern_hits') }} as h
    join {{ ref('int_identities') }} as i on h.kind = i.kind and h.value = i.value
    left join named as n on i.person_id = n.person_id
    where not (h.yields_to_a_name and n.person_id is not null)

    union all

    select i.person_id, 'bot', 'automated_mail', 4, 'everything they sent was sent automatically'
    from {{ ref('int_acts') }} as a
    join {{ ref('int_identities') }} as i on a.actor_kind = i.kind and a.actor = i.value
    group by i.person_id
    having bool_and(a.is_automated)

    union all

    select person_id, 'bot', 'behaviour', 5, reason
    from {{ ref('int_behaviour') }}
    where reason is not null
),

first_told as (
    select person_id, kind, rule, reason
    from told
    qualify row_number() over (partition by person_id order by rank, kind desc, reason) = 1
),

people as (
    select distinct person_id from {{ ref('int_identities') }}
)

select
    p.person_id,
    coalesce(f.kind, 'human') as kind,
    f.rule,
    f.reason
from people as p
left join first_told as f on p.person_id = f.person_id
