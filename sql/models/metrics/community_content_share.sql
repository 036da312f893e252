with pieces as (
    select 'program' as scope_kind, 'program' as scope_id, content_id, published_on, made_by
    from {{ ref('fct_content') }}

    union all

    select 'community', unnest(community_ids), content_id, published_on, made_by
    from {{ ref('fct_content') }}
),

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, p.status, p.reason,
        'community' as segment,
        count(distinct c.content_id) filter (c.made_by = 'community') as k,
        count(distinct c.content_id) as n
    from {{ ref('int_scope_periods') }} as p
    left join pieces as c
        on p.scope_kind = c.scope_kind and p.scope_id = c.scope_id
        and c.published_on >= p.period_start and c.published_on < p.period_end
    where p.scope_kind in ('program', 'community') and p.grain = 'year'
    group by all
),

judged as (
    select
        * exclude (status, reason),
        case when status = 'ok' and n = 0 then 'no_data' else status end as status,
        case when status = 'ok' and n = 0
            then 'No piece of these twelve months stands in content.csv or in a feed that ospo.toml names.'
            else reason end as reason
    from counted
)

{{ proportion_rows('community_content_share', 'judged') }}
