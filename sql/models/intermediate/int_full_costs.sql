-- What each thing that was paid for cost in our own currency, the hours of our staff included where ospo.toml says what
-- an hour costs. Money in a currency without a rate is in no sum: who adds it up has to say so.
select
    c.cost_id,
    c.object_kind,
    c.object_id,
    c.paid_on,
    coalesce(c.program_amount, 0) + coalesce(c.staff_hours * o.hour_rate, 0) as cost,
    c.amount is not null or (c.staff_hours > 0 and o.hour_rate is not null) as is_counted,
    coalesce(c.staff_hours, 0) > 0 as has_hours,
    case when c.amount > 0 and c.program_amount is null
        then 'There is no rate in outreach/rates.csv for ' || coalesce(c.currency, 'a cost without a currency') || ' on '
            || {{ day('c.paid_on') }} || ', so the cost cannot be added up.'
    end as lacks_rate
from {{ ref('fct_costs') }} as c
cross join {{ source('config', 'ospo') }} as o
