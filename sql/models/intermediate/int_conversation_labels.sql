-- The labels that GitHub shows today. Who labelled, and when, is not asked: a label may be younger than an answer.
-- What a label is called is the project's own: its words are matched without case, signs and pictures.
with labelled as (
    select project_id, number, labels from {{ ref('stg_github__issues') }} where not is_deleted
    union all
    select project_id, number, labels from {{ ref('stg_github__change_requests') }} where not is_deleted
    union all
    select project_id, number, labels from {{ ref('stg_github__discussions') }} where not is_deleted
),

named as (
    select distinct
        md5('github|' || project_id || '|' || number::varchar) as conversation_id,
        project_id,
        unnest(labels) as name
    from labelled
),

spelled as (
    select
        name,
        nullif(lower(trim({{ without_addresses('name') }})), '') as label,
        trim(regexp_replace(lower(name), '[^a-z0-9.]+', ' ', 'g')) as words
    from (select distinct name from named)
),

kinds as (
    select s.name, arg_min(k.kind, k.rank) as kind
    from spelled as s
    join {{ ref('label_kinds') }} as k on regexp_matches(s.words, k.pattern)
    group by s.name
)

select
    n.conversation_id,
    n.project_id,
    s.label,
    coalesce(any_value(k.kind), 'theme') as kind
from named as n
join spelled as s on n.name = s.name
left join kinds as k on n.name = k.name
where s.label is not null
group by n.conversation_id, n.project_id, s.label
