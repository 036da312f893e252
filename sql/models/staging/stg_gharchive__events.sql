-- Both shapes of an event: until 2014 the actor is a name and the repository has an owner, since 2015 each is an object
-- with an id. A table, so that the JSON of each event is read once a night. Of pushes nothing is taken but that they
-- were: their commits hold addresses, and have been left out since October 2025.
{{ config(materialized='table') }}

{% set paths = {
    'event_type': '$.type',
    'action': '$.payload.action',
    'repo_name': '$.repo.name',
    'repo_id': '$.repo.id',
    'repository_owner': '$.repository.owner',
    'repository_name': '$.repository.name',
    'repository_id': '$.repository.id',
    'actor': '$.actor',
    'actor_login': '$.actor.login',
    'actor_type': '$.actor_attributes.type',
    'issue_number': '$.payload.issue.number',
    'change_request_number': '$.payload.pull_request.number',
    'number': '$.payload.number',
    'url': '$.url',
    'comment_id': '$.payload.comment.id',
    'old_comment_id': '$.payload.comment_id',
    'review_id': '$.payload.review.id',
    'release_id': '$.payload.release.id',
    'fork_id': '$.payload.forkee.id',
    'old_fork_id': '$.payload.forkee',
    'author_login': '$.payload.pull_request.user.login',
    'is_merged': '$.payload.pull_request.merged',
} %}

with told as (
    select
        raw.key as event_key,
        raw.updated_at as occurred_at,
        json_extract_string(raw.payload, ['{{ paths.values() | join("', '") }}']) as told
    from {{ source('raw', 'gharchive__events') }} as raw
    semi join {{ source('meta', 'sources') }} as listed
        on listed.source = 'gharchive' and listed.instance = raw.instance and listed.is_configured
),

named as (
    select
        event_key,
        occurred_at,
        {%- for name in paths %}
        told[{{ loop.index }}] as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from told
)

select
    event_key,
    event_type,
    action,
    coalesce(repo_id, repository_id) as repository_id,
    nullif(regexp_extract(
        coalesce(repo_name, repository_owner || '/' || repository_name), '^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$'
    ), '') as repository,
    case when starts_with(actor, '{') then actor_login else actor end as actor_login,
    actor_type,
    try_cast(
        coalesce(
            issue_number, change_request_number, number,
            nullif(regexp_extract(url, '/(?:issues|pull)/(\d+)', 1), '')
        ) as integer
    ) as number,
    coalesce(comment_id, old_comment_id) as comment_id,
    coalesce(review_id, release_id) as review_or_release_id,
    coalesce(fork_id, try_cast(old_fork_id as bigint)::varchar) as fork_id,
    author_login,
    action = 'merged' or (action = 'closed' and is_merged = 'true') as is_merged,
    occurred_at
from named
