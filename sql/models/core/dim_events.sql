-- A calendar knows the hour, a schedule the days, the spreadsheet what we did there; the first that knows is taken.
with mentions as (
    select m.event_id, n.*, row_number() over (
        partition by m.event_id
        order by case n.source when 'outreach' then 0 when 'schedules' then 1 when 'calendars' then 2 else 3 end, n.mention_id
    ) as rank
    from {{ ref('int_event_matches') }} as m
    join {{ ref('int_event_mentions') }} as n on m.mention_id = n.mention_id
),

gathered as (
    select
        event_id,
        arg_min(title, rank) as title,
        arg_min(venue, rank) as venue,
        arg_min(city, rank) as city,
        arg_min(starts_on, rank) as starts_on,
        arg_min(ends_on, rank) as ends_on,
        arg_min(timezone, rank) as timezone,
        min(starts_at) as starts_at,
        max(ends_at) as ends_at,
        arg_min(url, rank) as url,
        bool_or(status = 'cancelled') as is_cancelled,
        bool_or(is_recurring) as is_recurring,
        list_sort(list(distinct source)) as known_from
    from mentions
    group by event_id
)

select
    g.event_id,
    {{ without_addresses('coalesce(g.title, g.event_id)') }} as name,
    {{ without_addresses('g.venue') }} as venue,
    {{ without_addresses('g.city') }} as city,
    {{ without_addresses('e.country') }} as country,
    g.starts_on,
    g.ends_on,
    coalesce(g.starts_at, g.starts_on::timestamp at time zone coalesce(g.timezone, o.timezone)) as starts_at,
    g.ends_at,
    coalesce(g.timezone, o.timezone) as timezone,
    g.is_cancelled,
    g.is_recurring,
    e.role,
    e.goal_id,
    {{ without_addresses('g.url') }} as url,
    g.known_from
from gathered as g
cross join {{ source('config', 'ospo') }} as o
left join {{ ref('stg_outreach__events') }} as e on g.event_id = e.event_id
