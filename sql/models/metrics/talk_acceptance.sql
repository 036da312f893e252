-- Of the talks that were submitted, by the day on which they were, the share that was accepted. It is told once all of
-- them are decided: what is decided first may be what is easily refused.
with submissions as (
    select * from {{ ref('int_talk_submissions') }} where submitted_on is not null or event_id is not null
),

owed as (
    select
        'event' as scope_kind, e.event_id as scope_id, e.starts_on as period_start,
        (greatest(e.ends_on, e.starts_on) + 1)::date as period_end, 'ok' as calendar_status, null as calendar_reason
    from {{ ref('dim_events') }} as e
    where e.starts_on is not null
        and (
            e.event_id in (select event_id from submissions)
            or e.event_id in (select event_id from {{ ref('fct_talks') }} where is_ours) and not e.is_cancelled
        )

    union all

    {{ years_and_quarters() }}
),

-- A talk about no project of ours is the program's alone.
of_scopes as (
    select 'event' as scope_kind, event_id as scope_id, null as submitted_on, talk_key, is_accepted
    from submissions
    where event_id is not null

    union all

    select 'program', 'program', submitted_on, talk_key, is_accepted from submissions

    union all

    select 'community', c.community_id, s.submitted_on, s.talk_key, s.is_accepted
    from submissions as s
    join {{ ref('community_projects') }} as c on s.project_id = c.project_id
),

counted as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, o.calendar_status, o.calendar_reason,
        count(s.talk_key) as n,
        count(s.talk_key) filter (s.is_accepted) as k,
        count(s.talk_key) filter (s.is_accepted is null) as undecided
    from owed as o
    left join of_scopes as s
        on o.scope_kind = s.scope_kind and o.scope_id = s.scope_id
        and (o.scope_kind = 'event' or (s.submitted_on >= o.period_start and s.submitted_on < o.period_end))
    group by all
),

judged as (
    select
        c.scope_kind, c.scope_id, c.period_start, c.period_end, 'accepted' as segment, c.k, c.n,
        case
            when c.calendar_status <> 'ok' then c.calendar_status
            when c.n = 0 then 'no_data'
            when c.undecided > 0 then 'too_early'
            else 'ok'
        end as status,
        case
            when c.calendar_status <> 'ok' then c.calendar_reason
            when f.first_on is null then 'No talk that was submitted stands in talks.csv.'
            when c.n = 0 and c.scope_kind <> 'event' and f.first_on >= c.period_end
                then 'The first talk that talks.csv says was submitted is of ' || {{ day('f.first_on') }} || '.'
            when c.n = 0 then 'No talk that was submitted '
                || case c.scope_kind when 'event' then 'for the event' else 'in this time' end || ' stands in talks.csv.'
            when c.undecided > 0 then 'Too early: of '
                || case when c.undecided = 1 then 'one talk that was' else c.undecided || ' talks that were' end
                || ' submitted talks.csv does not say yet whether it was accepted.'
        end as reason
    from counted as c
    cross join (select min(submitted_on) as first_on from submissions) as f
)

{{ proportion_rows('talk_acceptance', 'judged') }}
