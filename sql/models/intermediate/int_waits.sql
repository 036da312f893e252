-- How long each conversation that somebody from outside began waited for its first answer. A merge by somebody else is an
-- answer too, unless a bot or a software agent merged; of a merge in GH Archive nobody knows whose it was.
-- Whoever got none waits to the end of what the source knows, also when the conversation was closed meanwhile: to be
-- closed is not to be answered.
with answered as (
    select
        c.conversation_id, c.project_id, c.kind, c.opened_at, c.opened_on, c.is_opened_by_newcomer, o.observed_until,
        least(
            c.first_response_at,
            case when coalesce(m.kind, 'human') = 'human' and c.closed_by_person_id is distinct from c.opened_by_person_id
                then c.merged_at end
        ) as answered_at
    from {{ ref('fct_conversations') }} as c
    join {{ ref('int_observed') }} as o
        on c.project_id = o.project_id
        and o.source = case c.kind when 'mail_thread' then 'mailing_lists' else 'github' end
    left join {{ ref('int_people') }} as m on c.closed_by_person_id = m.person_id
    where c.opened_by_person_id is not null and not c.is_opened_by_bot and not c.is_opened_by_own
        and c.opened_at < o.observed_until
),

-- The clock is read before the days are joined: a time zone that stands in one row is looked up once.
by_clock as materialized (
    select
        a.*,
        a.opened_at at time zone z.timezone as opened_by_clock,
        least(a.answered_at, a.observed_until) at time zone z.timezone as waited_until
    from answered as a
    cross join {{ source('config', 'ospo') }} as z
)

select
    c.conversation_id,
    c.project_id,
    c.kind,
    c.opened_at,
    c.opened_on,
    c.is_opened_by_newcomer,
    coalesce(c.answered_at <= c.observed_until, false) as is_answered,
    (epoch_us(least(coalesce(c.answered_at, c.observed_until), c.observed_until)) - epoch_us(c.opened_at)) / 3600e6
        as waited_hours,
    {{ working_hours('u', 'c.waited_until') }} - {{ working_hours('b', 'c.opened_by_clock') }} as waited_working_hours
from by_clock as c
left join {{ ref('int_working_days') }} as b on c.opened_on = b.day
left join {{ ref('int_working_days') }} as u on c.waited_until::date = u.day
