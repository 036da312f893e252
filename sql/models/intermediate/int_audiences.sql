-- In which communities somebody from outside took part on two days or more, in twelve months for which every project of
-- the program was watched.
with engaged as (
    select p.period_start, p.period_end, m.scope_id as community_id, m.person_id
    from {{ ref('int_scope_periods') }} as p
    join {{ ref('int_person_months') }} as m
        on m.scope_kind = 'community' and m.segment = 'outside'
        and m.month >= p.period_start and m.month < p.period_end
    where p.scope_kind = 'program' and p.grain = 'year' and p.status = 'ok'
    group by p.period_start, p.period_end, m.scope_id, m.person_id
    having sum(m.days) >= 2
)

select period_start, period_end, person_id, list(community_id order by community_id) as communities
from engaged
group by period_start, period_end, person_id
