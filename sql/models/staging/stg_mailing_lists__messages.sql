with newest as ({{ newest('mailing_lists', 'messages') }})

select
    project_id,
    instance,
    key as message_id,
    payload ->> '$.from_name' as from_name,
    nullif(trim(payload ->> '$.from_address'), '') as from_address,
    try_cast(payload ->> '$.date' as timestamptz) as sent_at,
    try_cast(payload ->> '$.utc_offset_minutes' as integer) as utc_offset_minutes,
    payload ->> '$.date_source' as date_source,
    payload ->> '$.in_reply_to' as in_reply_to,
    from_json(payload -> '$.references', '["VARCHAR"]') as message_references,
    coalesce((payload ->> '$.is_automated')::boolean, false) as is_automated,
    coalesce((payload ->> '$.has_patch')::boolean, false) as has_patch
from newest
