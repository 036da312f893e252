-- Who works for us on any day of the quarter before counts as ours, so that the two parts make up everybody.
with owed as (
    select
        q.scope_kind, q.scope_id, q.period_start, q.period_end, (q.period_start - interval 3 month)::date as before,
        s.segment,
        case
            when q.status = 'ok' and s.segment = 'own' and not s.is_own_known then 'no_data'
            when q.status = 'ok' then coalesce(b.status, 'too_early')
            else q.status
        end as status,
        case
            when q.status = 'ok' and s.segment = 'own' and not s.is_own_known
                then 'ospo.toml names neither own_domains nor own_organizations, so our own people cannot be told from people from outside.'
            when q.status = 'ok' and b.status is null
                then 'The data begin on ' || {{ day('q.history_starts_on') }} || '; there is no quarter before.'
            when q.status = 'ok' then b.reason
            else q.reason
        end as reason
    from {{ ref('int_scope_quarters') }} as q
    cross join (
        select
            unnest(['everyone', 'outside', 'own']) as segment,
            exists (from {{ source('config', 'own_domains') }})
                or exists (from {{ source('config', 'own_organizations') }}) as is_own_known
    ) as s
    left join {{ ref('int_scope_quarters') }} as b
        on q.scope_kind = b.scope_kind and q.scope_id = b.scope_id and q.period_start = b.period_end
),

active as (
    select
        scope_kind, scope_id, person_id, date_trunc('quarter', month)::date as quarter,
        case when bool_or(segment = 'own') then 'own' else 'outside' end as segment
    from {{ ref('int_person_months') }}
    group by all
),

counted as (
    select
        b.scope_kind, b.scope_id, b.quarter as before, coalesce(b.segment, 'everyone') as segment,
        count(*) as n, count(n.person_id) as k
    from active as b
    left join active as n
        on b.scope_kind = n.scope_kind and b.scope_id = n.scope_id and b.person_id = n.person_id
        and n.quarter = b.quarter + interval 3 month
    group by grouping sets (
        (b.scope_kind, b.scope_id, b.quarter, b.segment), (b.scope_kind, b.scope_id, b.quarter)
    )
),

judged as (
    select
        o.* exclude (status, reason), c.k, coalesce(c.n, 0) as n,
        case when o.status = 'ok' and coalesce(c.n, 0) = 0 then 'no_data' else o.status end as status,
        case when o.status = 'ok' and coalesce(c.n, 0) = 0 then 'Nobody was active in the quarter before.'
            else o.reason end as reason
    from owed as o
    left join counted as c
        on o.scope_kind = c.scope_kind and o.scope_id = c.scope_id and o.before = c.before and o.segment = c.segment
)

{{ proportion_rows('quarterly_contributor_retention', 'judged') }}
