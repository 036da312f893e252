-- How many people two communities share, and how many each has.
with patterns as (
    select period_start, period_end, communities, count(*) as people
    from {{ ref('int_audiences') }}
    group by period_start, period_end, communities
),

sizes as (
    select period_start, period_end, unnest(communities) as community_id, people from patterns
),

audiences as (
    select period_start, period_end, community_id, sum(people)::bigint as people from sizes group by all
),

shared as (
    select
        p.period_start, p.period_end, a.community_id, b.community_id as other_id, sum(p.people)::bigint as shared
    from patterns as p
    cross join unnest(p.communities) as a(community_id)
    cross join unnest(p.communities) as b(community_id)
    where a.community_id <> b.community_id
    group by all
)

select
    p.period_start,
    p.period_end,
    a.community_id,
    b.community_id as other_id,
    coalesce(x.people, 0) as people,
    coalesce(y.people, 0) as others,
    coalesce(s.shared, 0) as shared
from (select distinct period_start, period_end from {{ ref('int_scope_periods') }}
    where scope_kind = 'program' and grain = 'year' and status = 'ok') as p
cross join {{ ref('dim_communities') }} as a
join {{ ref('dim_communities') }} as b on a.community_id <> b.community_id
left join audiences as x
    on p.period_start = x.period_start and p.period_end = x.period_end and a.community_id = x.community_id
left join audiences as y
    on p.period_start = y.period_start and p.period_end = y.period_end and b.community_id = y.community_id
left join shared as s
    on p.period_start = s.period_start and p.period_end = s.period_end
    and a.community_id = s.community_id and b.community_id = s.other_id
