-- The mean of the first days of a stay, up to two years or as far as both sides were watched, and how probable by chance
-- it is that the curves lie as far apart as they do.
select
    m.metric,
    m.scope_kind,
    m.scope_id,
    m.period_start,
    m.period_end,
    m.segment,
    o.segment as compared_with,
    c.people,
    c.others,
    c.over_days,
    c.mean_days,
    c.mean_days_others,
    c.mean_days - c.mean_days_others as difference_days,
    c.standard_error,
    c.mean_days - c.mean_days_others - 1.959963984540 * c.standard_error as lower,
    c.mean_days - c.mean_days_others + 1.959963984540 * c.standard_error as upper,
    case when not isnan(c.p_value) then c.p_value end as p_value
from {{ ref('contributor_lifetime') }} as m
join {{ ref('contributor_lifetime') }} as o
    on m.scope_kind = o.scope_kind and m.scope_id = o.scope_id and o.segment = 'organic' and o.status = 'ok'
join {{ ref('int_lifetime_comparisons') }} as c on m.scope_kind = c.scope_kind and m.scope_id = c.scope_id
where m.segment = 'event' and m.status = 'ok'
