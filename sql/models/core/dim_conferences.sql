-- The same conference may stand in several catalogues; where it is one of our events, it has that event's id.
with conferences as (
    select
        name, starts_on, max(ends_on) as ends_on, city, any_value(country) as country, bool_or(is_online) as is_online,
        any_value(url) as url, any_value(proposals_url) as proposals_url, max(proposals_until) as proposals_until,
        list_sort(list_distinct(flatten(list(topics)))) as topics
    from {{ ref('stg_catalogues__conferences') }}
    group by name, starts_on, city
)

select
    md5(concat_ws('|', c.name, c.starts_on, coalesce(c.city, ''))) as conference_id,
    {{ without_addresses('c.name') }} as name,
    c.starts_on,
    c.ends_on,
    {{ without_addresses('c.city') }} as city,
    {{ without_addresses('c.country') }} as country,
    c.is_online,
    [{{ without_addresses('each') }} for each in c.topics] as topics,
    {{ without_addresses('c.url') }} as url,
    {{ without_addresses('c.proposals_url') }} as proposals_url,
    c.proposals_until,
    min(e.event_id) as event_id
from conferences as c
left join {{ ref('dim_events') }} as e
    on c.starts_on <= e.ends_on and e.starts_on <= c.ends_on
    and trim(regexp_replace(lower(c.name), '[^a-z0-9]+|\b(19|20)\d\d\b', ' ', 'g'))
        = trim(regexp_replace(lower(e.name), '[^a-z0-9]+|\b(19|20)\d\d\b', ' ', 'g'))
    and (c.city is null or e.city is null or lower(c.city) = lower(e.city))
group by all
