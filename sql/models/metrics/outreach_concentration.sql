-- The largest channel, and the largest single event, of all engaged newcomers of twelve months, those included of whom
-- nobody knows how they came: so it is the least that hangs on it. Where nobody knows it of more than two in five, even
-- that says nothing: the share would fall as fewer are asked.
{% set most_unknown = 0.4 %}

with owed as (
    select scope_kind, scope_id, period_start, period_end, newness_known_from, history_starts_on, status, reason
    from {{ ref('int_followed_periods') }}
    where follow_days = 90 and grain = 'year' and scope_kind in ('program', 'community')
),

engaged as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, n.person_id,
        unnest(['channel', 'event', 'unknown']) as segment,
        unnest([
            nullif(n.first_channel, 'unknown'), n.first_event_id,
            case when n.first_channel = 'unknown' then n.first_channel end
        ]) as brought_by
    from owed as o
    join {{ ref('int_engaged_newcomers') }} as n
        on o.scope_kind = n.scope_kind and o.scope_id = n.scope_id
        and n.first_on >= o.period_start and n.first_on < o.period_end
    where n.is_engaged
),

totals as (
    select scope_kind, scope_id, period_start, period_end, count(distinct person_id) as n
    from engaged
    group by all
),

largest as (
    select scope_kind, scope_id, period_start, period_end, segment, max(people) as k
    from (
        select scope_kind, scope_id, period_start, period_end, segment, brought_by, count(*) as people
        from engaged
        where brought_by is not null
        group by all
    )
    group by all
),

judged as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, s.segment,
        coalesce(l.k, 0) as k,
        coalesce(t.n, 0) as n,
        case
            when o.period_start < o.newness_known_from then 'refused'
            when o.status <> 'ok' then o.status
            when coalesce(t.n, 0) = 0 then 'no_data'
            when t.n < p.smallest_group then 'suppressed'
            when s.segment = 'unknown' then 'ok'
            when u.k > {{ most_unknown }} * t.n then 'refused'
            when l.k is null then 'no_data'
            else 'ok'
        end as status,
        case
            when o.period_start < o.newness_known_from
                then 'The data begin on ' || {{ day('o.history_starts_on') }}
                    || '; in their first year old hands look new.'
            when o.status <> 'ok' then o.reason
            when coalesce(t.n, 0) = 0
                then 'Nobody from outside who was new in this period was active on two days or more within 90 days.'
            when t.n < p.smallest_group then 'Fewer than ' || p.smallest_group || ' newcomers were engaged.'
            when s.segment = 'unknown' then null
            when u.k > {{ most_unknown }} * t.n
                then 'Of more than two in five engaged newcomers nobody knows how they came, so nobody can tell what hangs on the'
                    || ' largest channel.'
            when l.k is null then 'Of no engaged newcomer is it known that they were at an event of ours.'
        end as reason
    from owed as o
    cross join (select unnest(['channel', 'event', 'unknown']) as segment) as s
    cross join {{ source('config', 'ospo') }} as p
    left join totals as t
        on o.scope_kind = t.scope_kind and o.scope_id = t.scope_id
        and o.period_start = t.period_start and o.period_end = t.period_end
    left join largest as l
        on o.scope_kind = l.scope_kind and o.scope_id = l.scope_id
        and o.period_start = l.period_start and o.period_end = l.period_end and s.segment = l.segment
    left join largest as u
        on o.scope_kind = u.scope_kind and o.scope_id = u.scope_id
        and o.period_start = u.period_start and o.period_end = u.period_end and u.segment = 'unknown'
)

{{ proportion_rows('outreach_concentration', 'judged') }}
