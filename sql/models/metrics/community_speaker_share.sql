-- Of the talks about us: with a speaker from outside, by our own people alone, by people of whom nobody knows for whom
-- they work; and with somebody from outside who had not spoken about us before, which takes an earlier event to tell.
{% set most_unknown = 0.4 %}

with talks as (
    select * from {{ ref('int_talk_voices') }}
),

known as (
    select
        exists (from {{ source('config', 'own_domains') }}) or exists (from {{ source('config', 'own_organizations') }})
            as is_own_known,
        (select min(event_on) from talks) as first_event_on
),

owed as (
    select
        'event' as scope_kind, e.event_id as scope_id, e.starts_on as period_start,
        (greatest(e.ends_on, e.starts_on) + 1)::date as period_end, e.starts_on as begins_on,
        'ok' as calendar_status, null as calendar_reason
    from {{ ref('dim_events') }} as e
    semi join talks as t on e.event_id = t.event_id
    where e.starts_on is not null

    union all

    select scope_kind, scope_id, period_start, period_end, period_start, status, reason
    from {{ ref('int_scope_periods') }}
    where scope_kind = 'program' and grain = 'year'
),

held as (
    select o.scope_kind, o.scope_id, o.period_start, o.period_end, t.voice, t.has_told_speaker, t.has_first_time_speaker
    from owed as o
    join talks as t on o.scope_kind = 'event' and o.scope_id = t.event_id

    union all

    select o.scope_kind, o.scope_id, o.period_start, o.period_end, t.voice, t.has_told_speaker, t.has_first_time_speaker
    from owed as o
    join talks as t on t.given_on >= o.period_start and t.given_on < o.period_end
    where o.scope_kind = 'program'
),

counted as (
    select
        scope_kind, scope_id, period_start, period_end,
        count(*) filter (voice = 'unknown') as unknown,
        count(*) as talks,
        unnest(['outside', 'own', 'unknown', 'first_time']) as segment,
        unnest([
            count(*) filter (voice = 'outside'), count(*) filter (voice = 'own'), count(*) filter (voice = 'unknown'),
            count(*) filter (has_first_time_speaker)
        ]) as k,
        unnest([count(*), count(*), count(*), count(*) filter (has_told_speaker)]) as n
    from held
    group by scope_kind, scope_id, period_start, period_end
),

judged as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, s.segment, c.k, c.n,
        case
            when o.calendar_status <> 'ok' then o.calendar_status
            when coalesce(c.n, 0) = 0 then 'no_data'
            when not w.is_own_known then 'no_data'
            when s.segment = 'first_time' and not coalesce(w.first_event_on < o.begins_on, false) then 'refused'
            when s.segment in ('outside', 'own') and c.unknown > {{ most_unknown }} * c.talks then 'refused'
            else 'ok'
        end as status,
        case
            when o.calendar_status <> 'ok' then o.calendar_reason
            when coalesce(c.talks, 0) = 0 then 'No talk about us in these twelve months is known, neither of a schedule nor of talks.csv.'
            when coalesce(c.n, 0) = 0 then 'Of no talk about us is it known who spoke.'
            when not w.is_own_known
                then 'ospo.toml names neither own_domains nor own_organizations, so our own people cannot be told from people from outside.'
            when s.segment = 'first_time' and not coalesce(w.first_event_on < o.begins_on, false)
                then 'No talk about us before it is known, so everybody would look like a first-time speaker.'
            when s.segment in ('outside', 'own') and c.unknown > {{ most_unknown }} * c.talks
                then 'Of more than two in five talks nobody knows who speaks beyond a name.'
        end as reason
    from owed as o
    cross join (select unnest(['outside', 'own', 'unknown', 'first_time']) as segment) as s
    cross join known as w
    left join counted as c
        on o.scope_kind = c.scope_kind and o.scope_id = c.scope_id and o.period_start = c.period_start
        and o.period_end = c.period_end and s.segment = c.segment
)

{{ proportion_rows('community_speaker_share', 'judged') }}
