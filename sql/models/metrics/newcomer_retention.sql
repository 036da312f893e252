-- Somebody counts as still here after W days when they contributed again between W - 30 and W + 30 days
-- after their first contribution. Only newcomers whose W + 30 days are over in the data are counted.
with ways as (
    select unnest({{ entry_ways() }}) as way
),

-- By any way there are too few in a month and in a project, and every few that are folded would fold others with them; of
-- all newcomers, and of those who came through an event after 90 days, there are more.
segments as (
    select
        way, days, way || 'day_' || days as segment,
        way <> '' and not (way in ('event_', 'organic_') and days = 90) as is_split
    from ways
    cross join (select unnest([90, 180, 365]) as days)
),

newcomers as (
    select
        f.scope_kind, f.scope_id, f.person_id, f.first_on,
        {{ came_by('e') }}
    from {{ ref('int_first_contributions') }} as f
    join {{ ref('int_scope_history') }} as h on f.scope_kind = h.scope_kind and f.scope_id = h.scope_id
    left join {{ ref('int_entry_channels') }} as e
        on f.scope_kind = e.scope_kind and f.scope_id = e.scope_id and f.person_id = e.person_id
    where f.segment = 'outside' and f.first_on >= h.newness_known_from
),

-- What somebody does for us once we pay them is no staying. Most people are seen for a few days only, and cannot be here
-- again after sixty.
seen_long as (
    select person_id
    from {{ ref('int_contribution_days') }}
    where segment = 'outside'
    group by person_id
    having max(occurred_on) - min(occurred_on) >= 60
),

-- From the days to their scopes, never from the scopes to all their projects.
days as (
    select s.scope_kind, s.scope_id, d.person_id, d.occurred_on
    from {{ ref('int_contribution_days') }} as d
    semi join seen_long as l on d.person_id = l.person_id
    join {{ ref('int_scopes') }} as s on d.project_id = s.project_id
    where d.segment = 'outside'
),

followed as (
    select
        n.scope_kind, n.scope_id, n.person_id, n.by_event, n.by_channel, date_trunc('month', n.first_on)::date as month,
        coalesce(bool_or(d.occurred_on - n.first_on between 60 and 120), false) as is_here_90,
        coalesce(bool_or(d.occurred_on - n.first_on between 150 and 210), false) as is_here_180,
        coalesce(bool_or(d.occurred_on - n.first_on between 335 and 395), false) as is_here_365
    from newcomers as n
    left join days as d
        on n.scope_kind = d.scope_kind and n.scope_id = d.scope_id and n.person_id = d.person_id
    group by all
),

-- Once however they came, once by whether it was through an event, and once by what reached them first.
monthly as (
    select
        scope_kind, scope_id, month, coalesce(by_event, by_channel, '') as way, count(*) as people,
        count(*) filter (is_here_90) as here_90, count(*) filter (is_here_180) as here_180,
        count(*) filter (is_here_365) as here_365
    from followed
    group by grouping sets (
        (scope_kind, scope_id, month), (scope_kind, scope_id, month, by_event), (scope_kind, scope_id, month, by_channel)
    )
),

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, s.segment, s.way,
        p.newness_known_from, p.history_starts_on, p.status, p.reason,
        coalesce(sum(case s.days when 90 then m.here_90 when 180 then m.here_180 else m.here_365 end), 0) as k,
        coalesce(sum(m.people), 0) as n
    from {{ ref('int_followed_periods') }} as p
    join segments as s
        on p.follow_days = s.days + 30
        and (not s.is_split or (p.grain = 'year' and p.scope_kind <> 'project'))
    left join monthly as m
        on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id
        and m.month >= p.period_start and m.month < p.period_end and s.way = m.way
    group by all
),

judged as (
    select
        * exclude (status, reason),
        case
            when period_start < newness_known_from then 'refused'
            when status = 'ok' and n = 0 then 'no_data'
            else status
        end as status,
        case
            when period_start < newness_known_from
                then 'The data begin on ' || {{ day('history_starts_on') }}
                    || '; in their first year old hands look new.'
            when status = 'ok' and n = 0 and way = 'event_'
                then 'Of nobody from outside who was new in this period is it known that they came through an event.'
            when status = 'ok' and n = 0 and way = 'organic_'
                then 'Nobody from outside was new in this period without having come through an event.'
            when status = 'ok' and n = 0 and way = 'unknown_'
                then 'Nobody from outside was new in this period of whom nobody knows how they came.'
            when status = 'ok' and n = 0 and way <> ''
                then 'Of nobody from outside who was new in this period is it known that this reached them first.'
            when status = 'ok' and n = 0 then 'Nobody from outside was new in this period.'
            else reason
        end as reason
    from counted
)

{{ proportion_rows('newcomer_retention', 'judged') }}
