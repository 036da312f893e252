-- What became of what people from outside asked, and when. Whoever is closed by a bot or a software agent got no result, for
-- such closings tell of silence; unless a change that was made closed it, and the bot only pressed the button.
-- GitHub has asked for a reason since 2022: what was closed without one counts as done. A discussion is done when its
-- asker or a maintainer chose an answer.
with asked as (
    select c.*, coalesce(p.kind, 'human') = 'human' or f.conversation_id is not null as is_closed_with_care
    from {{ ref('fct_conversations') }} as c
    left join {{ ref('int_people') }} as p on c.closed_by_person_id = p.person_id
    left join {{ ref('int_closing_changes') }} as f on c.conversation_id = f.conversation_id
    where c.kind <> 'change_request'
        and c.opened_by_person_id is not null and not c.is_opened_by_bot and not c.is_opened_by_own
),

chosen as (
    select md5('github|' || project_id || '|' || number::varchar) as conversation_id, answer_chosen_at
    from {{ ref('stg_github__discussions') }}
    where is_answered and not is_deleted
),

-- A thread that begins with a patch asks for nothing but to have it.
patches as (
    select md5('mailing_lists||' || t.thread_id) as conversation_id
    from {{ ref('int_mail_threads') }} as t
    join {{ ref('int_mail_messages') }} as m on t.message_id = m.message_id
    where t.message_id = t.thread_id and m.has_patch
),

spam as (
    select distinct conversation_id from {{ ref('int_conversation_labels') }} where kind = 'spam'
)

select
    a.conversation_id,
    a.project_id,
    a.kind,
    a.opened_at,
    a.opened_on,
    a.is_opened_by_newcomer,
    a.kind = 'mail_thread' and p.conversation_id is not null as is_patch,
    s.conversation_id is not null as is_spam,
    case
        when a.closed_at is null or not a.is_closed_with_care then null
        when a.state_reason in ('not_planned', 'outdated') then 'not_planned'
        when a.state_reason = 'duplicate' then 'duplicate'
        else 'completed'
    end as outcome,
    case when a.is_closed_with_care then a.closed_at end as settled_at,
    least(
        t.thanked_at,
        d.answer_chosen_at,
        case when a.is_closed_with_care and coalesce(a.state_reason, 'completed') in ('completed', 'resolved') then a.closed_at end
    ) as helped_at
from asked as a
left join {{ ref('int_thanks') }} as t on a.conversation_id = t.conversation_id
left join chosen as d on a.conversation_id = d.conversation_id
left join patches as p on a.conversation_id = p.conversation_id
left join spam as s on a.conversation_id = s.conversation_id
