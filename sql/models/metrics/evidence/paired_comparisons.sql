-- In what is made for everybody, the two sides would tell of fewer people than a row may.
select
    m.metric,
    m.scope_kind,
    m.scope_id,
    m.period_start,
    m.period_end,
    m.segment,
    c.pairs,
    c.unpaired,
    c.hits,
    c.other_hits,
    c.later,
    c.other_later,
    d.odds_ratio,
    d.odds_ratio_lower,
    d.odds_ratio_upper,
    d.risk_ratio,
    d.e_value
from {{ ref('incremental_conversion') }} as m
join {{ ref('int_event_pair_counts') }} as c
    on m.scope_kind = c.scope_kind and m.scope_id = c.scope_id
    and m.period_start = c.period_start and m.period_end = c.period_end and m.segment = c.segment
join {{ ref('int_event_comparisons') }} as d on c.group_id = d.group_id
where m.status = 'ok' and '{{ var("audience", "internal") }}' = 'internal'
