-- Only whoever asked can say that an answer helped, so thanks count from them, and after somebody else has answered.
with said as (
    select md5('github|' || project_id || '|commented|' || comment_id) as activity_id
    from {{ ref('stg_github__comments') }}
    where says_thanks and not is_deleted
    union all
    select md5('github|' || project_id || '|discussion_commented|' || discussion_comment_id)
    from {{ ref('stg_github__discussion_comments') }}
    where says_thanks and not is_deleted
    union all
    select md5('mailing_lists|' || project_id || '|message|' || message_id)
    from {{ ref('int_mail_messages') }}
    where says_thanks
)

select c.conversation_id, min(a.occurred_at) as thanked_at
from said as s
join {{ ref('fct_activities') }} as a on s.activity_id = a.activity_id
join {{ ref('fct_conversations') }} as c
    on a.conversation_id = c.conversation_id and a.person_id = c.opened_by_person_id
    and a.occurred_at > c.first_response_at
group by c.conversation_id
