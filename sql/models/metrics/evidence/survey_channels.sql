-- What people say about how they heard of us, channel by channel: several may be named in one answer. A survey is of the
-- day of its middle answer, as in int_survey_cells.
with surveys as (
    select survey_id, quantile_disc(answered_on, 0.5) as held_on
    from {{ ref('fct_survey_answers') }}
    group by survey_id
),

answers as (
    select 'program' as scope_kind, 'program' as scope_id, answer_id, survey_id, channels
    from {{ ref('fct_survey_answers') }}

    union all

    select 'community', unnest(list_distinct(community_ids)), answer_id, survey_id, channels
    from {{ ref('fct_survey_answers') }}
),

cells as (
    select c.*
    from {{ ref('int_survey_cells') }} as c
    cross join {{ source('config', 'ospo') }} as o
    where c.status = 'ok' and c.heard >= o.smallest_group
)

select
    'referral_share' as metric,
    c.scope_kind,
    c.scope_id,
    c.period_start,
    c.period_end,
    'word_of_mouth' as segment,
    n.channel,
    count(*) as answers,
    c.heard as of_answers,
    c.response_share
from cells as c
join answers as a on c.scope_kind = a.scope_kind and c.scope_id = a.scope_id
join surveys as s
    on a.survey_id = s.survey_id and s.held_on >= c.period_start and s.held_on < c.period_end
cross join unnest(a.channels) as n(channel)
group by all
