-- Somebody has lapsed on the 180th day after their last contribution. Months whose newcomers could not yet have lapsed are
-- held back: they always look good.
with movements as (
    select s.scope_kind, s.scope_id, 'new' as segment, s.starts_on as moved_on
    from {{ ref('int_active_spells') }} as s
    join {{ ref('int_first_contributions') }} as f
        on s.scope_kind = f.scope_kind and s.scope_id = f.scope_id and s.person_id = f.person_id
    where s.spell = 1 and f.segment = 'outside'

    union all

    select scope_kind, scope_id, 'reactivated', starts_on
    from {{ ref('int_active_spells') }}
    where spell > 1 and starts_as = 'outside'

    union all

    select scope_kind, scope_id, 'lapsed', ends_on + 180
    from {{ ref('int_active_spells') }}
    where ends_as = 'outside'
),

monthly as (
    select
        scope_kind, scope_id, date_trunc('month', moved_on)::date as month,
        count(*) filter (segment = 'new') as joined,
        count(*) filter (segment = 'reactivated') as back,
        count(*) filter (segment = 'lapsed') as lapsed
    from movements
    group by all
),

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, p.newness_known_from, p.history_starts_on, p.status,
        p.reason,
        coalesce(sum(m.joined), 0) as joined, coalesce(sum(m.back), 0) as back, coalesce(sum(m.lapsed), 0) as lapsed
    from {{ ref('int_followed_periods') }} as p
    left join monthly as m
        on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id
        and m.month >= p.period_start and m.month < p.period_end
    where p.follow_days = 180 and p.scope_kind in ('program', 'community')
    group by all
),

judged as (
    select
        scope_kind, scope_id, period_start, period_end,
        unnest(['net', 'new', 'reactivated', 'lapsed']) as segment,
        unnest([joined + back - lapsed, joined, back, lapsed])::bigint as difference,
        unnest([joined + back + lapsed, joined, back, lapsed])::bigint as people,
        unnest([joined + back, null, null, null])::bigint as gained,
        case when period_start < newness_known_from then 'refused' else status end as status,
        case when period_start < newness_known_from
            then 'The data begin on ' || {{ day('history_starts_on') }} || '; in their first year old hands look new.'
            else reason end as reason
    from counted
)

select
    'joiners_minus_leavers' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    segment,
    case when status = 'ok' then difference end::double as value,
    null::double as lower,
    null::double as upper,
    case when status = 'ok' and people > 0 then gained end::bigint as numerator,
    case when status = 'ok' and gained is not null then nullif(people, 0) end::bigint as denominator,
    case when status = 'ok' then people end::bigint as sample_size,
    status,
    reason
from judged
