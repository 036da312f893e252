{{ config(materialized='table') }}

with newest as ({{ newest('mailing_lists', 'messages') }}),

-- All at once: to look into a payload once costs a tenth of looking ten times.
told as (
    select
        project_id,
        instance,
        key,
        json_extract_string(payload, [
            '$.from_name', '$.from_address', '$.from_address_masked', '$.date', '$.utc_offset_minutes',
            '$.in_reply_to', '$.references', '$.topic', '$.is_reply', '$.is_automated',
            '$.has_patch', '$.thanks'
        ]) as fact
    from newest
)

select
    project_id,
    instance,
    key as message_id,
    fact[1] as from_name,
    nullif(trim(fact[2]), '') as from_address,
    fact[3] as from_address_masked,
    try_cast(fact[4] as timestamptz) as sent_at,
    try_cast(fact[5] as integer) as utc_offset_minutes,
    nullif(fact[6], '') as in_reply_to,
    from_json(fact[7], '["VARCHAR"]') as message_references,
    fact[8] as topic,
    coalesce(try_cast(fact[9] as boolean), false) as is_reply,
    coalesce(try_cast(fact[10] as boolean), false) as is_automated,
    coalesce(try_cast(fact[11] as boolean), false) as has_patch,
    coalesce(try_cast(fact[12] as boolean), false) as says_thanks
from told
