-- How long each conversation that somebody from outside began waited for its first answer. One that was
-- closed without an answer stops waiting then; one that still waits is seen to the end of its project's data.
select
    c.conversation_id,
    c.project_id,
    c.opened_on,
    c.is_opened_by_newcomer,
    c.first_response_at is not null and c.first_response_at <= p.observed_until as is_answered,
    date_diff('second', c.opened_at, least(
        coalesce(c.first_response_at, c.closed_at, p.observed_until), p.observed_until
    )) / 3600.0 as waited_hours
from {{ ref('fct_conversations') }} as c
join {{ ref('dim_projects') }} as p on c.project_id = p.project_id
where c.opened_by_person_id is not null and not c.is_opened_by_bot and not c.is_opened_by_own
    and c.opened_at < p.observed_until
