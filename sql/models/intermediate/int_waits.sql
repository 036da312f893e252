-- How long each conversation that somebody from outside began waited for its first answer. A merge is an answer too.
-- Whoever got none waits to the end of what the source knows, also when the conversation was closed meanwhile: to be
-- closed is not to be answered.
select
    c.conversation_id,
    c.project_id,
    c.opened_on,
    c.is_opened_by_newcomer,
    coalesce(least(c.first_response_at, c.merged_at) <= o.observed_until, false) as is_answered,
    date_diff('second', c.opened_at, least(
        coalesce(least(c.first_response_at, c.merged_at), o.observed_until), o.observed_until
    )) / 3600.0 as waited_hours
from {{ ref('fct_conversations') }} as c
join {{ ref('int_observed') }} as o
    on c.project_id = o.project_id
    and o.source = case c.kind when 'mail_thread' then 'mailing_lists' else 'github' end
where c.opened_by_person_id is not null and not c.is_opened_by_bot and not c.is_opened_by_own
    and c.opened_at < o.observed_until
