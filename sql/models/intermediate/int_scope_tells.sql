-- What the sources of a scope tell of at all: issues and change requests, any conversation, any change that was taken in.
-- git knows of no question, and a mailing list of no commit; that there was none is not known there.
with told as (
    select
        project_id,
        source = 'github' as is_tracker,
        source <> 'git' as is_conversation,
        source <> 'mailing_lists' as is_change
    from {{ ref('int_observed') }}

    union

    select project_id, kind <> 'mail_thread', true, kind <> 'mail_thread' from {{ ref('fct_conversations') }}
)

select
    s.scope_kind,
    s.scope_id,
    coalesce(bool_or(t.is_tracker), false) as has_tracker,
    coalesce(bool_or(t.is_conversation), false) as has_conversations,
    coalesce(bool_or(t.is_change), false) as has_changes
from {{ ref('int_scopes') }} as s
left join told as t on s.project_id = t.project_id
group by s.scope_kind, s.scope_id
