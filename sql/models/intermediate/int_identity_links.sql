-- Two addresses that a project's own .mailmap gives to one author, and an address whose newest commit GitHub attributes
-- to a login; an address that GitHub itself made for another login stays with that one.
with attributed as (
    select author.address, lower(author.login) as login, committed_at
    from (
        select committed_at, unnest(authors) as author
        from {{ ref('stg_github__commits') }}
        where not is_deleted

        union all

        select committed_at, {'name': author_name, 'address': author_address, 'login': author_login}
        from {{ ref('stg_github__commits') }}
        where not is_deleted
    )
    where author.address is not null and author.login is not null
)

select distinct
    'address' as left_kind, lower(author_address) as left_value,
    'address' as right_kind, lower(author_mapped_address) as right_value,
    'mailmap' as rule
from {{ ref('stg_git__commits') }}
where lower(author_address) <> lower(author_mapped_address)

union all

select 'address', address, 'login', arg_max(login, (committed_at, login)), 'github_commit'
from attributed
where not regexp_matches(address, '@users\.noreply\.github\.com$')
    or regexp_extract(address, '^(?:\d+\+)?([^@]+)@', 1) = login
group by address
