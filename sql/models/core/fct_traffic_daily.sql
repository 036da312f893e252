with told as (
    select 'github' as source, * from {{ ref('stg_github__traffic') }}
    union all by name
    select 'github_repo_stats' as source, * from {{ ref('stg_github_repo_stats__traffic') }}
),

merged as (
    select
        project_id,
        day,
        kind,
        max(total) as total,
        max(uniques) as uniques,
        bool_and(is_partial) as is_partial,
        {% for source in ['github', 'github_repo_stats'] %}
        coalesce(
            max(total) filter (source = '{{ source }}') = max(total)
                and max(uniques) filter (source = '{{ source }}') = max(uniques),
            false
        ) as is_told_by_{{ source }}{{ ',' if not loop.last }}
        {% endfor %}
    from told
    group by project_id, day, kind
)

select
    project_id,
    day,
    max(total) filter (kind = 'views') as views,
    max(uniques) filter (kind = 'views') as unique_visitors,
    max(total) filter (kind = 'clones') as clones,
    max(uniques) filter (kind = 'clones') as unique_cloners,
    case
        when bool_and(is_told_by_github) then 'github'
        when bool_and(is_told_by_github_repo_stats) then 'github_repo_stats'
        else 'both'
    end as source,
    bool_or(is_partial) as is_partial
from merged
group by project_id, day
