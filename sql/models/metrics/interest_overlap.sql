-- For the program and each community, the share of its own people who are at home in another community too; and for each
-- pair, those who are in both of all who are in either (Jaccard 1901).
with years as (
    select * from {{ ref('int_scope_periods') }} where scope_kind = 'program' and grain = 'year'
),

communities as (
    select c.community_id, h.history_starts_on, count(*) over () as communities
    from {{ ref('dim_communities') }} as c
    left join {{ ref('int_scope_history') }} as h on h.scope_kind = 'community' and c.community_id = h.scope_id
),

-- In how many communities each person is.
people as (
    select period_start, period_end, communities, len(communities) > 1 as is_in_several, count(*) as people
    from {{ ref('int_audiences') }}
    group by all
),

shared as (
    select 'program' as scope_kind, 'program' as scope_id, period_start, period_end, 'others' as segment,
        sum(people) filter (is_in_several) as k, sum(people) as n
    from people
    group by all

    union all

    select 'community', c.community_id, p.period_start, p.period_end, 'others',
        sum(p.people) filter (p.is_in_several), sum(p.people)
    from people as p
    cross join unnest(p.communities) as c(community_id)
    group by all

    union all

    select 'community', community_id, period_start, period_end, other_id, shared, people + others - shared
    from {{ ref('int_overlaps') }}
),

owed as (
    select
        y.period_start, y.period_end, y.status, y.reason, 'program' as scope_kind, 'program' as scope_id, 'others' as segment,
        y.period_start as history_starts_on, null as youngest, (select count(*) from communities) as communities
    from years as y

    union all

    select
        y.period_start, y.period_end, y.status, y.reason, 'community', c.community_id, 'others', c.history_starts_on,
        c.community_id, c.communities
    from years as y
    cross join communities as c
    where c.history_starts_on is not null

    union all

    select
        y.period_start, y.period_end, y.status, y.reason, 'community', c.community_id, o.community_id,
        greatest(c.history_starts_on, o.history_starts_on),
        case when c.history_starts_on >= o.history_starts_on then c.community_id else o.community_id end, c.communities
    from years as y
    cross join communities as c
    join communities as o on c.community_id <> o.community_id
    where c.history_starts_on is not null and o.history_starts_on is not null
),

judged as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, o.segment,
        coalesce(s.k, 0) as k, coalesce(s.n, 0) as n,
        case
            when o.communities < 2 then 'refused'
            when o.status <> 'ok' then o.status
            when o.history_starts_on > o.period_start then 'too_early'
            when coalesce(s.n, 0) = 0 then 'no_data'
            when s.k between 1 and z.smallest_group - 1 then 'suppressed'
            else 'ok'
        end as status,
        case
            when o.communities < 2 then 'There is only one community in ospo.toml, so there is none to share people with.'
            when o.status <> 'ok' then o.reason
            when o.history_starts_on > o.period_start
                then 'The data of ' || o.youngest || ' begin on ' || {{ day('o.history_starts_on') }}
                    || ', so they hold a part of the period only.'
            when coalesce(s.n, 0) = 0 then 'Nobody from outside took part on two days or more.'
            when s.k between 1 and z.smallest_group - 1
                then 'Fewer than ' || z.smallest_group || ' people took part in both.'
        end as reason
    from owed as o
    cross join {{ source('config', 'ospo') }} as z
    left join shared as s
        on o.scope_kind = s.scope_kind and o.scope_id = s.scope_id and o.period_start = s.period_start
        and o.period_end = s.period_end and o.segment = s.segment
)

{{ proportion_rows('interest_overlap', 'judged') }}
