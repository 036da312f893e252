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

union all

-- Where a list's archive makes addresses unusable, from whatever day on, a name stands for a person, and the one address
-- that the name has in the same archive is that person's; of several nobody knows whose they are. A single word is no
-- name for this.
select distinct
    'mail_name', n.project_id || ' ' || n.from_name, 'address', lower(a.from_address), 'name_in_archive'
from (select distinct project_id, from_name from {{ ref('int_mail_messages') }} where from_address is null) as n
join {{ ref('int_mail_messages') }} as a on n.project_id = a.project_id and lower(n.from_name) = lower(a.from_name)
where contains(trim(n.from_name), ' ') and a.from_address is not null
qualify count(distinct lower(a.from_address)) over (partition by n.project_id, lower(n.from_name)) = 1

union all

-- A known address that, masked as archives mask, is what is left of one in a list, under the same name.
select distinct
    'mail_name', n.project_id || ' ' || n.from_name, 'address', k.address, 'masked_address'
from {{ ref('int_mail_messages') }} as n
join (
    select lower(author_address) as address, author_name as name from {{ ref('stg_git__commits') }}
    union
    select lower(from_address), from_name from {{ ref('int_mail_messages') }}
) as k
    on n.from_address_masked = translate(replace(k.address, '@', ' '), 'asn.lif', '@@@@|||')
    and lower(n.from_name) = lower(k.name)
where n.from_address is null
