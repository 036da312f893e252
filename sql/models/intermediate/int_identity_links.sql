-- Two addresses that a project's own .mailmap gives to one author.
select distinct
    'address' as left_kind, lower(author_address) as left_value,
    'address' as right_kind, lower(author_mapped_address) as right_value,
    'mailmap' as rule
from {{ ref('stg_git__commits') }}
where lower(author_address) <> lower(author_mapped_address)
