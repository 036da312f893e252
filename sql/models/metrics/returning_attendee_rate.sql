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
    select distinct p.event_id, p.attendee
    from {{ ref('int_event_people') }} as p
    join later as l on p.event_id = l.event_id
    join {{ ref('int_event_visits') }} as v on l.later_event_id = v.event_id and p.attendee = v.attendee
),

counted as (
    select
        p.event_id,
        s.segment,
        count(p.attendee) filter (s.segment in ('everyone', d.distance)) as n,
        count(r.attendee) filter (s.segment in ('everyone', d.distance)) as k,
        bool_or(d.has_place) as has_place
    from {{ ref('int_event_people') }} as p
    left join {{ ref('int_event_distances') }} as d on p.event_id = d.event_id and p.attendee = d.attendee
    left join returned as r on p.event_id = r.event_id and p.attendee = r.attendee
    cross join (select unnest(['everyone', 'same_country', 'other_country', 'country_unknown']) as segment) as s
    group by p.event_id, s.segment
),

judged as (
    select
        'event' as scope_kind,
        a.event_id as scope_id,
        a.period_start,
        a.period_end,
        s.segment,
        coalesce(c.k, 0) as k,
        coalesce(c.n, 0) as n,
        case
            when a.status <> 'ok' then a.status
            when f.event_id is null then 'no_data'
            when f.editions < 2 or not f.is_over then 'too_early'
            when not f.is_told or coalesce(c.n, 0) = 0 then 'no_data'
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
            when coalesce(c.n, 0) = 0 and s.segment = 'country_unknown' then 'Of everybody who came it is known from which country.'
            when coalesce(c.n, 0) = 0 and not coalesce(c.has_place, false)
                then 'The sheet events does not say in which country the event was.'
            when coalesce(c.n, 0) = 0 then 'Nobody who can be recognised is known to have come from '
                || case s.segment when 'same_country' then 'the country of the event.' else 'another country.' end
        end as reason
    from {{ ref('int_event_audience') }} as a
    left join followed as f on a.event_id = f.event_id
    cross join (select unnest(['everyone', 'same_country', 'other_country', 'country_unknown']) as segment) as s
    left join counted as c on a.event_id = c.event_id and s.segment = c.segment
)

{{ proportion_rows('returning_attendee_rate', 'judged') }}
