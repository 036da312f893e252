-- Whose voice each talk about us was. A schedule knows its speakers by name alone; who they are is known where a sheet or
-- a register says so, or the talk's row in talks.csv has the handle. Whoever is known and not one of ours is from outside,
-- as everywhere. A talk is the community's when one of its speakers is, and ours when all are ours; else nobody knows.
-- Whoever spoke about us at an earlier event, under the same name or as the same person, is no first-time speaker.
with talks as (
    select
        k.talk_id, k.event_id, k.project_id, coalesce(k.speakers, 0) as speakers,
        (k.starts_at at time zone o.timezone)::date as given_on,
        coalesce(e.starts_on, (k.starts_at at time zone o.timezone)::date) as event_on,
        lower(trim(k.title)) as title
    from {{ ref('fct_talks') }} as k
    join {{ ref('dim_events') }} as e on k.event_id = e.event_id
    cross join {{ source('config', 'ospo') }} as o
    where k.is_ours and k.starts_at is not null and not e.is_cancelled
),

scheduled as (
    select
        md5(t.event_id || '|' || t.talk_id) as talk_id,
        i.person_id,
        lower(trim(s.person.name)) as name
    from {{ ref('stg_calendars__talks') }} as t
    cross join unnest(t.persons) as s(person)
    left join {{ ref('int_identities') }} as i
        on i.kind = 'speaker' and i.value = t.event_id || ' ' || s.person.id
    where not starts_with(s.person.id, 'erased-')
),

handles as (
    select s.event_id, lower(trim(s.title)) as title, i.person_id
    from {{ ref('stg_outreach__talks') }} as s
    left join {{ ref('int_identities') }} as i
        on i.kind = 'login' and i.value = lower(ltrim(trim(s.speaker_handle), '@'))
    where s.speaker_handle is not null
),

slots as (
    select event_id, lower(trim(title)) as title, bool_or(is_sponsored) as is_sponsored
    from {{ ref('stg_outreach__talks') }}
    group by event_id, lower(trim(title))
),

-- Of a talk with one speaker the handle says who that is; of one with several it is one of them, nobody knows which.
speakers as (
    select
        t.talk_id, t.event_on, t.given_on, s.name,
        coalesce(case when t.speakers = 1 then h.person_id end, s.person_id) as person_id,
        true as is_told_by_name
    from talks as t
    join scheduled as s on t.talk_id = s.talk_id
    left join handles as h on t.event_id = h.event_id and t.title = h.title

    union all

    select t.talk_id, t.event_on, t.given_on, null, h.person_id, false
    from talks as t
    join handles as h on t.event_id = h.event_id and t.title = h.title
    where t.speakers > 1 or t.talk_id not in (select talk_id from scheduled)
),

-- Who is known by more than their name on a schedule.
known as (
    select distinct person_id from {{ ref('int_identities') }} where kind <> 'speaker'
),

-- Whether each was ours on the day, by the best rule that tells for whom they worked; in doubt somebody is ours.
employed as (
    select d.person_id, d.given_on, coalesce(bool_or(o.is_own), false) as is_own
    from (select distinct person_id, given_on from speakers) as d
    semi join known as k on d.person_id = k.person_id
    left join (
        select
            s.person_id, s.given_on, a.organization_id,
            rank() over (partition by s.person_id, s.given_on order by a.rank) as place
        from (select distinct person_id, given_on from speakers) as s
        join {{ ref('int_affiliations') }} as a
            on s.person_id = a.person_id
            and (a.starts_on is null or a.starts_on <= s.given_on) and (a.ends_on is null or a.ends_on >= s.given_on)
    ) as a on d.person_id = a.person_id and d.given_on = a.given_on and a.place = 1
    left join {{ ref('int_organizations') }} as o on a.organization_id = o.organization_id
    group by d.person_id, d.given_on
),

seen as (
    select
        talk_id, given_on, person_id, name, is_told_by_name,
        bool_or(is_told_by_name) over (partition by talk_id) as has_names,
        least(
            min(event_on) over (partition by coalesce(name, talk_id)),
            min(event_on) over (partition by coalesce(person_id, talk_id))
        ) < event_on as has_spoken_before
    from speakers
),

gathered as (
    select
        s.talk_id,
        count(distinct s.person_id) filter (not e.is_own) > 0 as has_outside,
        count(distinct s.person_id) filter (e.is_own) as own,
        bool_or(s.person_id is not null or s.name is not null) as has_told_speaker,
        bool_or(
            not s.has_spoken_before and not coalesce(e.is_own, false)
            and (s.is_told_by_name or not s.has_names) and (s.person_id is not null or s.name is not null)
        ) as has_first_time_speaker
    from seen as s
    left join employed as e on s.person_id = e.person_id and s.given_on = e.given_on
    group by s.talk_id
)

select
    t.talk_id,
    t.event_id,
    t.project_id,
    t.given_on,
    t.event_on,
    case
        when g.has_outside then 'outside'
        when g.own >= greatest(t.speakers, 1) then 'own'
        else 'unknown'
    end as voice,
    coalesce(g.has_told_speaker, false) as has_told_speaker,
    coalesce(g.has_first_time_speaker, false) as has_first_time_speaker,
    p.is_sponsored
from talks as t
left join slots as p on t.event_id = p.event_id and t.title = p.title
left join gathered as g on t.talk_id = g.talk_id
