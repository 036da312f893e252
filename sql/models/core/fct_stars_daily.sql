select project_id, day, stars_given from {{ ref('stg_github__star_history') }}
