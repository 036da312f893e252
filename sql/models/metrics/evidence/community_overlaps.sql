-- What two communities share beside what chance would bring about. Rows of which the metric tells no number are left out.
select
    'interest_overlap' as metric,
    m.scope_kind,
    m.scope_id,
    m.period_start,
    m.period_end,
    m.segment,
    o.people,
    o.others,
    o.shared,
    case when o.people > 0 then o.shared / o.people end::double as containment,
    c.expected,
    c.p_value
from {{ ref('interest_overlap') }} as m
join {{ ref('int_overlaps') }} as o
    on m.scope_kind = 'community' and m.scope_id = o.community_id and m.segment = o.other_id
    and m.period_start = o.period_start and m.period_end = o.period_end
left join {{ ref('int_overlap_chances') }} as c
    on o.community_id = c.community_id and o.other_id = c.other_id
    and o.period_start = c.period_start and o.period_end = c.period_end
where m.status = 'ok'
