-- Of the talks about us, but for those in a slot that was paid for, which are told apart: with a speaker from outside, by
-- our own people alone, by people of whom nobody knows for whom they work; and with somebody from outside who had not spoken
-- about us before, which takes an earlier event to tell.
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
    where scope_kind in ('program', 'community') and grain = 'year'
),

-- A talk about no project of ours is the program's alone.
of_scopes as (
    select 'event' as scope_kind, event_id as scope_id, talk_id from talks
    union all
    select 'program', 'program', talk_id from talks
    union all
    select 'community', c.community_id, t.talk_id
    from talks as t
    join {{ ref('community_projects') }} as c on t.project_id = c.project_id
),

held as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, t.voice, t.has_told_speaker, t.has_first_time_speaker,
        t.is_sponsored, not coalesce(t.is_sponsored, false) as is_plain
    from owed as o
    join of_scopes as s on o.scope_kind = s.scope_kind and o.scope_id = s.scope_id
    join talks as t
        on s.talk_id = t.talk_id
        and (o.scope_kind = 'event' or (t.given_on >= o.period_start and t.given_on < o.period_end))
),

counted as (
    select
        scope_kind, scope_id, period_start, period_end,
        count(*) filter (is_plain and voice = 'unknown') as unknown,
        count(*) filter (is_plain) as plain,
        count(*) as talks,
        bool_or(is_sponsored is not null) as is_told_of_slots,
        unnest(['outside', 'own', 'unknown', 'first_time', 'sponsored']) as segment,
        unnest([
            count(*) filter (is_plain and voice = 'outside'), count(*) filter (is_plain and voice = 'own'),
            count(*) filter (is_plain and voice = 'unknown'), count(*) filter (is_plain and has_first_time_speaker),
            count(*) filter (is_sponsored)
        ]) as k,
        unnest([
            count(*) filter (is_plain), count(*) filter (is_plain), count(*) filter (is_plain),
            count(*) filter (is_plain and has_told_speaker), count(*)
        ]) as n
    from held
    group by scope_kind, scope_id, period_start, period_end
),

judged as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, s.segment, c.k, c.n,
        case
            when o.calendar_status <> 'ok' then o.calendar_status
            when coalesce(c.n, 0) = 0 then 'no_data'
            when s.segment = 'sponsored' then case when c.is_told_of_slots then 'ok' else 'no_data' end
            when not w.is_own_known then 'no_data'
            when s.segment = 'first_time' and not coalesce(w.first_event_on < o.begins_on, false) then 'refused'
            when s.segment in ('outside', 'own') and c.unknown > {{ most_unknown }} * c.plain then 'refused'
            else 'ok'
        end as status,
        case
            when o.calendar_status <> 'ok' then o.calendar_reason
            when coalesce(c.talks, 0) = 0 then 'No talk about us in these twelve months is known, neither of a schedule nor of talks.csv.'
            when s.segment = 'sponsored'
                then case when not c.is_told_of_slots then 'Of none of these talks does talks.csv say whether its slot was paid for.' end
            when c.plain = 0 then 'Every slot in which we were spoken of was paid for.'
            when coalesce(c.n, 0) = 0 then 'Of no talk about us is it known who spoke.'
            when not w.is_own_known
                then 'ospo.toml names neither own_domains nor own_organizations, so our own people cannot be told from people from outside.'
            when s.segment = 'first_time' and not coalesce(w.first_event_on < o.begins_on, false)
                then 'No talk about us before it is known, so everybody would look like a first-time speaker.'
            when s.segment in ('outside', 'own') and c.unknown > {{ most_unknown }} * c.plain
                then 'Of more than two in five talks nobody knows who speaks beyond a name.'
        end as reason
    from owed as o
    cross join (select unnest(['outside', 'own', 'unknown', 'first_time', 'sponsored']) as segment) as s
    cross join known as w
    left join counted as c
        on o.scope_kind = c.scope_kind and o.scope_id = c.scope_id and o.period_start = c.period_start
        and o.period_end = c.period_end and s.segment = c.segment
)

{{ proportion_rows('community_speaker_share', 'judged') }}
