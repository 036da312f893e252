-- A person is a bot or a software agent when one of their identities is; the reason is kept.
with known as (
    select
        i.person_id, m.kind as identity_kind, m.value, m.name, m.account_type, m.first_seen_at, m.last_seen_at,
        case m.kind
            when 'login' then lower(m.value)
            when 'address' then nullif(
                regexp_extract(lower(m.value), '^(?:\d+\+)?([^@]+)@users\.noreply\.github\.com$', 1), ''
            )
        end as login
    from {{ ref('int_identities') }} as i
    join {{ ref('int_identity_mentions') }} as m on i.kind = m.kind and i.value = m.value
),

automata as (
    select k.person_id, b.kind, b.note as reason
    from known as k
    join {{ ref('bot_patterns') }} as b
        on (b.applies_to = 'login' and regexp_matches(k.login, b.pattern))
        or (b.applies_to = 'address' and k.identity_kind = 'address' and regexp_matches(lower(k.value), b.pattern))
        or (b.applies_to = 'name' and regexp_matches(lower(k.name), b.pattern))

    union all

    select person_id, 'bot', 'GitHub says that the account is a bot'
    from known
    where account_type = 'Bot'

    union all

    select i.person_id, 'bot', 'everything they sent was sent automatically'
    from {{ ref('int_acts') }} as a
    join {{ ref('int_identities') }} as i on a.actor_kind = i.kind and a.actor = i.value
    group by i.person_id
    having bool_and(a.is_automated)
),

judged as (
    select person_id, max(kind) filter (kind = 'agent') as agent, max(kind) as bot, min(reason) as reason
    from automata
    group by person_id
)

select
    k.person_id,
    coalesce(any_value(j.agent), any_value(j.bot), 'human') as kind,
    any_value(j.reason) as kind_reason,
    min(k.value) filter (k.identity_kind = 'login') as handle,
    count(*) as identities,
    min(k.first_seen_at) as first_seen_at,
    max(k.last_seen_at) as last_seen_at
from known as k
left join judged as j on k.person_id = j.person_id
group by k.person_id
