-- What a list says now counts, whatever dates stand in it: by when it was read, so that nobody who was taken out stays.
with newest as (
    select raw.key, raw.payload
    from {{ source('raw', 'attendance__registrations') }} as raw
    join {{ source('meta', 'sources') }} as listed
        on listed.source = 'attendance' and listed.stream = 'registrations'
        and listed.instance = raw.instance and listed.is_configured
    qualify row_number() over (partition by raw.instance, raw.key order by raw.fetched_at desc) = 1
)

select
    key as registration,
    payload ->> '$.event' as event_name,
    payload ->> '$.list' as list_name,
    payload ->> '$.form' as form,
    payload ->> '$.attendee_id' as attendee_id,
    payload ->> '$.attendee_kind' as attendee_kind,
    payload ->> '$.login_id' as login_id,
    try_cast(payload ->> '$.is_own' as boolean) as is_own,
    try_cast(payload ->> '$.is_buyers_address' as boolean) as is_buyers_address,
    payload ->> '$.status' as status,
    payload ->> '$.role' as role,
    try_cast(payload ->> '$.registered_at' as timestamptz) as registered_at,
    try_cast(payload ->> '$.checked_in_at' as timestamptz) as checked_in_at,
    payload ->> '$.timezone' as timezone,
    try_cast(payload ->> '$.minutes' as integer) as minutes,
    try_cast(payload ->> '$.guests' as integer) as guests,
    try_cast(payload ->> '$.consent' as boolean) as has_consented,
    coalesce(from_json(payload -> '$.channels', '["VARCHAR"]'), []) as channels,
    payload ->> '$.tracking_code' as tracking_code,
    try_cast(payload ->> '$.has_contributed' as boolean) as has_reported_contribution,
    payload ->> '$.country' as country,
    coalesce(try_cast(payload ->> '$.is_let_go' as boolean), false) as is_let_go
from newest
where payload ->> '$.is_taken_out' is null
