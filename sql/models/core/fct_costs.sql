-- What the sheets of events and campaigns say a thing cost, and each row of the sheet of costs. A rate holds from its
-- day until the next; without a rate the cost stands in its own currency and is added to nothing.
with costs as (
    select
        'event|' || event_id as cost_key, 'event' as object_kind, event_id as object_id, 'total' as what,
        starts_on as paid_on, cost as amount, currency, staff_hours
    from {{ ref('stg_outreach__events') }}
    where cost is not null or staff_hours is not null

    union all

    select 'campaign|' || campaign_id, 'campaign', campaign_id, 'total', starts_on, cost, currency, staff_hours
    from {{ ref('stg_outreach__campaigns') }}
    where cost is not null or staff_hours is not null

    union all

    select
        'cost|' || c.cost_key,
        case when k.campaign_id is not null then 'campaign' when e.event_id is not null then 'event' else 'other' end,
        c.object_id, c.what, c.paid_on, c.amount, c.currency, c.staff_hours
    from {{ ref('stg_outreach__costs') }} as c
    left join {{ ref('stg_outreach__campaigns') }} as k on c.object_id = k.campaign_id
    left join {{ ref('dim_events') }} as e on c.object_id = e.event_id
)

select
    md5(c.cost_key) as cost_id,
    c.object_kind,
    c.object_id,
    {{ without_addresses('c.what') }} as what,
    c.paid_on,
    c.amount,
    c.currency,
    case when c.currency = o.currency then 1 else r.rate end as rate,
    c.amount * case when c.currency = o.currency then 1 else r.rate end as program_amount,
    o.currency as program_currency,
    c.staff_hours
from costs as c
cross join {{ source('config', 'ospo') }} as o
asof left join {{ ref('stg_outreach__rates') }} as r on c.currency = r.currency and c.paid_on >= r.valid_from
