{{ config(materialized='table') }}

with newest as ({{ newest('git', 'commits') }})

select
    project_id,
    instance,
    key as sha,
    payload ->> '$.author.mapped_name' as author_name,
    nullif(trim(payload ->> '$.author.email'), '') as author_address,
    nullif(trim(payload ->> '$.author.mapped_email'), '') as author_mapped_address,
    try_cast(payload ->> '$.author.date' as timestamptz) as authored_at,
    try_cast(payload ->> '$.author.offset_minutes' as integer) as utc_offset_minutes,
    -- Of what was written or merged in the browser, GitHub is the committer, and its clock the author's.
    coalesce((payload ->> '$.committer.email') = 'noreply@github.com'
        and (payload ->> '$.committer.date') = (payload ->> '$.author.date'), false) as is_made_in_browser,
    (payload ->> '$.is_merge')::boolean as is_merge,
    payload -> '$.trailers' as trailers
from newest
qualify row_number() over (partition by project_id, key order by instance) = 1
