-- Where each event of ours was, as far as its clock tells: a calendar names its time zone, or nobody does. UTC in a
-- calendar is how a program writes an instant down, and not a place.
select
    e.event_id,
    e.starts_on,
    (greatest(e.ends_on, e.starts_on) + 1)::date as ends_before,
    arg_min(n.timezone, n.mention_id) filter (
        n.timezone is not null and n.timezone not in ('UTC', 'Etc/UTC', 'Etc/GMT', 'GMT', 'Z', 'Zulu')
    ) as timezone,
    coalesce(
        regexp_matches(lower(e.venue), '^https?://|\b(online|virtual|virtuell|webinar|zoom|livestream|remote|jitsi)\b'), false
    ) as is_online,
    coalesce(e.venue, e.city, e.country) is not null as has_place
from {{ ref('dim_events') }} as e
join {{ ref('int_event_matches') }} as m on e.event_id = m.event_id
join {{ ref('int_event_mentions') }} as n on m.mention_id = n.mention_id
where e.starts_on is not null and not e.is_cancelled and e.role is not null
group by all
