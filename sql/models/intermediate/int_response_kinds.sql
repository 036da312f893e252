-- With fewer than six of either side nothing is compared. Greenwood's variance is a little too small with few; n / (n - 1)
-- makes it what the variance of a mean is where everybody was followed.
{% set fewest = 6 %}

select
    g.scope_kind,
    g.scope_id,
    g.period_start,
    g.period_end,
    g.kind,
    coalesce(max(m.conversations) filter (g.is_newcomer), 0)::bigint as newcomer_conversations,
    coalesce(max(m.conversations) filter (not g.is_newcomer), 0)::bigint as regular_conversations,
    max(m.mean_hours) filter (g.is_newcomer) as newcomer_hours,
    max(m.mean_hours) filter (not g.is_newcomer) as regular_hours,
    max(m.variance * m.conversations / (m.conversations - 1)) filter (g.is_newcomer) as newcomer_variance,
    max(m.variance * m.conversations / (m.conversations - 1)) filter (not g.is_newcomer) as regular_variance,
    newcomer_conversations >= {{ fewest }} and regular_conversations >= {{ fewest }} as is_compared
from {{ ref('int_response_groups') }} as g
join {{ ref('int_response_means') }} as m on g.group_id = m.group_id
group by g.scope_kind, g.scope_id, g.period_start, g.period_end, g.kind
