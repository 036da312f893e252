-- What reached somebody in the 90 days before their first contribution to a scope, that day included, as far as anybody
-- knows. Two tickets for an event, or a ticket and a talk there, are one touch. Of touches of one moment, having been
-- there comes last; else a draw that favours no channel, and is the same in every build, says which comes first.
{% set look_back_days = 90 %}

with newcomers as (
    select f.scope_kind, f.scope_id, f.person_id, f.first_on
    from {{ ref('int_first_contributions') }} as f
    join {{ ref('int_scope_history') }} as h on f.scope_kind = h.scope_kind and f.scope_id = h.scope_id
    where f.segment = 'outside' and f.first_on >= h.newness_known_from
),

touches as (
    select t.*, (t.touched_at at time zone o.timezone)::date as touched_on
    from {{ ref('fct_touches') }} as t
    cross join {{ source('config', 'ospo') }} as o
    where t.person_id is not null and not t.is_own
),

within_reach as (
    select
        n.scope_kind, n.scope_id, n.person_id, n.first_on,
        t.kind <> 'heard' as is_presence,
        t.channel,
        t.event_id,
        min(t.campaign_id) as campaign_id,
        min(t.touched_at) as touched_at,
        min(t.touched_on) as touched_on
    from newcomers as n
    join touches as t
        on n.person_id = t.person_id and t.touched_on between n.first_on - {{ look_back_days }} and n.first_on
    group by all
)

select
    *,
    row_number() over in_order as position,
    count(*) over (partition by scope_kind, scope_id, person_id) as touches
from within_reach
window in_order as (
    partition by scope_kind, scope_id, person_id
    order by touched_at, is_presence, md5(person_id || channel), event_id
)
