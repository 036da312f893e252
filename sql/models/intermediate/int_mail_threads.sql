-- A message answers what In-Reply-To names, else the last of its References; a thread is all that hangs
-- on the same first message, held or not. Messages that answer each other in a circle stand alone.
with recursive messages as (
    select
        project_id, message_id,
        nullif(in_reply_to, '') as answers,
        nullif(message_references[len(message_references)], '') as last_reference
    from {{ ref('stg_mailing_lists__messages') }}
),

parents as (
    select project_id, message_id, coalesce(answers, last_reference) as parent_id
    from messages
    where coalesce(answers, last_reference) is distinct from message_id
),

first_messages as (
    select project_id, message_id as thread_id from parents where parent_id is null
    union
    select p.project_id, p.parent_id
    from parents as p
    anti join parents as held on p.project_id = held.project_id and p.parent_id = held.message_id
    where p.parent_id is not null
),

threads as (
    select project_id, thread_id, thread_id as message_id from first_messages
    union
    select t.project_id, t.thread_id, p.message_id
    from threads as t
    join parents as p on t.project_id = p.project_id and t.message_id = p.parent_id
)

select m.project_id, m.message_id, coalesce(t.thread_id, m.message_id) as thread_id
from messages as m
left join threads as t on m.project_id = t.project_id and m.message_id = t.message_id
