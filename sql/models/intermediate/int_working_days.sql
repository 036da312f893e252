-- Every day on which somebody may have waited for an answer, with how many working hours there were before it. Nobody says
-- when an OSPO works, so it is Monday to Friday from 9 to 17 on its own clock, eight hours a day, and no public holiday of
-- any region that ospo.toml names.
with span as (
    select
        (select min(opened_on) from {{ ref('fct_conversations') }}) as first_on,
        (select max((n.observed_until at time zone z.timezone)::date) from {{ ref('int_observed') }} as n) as last_on
    from {{ source('config', 'ospo') }} as z
),

days as (
    select unnest(generate_series(first_on::timestamp, last_on::timestamp, interval 1 day))::date as day
    from span
),

judged as (
    select day, isodow(day) <= 5 and day not in (select holiday_on from {{ ref('int_holidays') }}) as is_working
    from days
)

select
    day,
    is_working,
    coalesce(8 * count(*) filter (is_working) over (order by day rows between unbounded preceding and 1 preceding), 0)
        as hours_before
from judged
