-- Who answered is not known, and what they wrote is kept as the channels that it names. How many were asked stands in any
-- row of the survey; where rows say different numbers, the largest is taken, for then the response looks no better than it was.
select
    md5('survey|' || answer_key) as answer_id,
    survey_id,
    answered_on,
    communities as community_ids,
    recommend,
    channels,
    max(invited) over (partition by survey_id) as invited
from {{ ref('stg_outreach__survey') }}
