-- How many days passed after the event until somebody who came next did something, by whether they had been active
-- before; nothing where it was during the event. Of whoever did nothing yet it is known for how many days they did not.
select
    dense_rank() over (order by p.event_id, p.is_new) as group_id,
    p.event_id,
    case when p.is_new then 'new' else 'existing' end as segment,
    coalesce(p.next_on < a.watched_until, false) as has_happened,
    case when p.next_on < a.watched_until then greatest(p.next_on - a.ends_on, 0)
        else a.watched_until - 1 - a.ends_on end as waited_days
from {{ ref('int_event_people') }} as p
join {{ ref('int_event_audience') }} as a on p.event_id = a.event_id
where a.status = 'ok' and a.starts_on >= a.newness_known_from and a.watched_until >= a.ends_on + 2
