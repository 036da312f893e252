with newest as ({{ newest('mailing_lists', 'messages') }})

select
    project_id,
    instance,
    key as message_id,
    payload ->> '$.from_name' as from_name,
    nullif(trim(payload ->> '$.from_address'), '') as from_address,
    payload ->> '$.from_address_masked' as from_address_masked,
    try_cast(payload ->> '$.date' as timestamptz) as sent_at,
    try_cast(payload ->> '$.utc_offset_minutes' as integer) as utc_offset_minutes,
    nullif(payload ->> '$.in_reply_to', '') as in_reply_to,
    from_json(payload -> '$.references', '["VARCHAR"]') as message_references,
    payload ->> '$.topic' as topic,
    coalesce((payload ->> '$.is_reply')::boolean, false) as is_reply,
    coalesce((payload ->> '$.is_automated')::boolean, false) as is_automated
from newest
