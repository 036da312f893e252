{% set least_response = 0.1 %}

with judged as (
    select
        scope_kind, scope_id, period_start, period_end, 'word_of_mouth' as segment,
        heard_from_a_person as k,
        heard as n,
        case
            when status <> 'ok' then status
            when heard = 0 then 'no_data'
            when coalesce(response_share < {{ least_response }}, true) then 'refused'
            else 'ok'
        end as status,
        case
            when status <> 'ok' then reason
            when surveys = 0 then 'No answer to a survey that began in these twelve months stands in survey.csv.'
            when heard = 0 then 'Nobody said how they heard of us.'
            when response_share is null
                then 'How many people were asked is not known, or fewer than answered, so nobody can tell for whom the answers'
                    || ' speak; write it into the column invited of survey.csv.'
            when response_share < {{ least_response }}
                then 'Fewer than one in ten of those who were asked answered, so the answers need not speak for the others.'
        end as reason
    from {{ ref('int_survey_cells') }}
)

{{ proportion_rows('referral_share', 'judged') }}
