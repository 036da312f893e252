with told as (
    select 1 as preference, * from {{ ref('stg_github__traffic_sources') }}
    union all by name
    select 2 as preference, * from {{ ref('stg_github_repo_stats__traffic_sources') }}
),

-- Of one day one list: two have other names in them, and were read at other hours.
preferred as (
    select * from told qualify preference = min(preference) over (partition by project_id, as_of, kind)
)

select
    project_id,
    as_of,
    kind,
    {{ without_addresses("replace(name, '%40', '@')") }} as name,
    -- Names that differed in an address only are one now; the larger stands for them, for visitors cannot be added up.
    max(views) as views,
    arg_max(unique_visitors, views) as unique_visitors
from preferred
group by all
