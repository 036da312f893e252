-- When somebody was there: a spell ends with the last contribution before 180 days of silence, and the next one begins
-- with the first after it. `starts_as` and `ends_as` say for whom that contribution counts.
with begun as (
    select
        *,
        count(*) filter (previous_on is null or first_on - previous_on > 180) over (
            partition by scope_kind, scope_id, person_id order by first_on, segment rows unbounded preceding
        ) as spell
    from {{ ref('int_person_months') }}
)

select
    scope_kind,
    scope_id,
    person_id,
    spell,
    min(first_on) as starts_on,
    max(last_on) as ends_on,
    arg_min(segment, (first_on, segment)) as starts_as,
    arg_max(segment, (last_on, segment)) as ends_as
from begun
group by scope_kind, scope_id, person_id, spell
