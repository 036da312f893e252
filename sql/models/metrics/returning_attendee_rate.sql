with later as (
    select
        e.event_id,
        n.edition - e.edition as step,
        n.event_id as later_event_id,
        coalesce(a.measured > 0, false) as is_told,
        coalesce(a.ends_on < r.read_on, d.ends_on < r.read_on) as is_over
    from {{ ref('int_event_editions') }} as e
    join {{ ref('int_event_editions') }} as n on e.series = n.series and n.edition between e.edition + 1 and e.edition + 2
    join {{ ref('dim_events') }} as d on n.event_id = d.event_id
    cross join (select max(read_on) as read_on from {{ ref('int_event_audience') }}) as r
    left join {{ ref('int_event_audience') }} as a on n.event_id = a.event_id
),

editions as (
    select event_id, step, bool_or(is_told) as is_told, bool_and(is_over) as is_over
    from later
    group by event_id, step
),

followed as (
    select event_id, count(*) as editions, bool_and(is_told) as is_told, bool_and(is_over) as is_over
    from editions
    group by event_id
),

returned as (
    select p.event_id, count(distinct p.attendee) as people
    from {{ ref('int_event_people') }} as p
    join later as l on p.event_id = l.event_id
    join {{ ref('int_event_visits') }} as v on l.later_event_id = v.event_id and p.attendee = v.attendee
    group by p.event_id
),

judged as (
    select
        'event' as scope_kind,
        a.event_id as scope_id,
        a.period_start,
        a.period_end,
        'everyone' as segment,
        coalesce(r.people, 0) as k,
        a.measured as n,
        case
            when a.status <> 'ok' then a.status
            when f.event_id is null then 'no_data'
            when f.editions < 2 or not f.is_over then 'too_early'
            when not f.is_told then 'no_data'
            else 'ok'
        end as status,
        case
            when a.status <> 'ok' then a.reason
            when f.event_id is null
                then 'No later edition is known: no event of the same name, apart from numbers and months, comes after it.'
            when f.editions < 2 then 'Too early: it can be told after the next two editions, and one is known so far.'
            when not f.is_over then 'Too early: it can be told after the next two editions.'
            when not f.is_told
                then 'Of one of the next two editions there is no list from which people can be recognised.'
        end as reason
    from {{ ref('int_event_audience') }} as a
    left join followed as f on a.event_id = f.event_id
    left join returned as r on a.event_id = r.event_id
)

{{ proportion_rows('returning_attendee_rate', 'judged') }}
