-- What an issue or a discussion asks for: its themes are the labels that are the project's own; where it has none of
-- those, the label that says that it is a request. Whatever has no label at all may ask for anything.
-- GH Archive does not tell labels as they are, so only what GitHub itself told is looked at.
with told as (
    select md5('github|' || project_id || '|' || number::varchar) as conversation_id, project_id
    from {{ ref('stg_github__issues') }}
    where not is_deleted
    union all
    select md5('github|' || project_id || '|' || number::varchar), project_id
    from {{ ref('stg_github__discussions') }}
    where not is_deleted
),

labelled as (
    select
        conversation_id,
        bool_or(kind = 'feature') as is_request,
        list(label order by label) filter (kind in ('theme', 'documentation')) as themes,
        list(label order by label) filter (kind = 'feature') as requests
    from {{ ref('int_conversation_labels') }}
    group by conversation_id
)

select
    t.conversation_id,
    t.project_id,
    l.conversation_id is not null as is_labelled,
    coalesce(l.is_request, false) as is_request,
    case when l.is_request then coalesce(l.themes, l.requests) end as themes
from told as t
left join labelled as l on t.conversation_id = l.conversation_id
