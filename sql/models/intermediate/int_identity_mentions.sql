with mentions as (
    select
        actor_kind as kind, actor as value, actor_name as name, actor_type as account_type, occurred_at, 1 as acts
    from {{ ref('int_acts') }}
    where actor is not null

    union all

    select right_kind, right_value, null, null, null, 0 from {{ ref('int_identity_links') }}

    union all

    select left_kind, left_value, null, null, null, 0 from {{ ref('int_identity_links') }}
)

select
    kind,
    value,
    max(name) as name,
    max(account_type) as account_type,
    min(occurred_at) as first_seen_at,
    max(occurred_at) as last_seen_at,
    sum(acts) as acts
from mentions
group by kind, value
