select e.event_id, unnest(e.communities) as community_id from {{ ref('stg_outreach__events') }} as e
