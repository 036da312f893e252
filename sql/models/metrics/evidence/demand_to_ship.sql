-- How long requests that people from outside made took to be completed. With fewer than six there is no median.
select
    'feature_demand' as metric,
    t.scope_kind,
    t.scope_id,
    t.period_start,
    t.period_end,
    'everyone' as segment,
    case when t.shipped * 2 >= t.requests then t.median_days end as median_days,
    t.lower_days,
    t.upper_days,
    t.shipped,
    t.requests
from {{ ref('int_shipping_times') }} as t
cross join {{ source('config', 'ospo') }} as o
where t.requests >= greatest(6, o.smallest_group, {{ 10 if var('audience', 'internal') == 'public' else 0 }})
