-- Each person's place in a month, by the days on which they contributed, pulls with its weight squared: 1, 4, 7 or 10. A
-- member is whoever was there in the month or in the one before, so that who came, who went and who moved add up to all.
with months as (
    select * from {{ ref('int_scope_periods') }} where grain = 'month' and scope_kind in ('program', 'community')
),

owed as (
    select
        m.scope_kind, m.scope_id, m.period_start, m.period_end, s.segment,
        case when m.status = 'ok' then coalesce(b.status, 'too_early') else m.status end as status,
        case
            when m.status <> 'ok' then m.reason
            when b.status is null
                then 'The data begin on ' || {{ day('m.history_starts_on') }} || '; there is no month before.'
            else b.reason
        end as reason
    from months as m
    cross join (select unnest(['everyone', 'joiners', 'leavers', 'moves']) as segment) as s
    left join months as b
        on m.scope_kind = b.scope_kind and m.scope_id = b.scope_id and m.period_start = b.period_end
),

places as (
    select
        scope_kind, scope_id, person_id, month,
        case when days >= 8 then 10 when days >= 4 then 7 when days >= 2 then 4 else 1 end as weight
    from {{ ref('int_person_months') }}
    where segment = 'outside'
),

pulls as (
    select scope_kind, scope_id, person_id, month, weight ** 2 as pull, 0 as pull_before from places
    union all
    select scope_kind, scope_id, person_id, (month + interval 1 month)::date, 0, weight ** 2 from places
),

members as (
    select scope_kind, scope_id, person_id, month, sum(pull) as pull, sum(pull_before) as pull_before
    from pulls
    group by scope_kind, scope_id, person_id, month
),

parts as (
    select
        scope_kind, scope_id, month,
        unnest([
            {'segment': 'everyone', 'people': count(*), 'gained': sum(pull - pull_before)},
            {
                'segment': 'joiners', 'people': count(*) filter (pull_before = 0),
                'gained': sum(pull) filter (pull_before = 0)
            },
            {
                'segment': 'leavers', 'people': count(*) filter (pull = 0),
                'gained': -sum(pull_before) filter (pull = 0)
            },
            {
                'segment': 'moves', 'people': count(*) filter (pull > 0 and pull_before > 0),
                'gained': sum(pull - pull_before) filter (pull > 0 and pull_before > 0)
            }
        ], recursive := true),
        count(*) as members
    from members
    group by scope_kind, scope_id, month
),

judged as (
    select
        o.* exclude (status, reason), p.people, coalesce(p.gained, 0) as gained, p.members,
        case when o.status = 'ok' and p.members is null then 'no_data' else o.status end as status,
        case when o.status = 'ok' and p.members is null
            then 'Nobody from outside contributed in this month or in the one before.' else o.reason end as reason
    from owed as o
    left join parts as p
        on o.scope_kind = p.scope_kind and o.scope_id = p.scope_id and o.period_start = p.month
        and o.segment = p.segment
)

select
    'community_gravity' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then gained / members end::double as value,
    null::double as lower,
    null::double as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    case when status = 'ok' then people end::bigint as sample_size,
    status,
    reason
from judged
