-- The answers to surveys, those of a survey all in the twelve months of its middle one: so the answers and those who were
-- asked are of the same people, and one wrong day does not take them all to another year. How many of them answered is known only where each of the surveys says how many
-- it asked. The net score is promoters (9 and 10) minus detractors (0 to 6), in points of a hundred, with the standard
-- error of a difference of two shares of one sample. Where all answer alike that error is zero, which no sample warrants:
-- then the interval is as wide as Wilson's allows for the others. Whoever did not answer may think otherwise, of a
-- recommendation as of how they heard of us; so one rule says for both when the answers speak for nobody else.
{% set least_response = 0.1 %}

with surveys as (
    select
        survey_id, quantile_disc(answered_on, 0.5) as held_on, count(*) as answers, max(invited) as invited
    from {{ ref('fct_survey_answers') }}
    group by survey_id
),

answers as (
    select 'program' as scope_kind, 'program' as scope_id, survey_id, recommend, channels
    from {{ ref('fct_survey_answers') }}

    union all

    select 'community', unnest(list_distinct(community_ids)), survey_id, recommend, channels
    from {{ ref('fct_survey_answers') }}
),

by_survey as (
    select
        a.scope_kind, a.scope_id, a.survey_id, s.held_on, s.answers as survey_answers, s.invited,
        count(a.recommend) as scores,
        count(*) filter (a.recommend >= 9) as promoters,
        count(*) filter (a.recommend <= 6) as detractors,
        count(*) filter (len(a.channels) > 0) as heard,
        count(*) filter (list_contains(a.channels, 'word_of_mouth')) as heard_from_a_person
    from answers as a
    join surveys as s on a.survey_id = s.survey_id
    group by all
),

cells as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, p.status, p.reason,
        count(s.survey_id) as surveys,
        coalesce(sum(s.scores), 0)::bigint as scores,
        coalesce(sum(s.promoters), 0)::bigint as promoters,
        coalesce(sum(s.detractors), 0)::bigint as detractors,
        coalesce(sum(s.heard), 0)::bigint as heard,
        coalesce(sum(s.heard_from_a_person), 0)::bigint as heard_from_a_person,
        case when bool_and(coalesce(s.invited >= s.survey_answers, false)) then sum(s.survey_answers) / sum(s.invited) end
            as response_share
    from {{ ref('int_scope_periods') }} as p
    left join by_survey as s
        on p.scope_kind = s.scope_kind and p.scope_id = s.scope_id
        and s.held_on >= p.period_start and s.held_on < p.period_end
    where p.scope_kind in ('program', 'community') and p.grain = 'year'
    group by all
),

net as (
    select
        *,
        100 * (promoters - detractors) / nullif(scores, 0) as net_score,
        case
            when greatest(promoters, detractors, scores - promoters - detractors) = scores then null
            else 195.9963984540 * sqrt(
                (promoters + detractors - (promoters - detractors) ** 2 / scores) / scores / scores
            )
        end as half,
        100 * (1 - {{ wilson_lower('scores', 'scores') }}) as most_others
    from cells
)

select
    * exclude (half, most_others),
    case
        when response_share is null
            then 'How many people were asked is not known, or fewer than answered, so nobody can tell for whom the answers'
                || ' speak; write it into the column invited of survey.csv.'
        when response_share < {{ least_response }}
            then 'Fewer than one in ten of those who were asked answered, so the answers need not speak for the others.'
    end as response_doubt,
    round(greatest(-100, case
        when half is not null then net_score - half
        when promoters = scores then net_score - 2 * most_others
        else net_score - most_others
    end), 4) as net_lower,
    round(least(100, case
        when half is not null then net_score + half
        when detractors = scores then net_score + 2 * most_others
        else net_score + most_others
    end), 4) as net_upper
from net
