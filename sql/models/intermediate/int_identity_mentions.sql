with mentions as (
    select
        actor_kind as kind, actor as value, actor_name as name, actor_type as account_type, occurred_at, 1 as acts
    from {{ ref('int_acts') }}
    where actor is not null

    union all

    -- Who closes or merges does nothing that is counted, but is told.
    select 'login', lower(actor_login), null, actor_type, occurred_at, 0
    from {{ ref('stg_github__events') }}
    where event_type = 'closed' and nullif(lower(actor_login), 'ghost') is not null and not is_deleted
        and actor_type is distinct from 'Mannequin' and actor_type is distinct from 'Organization'

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
