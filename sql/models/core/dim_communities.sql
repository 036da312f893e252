select community_id, name, position from {{ source('config', 'communities') }}
