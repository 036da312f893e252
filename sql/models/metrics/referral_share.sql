with judged as (
    select
        scope_kind, scope_id, period_start, period_end, 'word_of_mouth' as segment,
        heard_from_a_person as k,
        heard as n,
        case
            when status <> 'ok' then status
            when heard = 0 then 'no_data'
            when response_doubt is not null then 'refused'
            else 'ok'
        end as status,
        case
            when status <> 'ok' then reason
            when surveys = 0 then 'No survey of these twelve months stands in survey.csv.'
            when heard = 0 then 'Nobody said how they heard of us.'
            else response_doubt
        end as reason
    from {{ ref('int_survey_cells') }}
)

{{ proportion_rows('referral_share', 'judged') }}
