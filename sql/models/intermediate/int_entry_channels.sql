-- How each newcomer from outside came to a scope: the channel that is first known to have reached them, and the last,
-- in the 90 days before their first contribution. Where nobody knows, the channel is unknown, which is not "by chance".
with newcomers as (
    select f.scope_kind, f.scope_id, f.person_id, f.first_on
    from {{ ref('int_first_contributions') }} as f
    join {{ ref('int_scope_history') }} as h on f.scope_kind = h.scope_kind and f.scope_id = h.scope_id
    where f.segment = 'outside' and f.first_on >= h.newness_known_from
),

touched as (
    select
        scope_kind, scope_id, person_id,
        arg_min(channel, position) as first_channel,
        arg_max(channel, position) as last_channel,
        bool_or(is_presence) as is_event_first
    from {{ ref('int_entry_touches') }}
    group by all
)

select
    n.scope_kind,
    n.scope_id,
    n.person_id,
    n.first_on,
    coalesce(t.first_channel, 'unknown') as first_channel,
    coalesce(t.last_channel, 'unknown') as last_channel,
    coalesce(t.is_event_first, false) as is_event_first
from newcomers as n
left join touched as t
    on n.scope_kind = t.scope_kind and n.scope_id = t.scope_id and n.person_id = t.person_id
