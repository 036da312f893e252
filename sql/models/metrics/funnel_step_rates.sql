-- From one level to the next within 90 days. Who gave a star counts for the first step unless they had contributed before. The
-- commits of a first change request are older than the request, so whoever had commits for up to 30 days before their
-- first issue, comment or message still takes the second step.
with steps as (
    select unnest(['d0_to_d1', 'd1_to_d2', 'd2_to_maintainer']) as segment
),

newcomers as (
    select l.*
    from {{ ref('int_level_firsts') }} as l
    join {{ ref('int_first_contributions') }} as f
        on l.scope_kind = f.scope_kind and l.scope_id = f.scope_id and l.person_id = f.person_id
    join {{ ref('int_scope_history') }} as h on l.scope_kind = h.scope_kind and l.scope_id = h.scope_id
    where f.segment = 'outside' and f.first_on >= h.newness_known_from
),

entered as (
    select scope_kind, scope_id, 'd0_to_d1' as segment, d0_on as entered_on, contributed_on as next_on
    from {{ ref('int_level_firsts') }}
    where d0_at < coalesce(contributed_at, 'infinity'::timestamptz) and not is_own_at_d0

    union all

    select scope_kind, scope_id, 'd1_to_d2', d1_on, d2_on
    from newcomers
    where d1_on is not null and coalesce(d2_on >= d1_on - 30, true)

    union all

    select scope_kind, scope_id, 'd2_to_maintainer', d2_on, maintained_on
    from newcomers
    where d2_on is not null and coalesce(maintained_on >= d2_on, true)
),

monthly as (
    select
        scope_kind, scope_id, segment, date_trunc('month', entered_on)::date as month,
        count(*) filter (next_on <= entered_on + 90) as k, count(*) as n
    from entered
    group by all
),

told as (
    select
        scope_kind, scope_id,
        unnest(['d0_to_d1', 'd2_to_maintainer']) as segment,
        unnest([count(d0_on) > 0, count(maintained_on) > 0]) as is_told
    from {{ ref('int_level_firsts') }}
    group by scope_kind, scope_id
),

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, s.segment,
        p.newness_known_from, p.history_starts_on, p.status, p.reason,
        coalesce(t.is_told, s.segment = 'd1_to_d2') as is_told,
        coalesce(sum(m.k), 0) as k,
        coalesce(sum(m.n), 0) as n
    from {{ ref('int_followed_periods') }} as p
    cross join steps as s
    left join told as t
        on p.scope_kind = t.scope_kind and p.scope_id = t.scope_id and s.segment = t.segment
    left join monthly as m
        on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id and s.segment = m.segment
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
            when not is_told and segment = 'd0_to_d1' then 'No source tells who gave a star or made a fork.'
            when not is_told then 'No source tells who merges or closes the change requests of others.'
            when period_start < newness_known_from
                then 'The data begin on ' || {{ day('history_starts_on') }}
                    || '; in their first year old hands look new.'
            when status = 'ok' and n = 0 then 'Nobody from outside took the step before in this period.'
            else reason
        end as reason
    from counted
)

{{ proportion_rows('funnel_step_rates', 'judged') }}
