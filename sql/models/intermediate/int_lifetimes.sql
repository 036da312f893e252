-- How many newcomers were there for so many days, from their first contribution to their last, both counted; or have been
-- there for so many when nobody can tell yet whether they are gone: then the days up to where the silence is known.
with newcomers as (
    select
        e.scope_kind, e.scope_id, e.first_on, e.is_event_first, g.known_until,
        max(m.last_on) filter (m.month < g.known_until) as last_on
    from {{ ref('int_entry_channels') }} as e
    join {{ ref('int_lifetime_groups') }} as g
        on e.scope_kind = g.scope_kind and e.scope_id = g.scope_id and g.segment = 'everyone' and g.is_known
    join {{ ref('int_person_months') }} as m
        on e.scope_kind = m.scope_kind and e.scope_id = m.scope_id and e.person_id = m.person_id
    group by e.scope_kind, e.scope_id, e.person_id, e.first_on, e.is_event_first, g.known_until
),

stays as (
    select
        g.group_id, g.segment, n.is_event_first,
        n.last_on < g.told_until as is_gone,
        case when n.last_on < g.told_until then n.last_on - n.first_on + 1 else g.told_until - n.first_on end as days
    from newcomers as n
    join {{ ref('int_lifetime_groups') }} as g
        on n.scope_kind = g.scope_kind and n.scope_id = g.scope_id and n.first_on < g.told_until
    where n.first_on < n.known_until
)

select group_id, days::integer as days, is_gone, count(*) as people
from stays
where case segment when 'came_back' then days > 1 when 'event' then is_event_first when 'organic' then not is_event_first
    else true end
group by group_id, days, is_gone
