-- A message that several archives hold is one message, and counts for the first of their lists by name. What one
-- archive hides, such as the sender's address, another may tell.
select
    message_id,
    min(project_id) as project_id,
    arg_min(from_name, (from_address is null, project_id)) as from_name,
    arg_min(from_address, project_id) as from_address,
    arg_min(from_address_masked, project_id) as from_address_masked,
    arg_min(sent_at, project_id) as sent_at,
    arg_min(utc_offset_minutes, project_id) as utc_offset_minutes,
    arg_min(in_reply_to, project_id) as in_reply_to,
    arg_min(message_references, (-len(message_references), project_id)) as message_references,
    arg_min(topic, project_id) as topic,
    bool_or(is_reply) as is_reply,
    bool_or(is_automated) as is_automated,
    bool_or(has_patch) as has_patch,
    bool_or(says_thanks) as says_thanks
from {{ ref('stg_mailing_lists__messages') }}
group by message_id
