{% set fewest = 30 %}

with judged as (
    select
        * exclude (status, reason),
        case
            when status <> 'ok' then status
            when scores = 0 then 'no_data'
            when response_doubt is not null or scores < {{ fewest }} then 'refused'
            else 'ok'
        end as status,
        case
            when status <> 'ok' then reason
            when surveys = 0 then 'No survey of these twelve months stands in survey.csv.'
            when scores = 0 then 'Nobody said whether they would recommend us.'
            when response_doubt is not null then response_doubt
            when scores < {{ fewest }}
                then 'Fewer than {{ fewest }} people said whether they would recommend us, and the score of so few says nothing.'
        end as reason
    from {{ ref('int_survey_cells') }}
)

select
    'net_recommendability' as metric,
    scope_kind,
    scope_id,
    period_start,
    period_end,
    'everyone' as segment,
    case when status = 'ok' then net_score end::double as value,
    case when status = 'ok' then net_lower end::double as lower,
    case when status = 'ok' then net_upper end::double as upper,
    null::bigint as numerator,
    null::bigint as denominator,
    case when status in ('ok', 'refused') then scores end::bigint as sample_size,
    status,
    reason
from judged
