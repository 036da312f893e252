-- Talks about us, the events at which they were given, and the communities that these were for. A time of which no schedule
-- is held, nor a row of talks.csv, is not a time without talks.
with talks as (
    select
        k.event_id, k.project_id, k.is_ours, k.talk_id,
        (k.starts_at at time zone o.timezone)::date as given_on
    from {{ ref('fct_talks') }} as k
    join {{ ref('dim_events') }} as e on k.event_id = e.event_id
    cross join {{ source('config', 'ospo') }} as o
    where k.starts_at is not null and not e.is_cancelled
),

owed as (
    {{ years_and_quarters() }}
),

told as (
    select o.period_start, o.period_end
    from (select distinct period_start, period_end from owed) as o
    semi join talks as t on t.given_on >= o.period_start and t.given_on < o.period_end
),

-- Somebody of ours may speak about no project of ours: then the talk is the program's alone.
of_scopes as (
    select 'program' as scope_kind, 'program' as scope_id, talk_id, event_id, given_on from talks where is_ours

    union all

    select 'community', c.community_id, t.talk_id, t.event_id, t.given_on
    from talks as t
    join {{ ref('community_projects') }} as c on t.project_id = c.project_id
    where t.is_ours
),

counted as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end,
        count(distinct t.event_id) as events,
        unnest(['talks', 'events', 'communities']) as segment,
        unnest([count(distinct t.talk_id), count(distinct t.event_id), count(distinct c.community_id)]) as k
    from owed as o
    left join of_scopes as t
        on o.scope_kind = t.scope_kind and o.scope_id = t.scope_id
        and t.given_on >= o.period_start and t.given_on < o.period_end
    left join {{ ref('event_communities') }} as c on t.event_id = c.event_id
    group by o.scope_kind, o.scope_id, o.period_start, o.period_end
),

judged as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, c.segment, c.k,
        case
            when o.status <> 'ok' then o.status
            when t.period_start is null then 'no_data'
            when c.segment = 'communities' and c.k = 0 and c.events > 0 then 'no_data'
            else 'ok'
        end as status,
        case
            when o.status <> 'ok' then o.reason
            when t.period_start is null
                then 'No schedule of an event in this time is held, and talks.csv names no talk in it.'
            when c.segment = 'communities' and c.k = 0 and c.events > 0
                then 'Of no event at which there was such a talk does the sheet events say for which community it was.'
        end as reason
    from owed as o
    join counted as c
        on o.scope_kind = c.scope_kind and o.scope_id = c.scope_id
        and o.period_start = c.period_start and o.period_end = c.period_end
    left join told as t on o.period_start = t.period_start and o.period_end = t.period_end
)

{{ count_rows('talk_reach', 'judged') }}
