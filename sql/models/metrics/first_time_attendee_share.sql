-- An event is compared with the earlier ones for the same communities; one of which nobody tells the communities, with all.
with communities as (
    select event_id, list(community_id) as communities from {{ ref('event_communities') }} group by event_id
),

audience as (
    select a.*, c.communities
    from {{ ref('int_event_audience') }} as a
    left join communities as c on a.event_id = c.event_id
),

earlier as (
    select a.event_id, e.event_id as earlier_event_id
    from audience as a
    join audience as e
        on e.ends_on < a.starts_on and e.measured > 0
        and coalesce(list_has_any(a.communities, e.communities), true)
),

returned as (
    select p.event_id, count(distinct p.attendee) as people
    from {{ ref('int_event_people') }} as p
    join earlier as e on p.event_id = e.event_id
    join {{ ref('int_event_visits') }} as v on e.earlier_event_id = v.event_id and p.attendee = v.attendee
    group by p.event_id
),

judged as (
    select
        'event' as scope_kind,
        a.event_id as scope_id,
        a.period_start,
        a.period_end,
        'everyone' as segment,
        a.measured - coalesce(r.people, 0) as k,
        a.measured as n,
        case when a.status = 'ok' and e.event_id is null then 'refused' else a.status end as status,
        case when a.status = 'ok' and e.event_id is null
            then 'No earlier event for the same communities has a list from which people can be recognised, so everybody '
                || 'would look new.'
            else a.reason end as reason
    from audience as a
    left join (select distinct event_id from earlier) as e on a.event_id = e.event_id
    left join returned as r on a.event_id = r.event_id
)

{{ proportion_rows('first_time_attendee_share', 'judged') }}
