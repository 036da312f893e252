-- The author, not the committer: who merges a change in the browser becomes the committer of other people's work, or
-- GitHub itself does. `authors` are the author and the co-authors, with the accounts that GitHub takes them for.
{{ config(materialized='table') }}

{% set account = {'login': 'VARCHAR'} %}
{% set shape = {
    'committedDate': 'TIMESTAMPTZ', 'authoredDate': 'TIMESTAMPTZ',
    'author': {'name': 'VARCHAR', 'email': 'VARCHAR', 'date': 'VARCHAR', 'user': account},
    'committer': {'email': 'VARCHAR'},
    'authors': {'nodes': [{'name': 'VARCHAR', 'email': 'VARCHAR', 'user': account}]},
    'parents': {'totalCount': 'INTEGER'},
} %}

with newest as ({{ newest('github', 'commits', shape) }})

select
    project_id,
    key as sha,
    node.author.name as author_name,
    nullif(lower(trim(node.author.email)), '') as author_address,
    node.author.user.login as author_login,
    node.authoredDate as authored_at,
    node.committedDate as committed_at,
    case
        when ends_with(node.author.date, 'Z') then 0
        else try_cast(regexp_extract(node.author.date, '([+-])(\d\d):?(\d\d)$', 1) || '1' as integer)
            * (try_cast(regexp_extract(node.author.date, '([+-])(\d\d):?(\d\d)$', 2) as integer) * 60
                + try_cast(regexp_extract(node.author.date, '([+-])(\d\d):?(\d\d)$', 3) as integer))
    end as utc_offset_minutes,
    coalesce(node.committer.email = 'noreply@github.com' and node.committedDate = node.authoredDate, false)
        as is_made_in_browser,
    coalesce(node.parents.totalCount > 1, false) as is_merge,
    [{
        'name': author.name,
        'address': nullif(lower(trim(author.email)), ''),
        'login': author.user.login
    } for author in node.authors.nodes] as authors,
    is_deleted
from newest
qualify row_number() over (partition by project_id, key order by fetched_at desc) = 1
