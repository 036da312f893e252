-- From one level to the next within 90 days. Who gave a star counts for the first step unless they had contributed before. The
-- commits of a first change request are older than the request, so whoever had commits for up to 30 days before their
-- first issue, comment or message still takes the second step.
with steps as (
    select unnest(['d0_to_d1', 'd1_to_d2', 'd2_to_maintainer']) as step
),

-- By any way there are too few in a month. How somebody came is looked for before a first contribution, so of those who
-- gave a star alone nobody knows it.
segments as (
    select step, way, way || step as segment
    from steps
    join (
        select unnest({{ entry_ways() }}) as way
    ) as w on step <> 'd0_to_d1' or way = ''
),

newcomers as (
    select
        l.*,
        {{ came_by('e') }}
    from {{ ref('int_level_firsts') }} as l
    join {{ ref('int_first_contributions') }} as f
        on l.scope_kind = f.scope_kind and l.scope_id = f.scope_id and l.person_id = f.person_id
    join {{ ref('int_scope_history') }} as h on l.scope_kind = h.scope_kind and l.scope_id = h.scope_id
    left join {{ ref('int_entry_channels') }} as e
        on l.scope_kind = e.scope_kind and l.scope_id = e.scope_id and l.person_id = e.person_id
    where f.segment = 'outside' and f.first_on >= h.newness_known_from
),

entered as (
    select
        scope_kind, scope_id, 'd0_to_d1' as step, d0_on as entered_on, contributed_on as next_on,
        null as by_event, null as by_channel
    from {{ ref('int_level_firsts') }}
    where d0_at < coalesce(contributed_at, 'infinity'::timestamptz) and not is_own_at_d0

    union all

    select scope_kind, scope_id, 'd1_to_d2', d1_on, d2_on, by_event, by_channel
    from newcomers
    where d1_on is not null and coalesce(d2_on >= d1_on - 30, true)

    union all

    select scope_kind, scope_id, 'd2_to_maintainer', d2_on, maintained_on, by_event, by_channel
    from newcomers
    where d2_on is not null and coalesce(maintained_on >= d2_on, true)
),

-- Once however they came, once by whether it was through an event, and once by what reached them first.
monthly as (
    select
        scope_kind, scope_id, step, date_trunc('month', entered_on)::date as month,
        case when grouping(by_event) = 0 then by_event when grouping(by_channel) = 0 then by_channel else '' end as way,
        count(*) filter (next_on <= entered_on + 90) as k, count(*) as n
    from entered
    group by grouping sets (
        (scope_kind, scope_id, step, month), (scope_kind, scope_id, step, month, by_event),
        (scope_kind, scope_id, step, month, by_channel)
    )
),

told as (
    select
        scope_kind, scope_id,
        unnest(['d0_to_d1', 'd2_to_maintainer']) as step,
        unnest([count(d0_on) > 0, count(maintained_on) > 0]) as is_told
    from {{ ref('int_level_firsts') }}
    group by scope_kind, scope_id
),

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, s.segment, s.step, s.way,
        p.newness_known_from, p.history_starts_on, p.status, p.reason,
        case s.step when 'd1_to_d2' then coalesce(c.has_conversations and c.has_changes, false)
            else coalesce(t.is_told, false) end as is_told,
        coalesce(c.has_conversations, false) as has_conversations,
        coalesce(sum(m.k), 0) as k,
        coalesce(sum(m.n), 0) as n
    from {{ ref('int_followed_periods') }} as p
    join segments as s on p.grain = 'year' or s.way = ''
    left join told as t
        on p.scope_kind = t.scope_kind and p.scope_id = t.scope_id and s.step = t.step
    left join {{ ref('int_scope_tells') }} as c on p.scope_kind = c.scope_kind and p.scope_id = c.scope_id
    left join monthly as m
        on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id and s.step = m.step and s.way = m.way
        and m.month >= p.period_start and m.month < p.period_end
    where p.follow_days = 90 and p.scope_kind in ('program', 'community')
    group by all
),

judged as (
    select
        * exclude (status, reason),
        case
            when not is_told then 'no_data'
            when period_start < newness_known_from then 'refused'
            when status = 'ok' and n = 0 then 'no_data'
            else status
        end as status,
        case
            when not is_told and step = 'd0_to_d1' then 'No source tells who gave a star or made a fork.'
            when not is_told and step = 'd1_to_d2' and not has_conversations then {{ no_conversations_told() }}
            when not is_told and step = 'd1_to_d2' then {{ no_changes_told() }}
            when not is_told then 'No source tells who merges or closes the change requests of others.'
            when period_start < newness_known_from
                then 'The data begin on ' || {{ day('history_starts_on') }}
                    || '; in their first year old hands look new.'
            when status = 'ok' and n = 0 and way = 'organic_'
                then 'Nobody from outside took the step before in this period without having come through an event.'
            when status = 'ok' and n = 0 and way = 'unknown_'
                then 'Nobody from outside took the step before in this period of whom nobody knows how they came.'
            when status = 'ok' and n = 0 and way <> ''
                then 'Of nobody from outside who took the step before in this period is it known that they came this way.'
            when status = 'ok' and n = 0 then 'Nobody from outside took the step before in this period.'
            else reason
        end as reason
    from counted
)

{{ proportion_rows('funnel_step_rates', 'judged') }}
