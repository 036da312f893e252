-- `ReadyForReviewEvent` is called ready_for_review here.
{{ config(materialized='table') }}

{% set shape = {
    'number': 'INTEGER', '__typename': 'VARCHAR', 'createdAt': 'TIMESTAMPTZ', 'actor': actor_shape(),
    'label': {'name': 'VARCHAR'}, 'stateReason': 'VARCHAR',
    'closer': {'__typename': 'VARCHAR', 'number': 'INTEGER', 'oid': 'VARCHAR'},
} %}

with newest as (
    select 'issue' as conversation_kind, * from ({{ newest('github', 'issue_events', shape) }})
    union all
    select 'change_request', * from ({{ newest('github', 'change_request_events', shape) }})
)

select
    project_id,
    key as event_id,
    conversation_kind,
    node.number,
    lower(regexp_replace(regexp_replace(node.__typename, 'Event$', ''), '([a-z])([A-Z])', '\1_\2', 'g')) as event_type,
    {{ actor_login('node.actor') }} as actor_login,
    {{ actor_type('node.actor') }} as actor_type,
    node.label.name as label,
    lower(node.stateReason) as state_reason,
    case node.closer.__typename when 'PullRequest' then 'change_request' when 'Commit' then 'commit' end
        as closed_by_kind,
    node.closer.number as closed_by_number,
    node.closer.oid as closed_by_sha,
    node.createdAt as occurred_at,
    is_deleted
from newest
