-- What the sources tell of identities that are one person: never a name alone. An address that GitHub itself made for
-- another login stays with that one.
with attributed as (
    select author.address, lower(author.login) as login, committed_at, project_id, sha
    from (
        select committed_at, project_id, sha, unnest(authors) as author
        from {{ ref('stg_github__commits') }}
        where not is_deleted

        union all

        select
            committed_at, project_id, sha,
            {'name': author_name, 'address': author_address, 'login': author_login}
        from {{ ref('stg_github__commits') }}
        where not is_deleted
    )
    where {{ identifies('author.address') }} and author.login is not null
),

-- Of those in a register only people count whom a source has seen under one of their addresses or logins.
registered as (
    select r.instance, r.person_key, r.kind, r.value, min(r.kind || ' ' || r.value) over one as first
    from {{ ref('stg_identities__identities') }} as r
    left join (select distinct actor_kind, actor from {{ ref('int_acts') }}) as s
        on r.kind = s.actor_kind and r.value = s.actor
    where (r.kind = 'login' or (r.kind = 'address' and {{ identifies('r.value') }}))
        -- What two entries of a register have is of neither.
        and (r.instance, r.kind, r.value) not in (
            select (instance, kind, value)
            from {{ ref('stg_identities__identities') }}
            where kind in ('login', 'address')
            group by instance, kind, value
            having count(distinct person_key) > 1
        )
    window one as (partition by r.instance, r.person_key)
    qualify count(s.actor) over one > 0
)

-- Of an address that a .mailmap gives to several people by their names, nobody is the owner.
select
    'address' as left_kind, lower(author_address) as left_value,
    'address' as right_kind, min(lower(author_mapped_address)) as right_value,
    'mailmap' as rule, 'the .mailmap of ' || min(project_id) as told_by
from {{ ref('stg_git__commits') }}
where lower(author_address) <> lower(author_mapped_address)
    and {{ identifies('author_address') }} and {{ identifies('author_mapped_address') }}
group by lower(author_address)
having count(distinct lower(author_mapped_address)) = 1

union all

select distinct
    'address', actor, 'login',
    regexp_extract(actor, '^(?:\d+\+)?([a-z0-9][a-z0-9-]*(?:\[bot\])?)@users\.noreply\.github\.com$', 1),
    'github_noreply', 'the address itself'
from {{ ref('int_acts') }}
where actor_kind = 'address'
    and regexp_matches(actor, '^(?:\d+\+)?[a-z0-9][a-z0-9-]*(?:\[bot\])?@users\.noreply\.github\.com$')

union all

-- An address that moved from one account to another belongs to the one that GitHub's newest commit has.
select
    'address', address, 'login', arg_max(login, (committed_at, login, sha)), 'github_commit',
    'commit ' || left(arg_max(sha, (committed_at, login, sha)), 12)
        || ' of ' || arg_max(project_id, (committed_at, login, sha))
from attributed
where not regexp_matches(address, '@users\.noreply\.github\.com$')
    or regexp_extract(address, '^(?:\d+\+)?([^@]+)@', 1) = login
group by address

union all

select 'address', email, 'login', min(lower(login)), 'profile_address', 'the profile of ' || min(lower(login))
from {{ ref('stg_github__people') }}
where {{ identifies('email') }} and account_type = 'User'
    and email not in (select address from attributed)  -- what GitHub says of commits is surer
group by email
having count(distinct lower(login)) = 1

union all

select kind, value, split_part(first, ' ', 1), substr(first, strpos(first, ' ') + 1), 'register', 'the register ' || instance
from registered
where kind || ' ' || value <> first

union all

-- Where a list's archive makes addresses unusable, from whatever day on, a name stands for a person, and the one address
-- that the name has in the same archive is that person's; of several nobody knows whose they are. A single word is no
-- name for this.
select distinct
    'mail_name', n.project_id || ' ' || n.from_name, 'address', lower(a.from_address), 'name_in_archive',
    'the archive of ' || n.project_id
from (select distinct project_id, from_name from {{ ref('int_mail_messages') }} where from_address is null) as n
join {{ ref('int_mail_messages') }} as a on n.project_id = a.project_id and lower(n.from_name) = lower(a.from_name)
where contains(trim(n.from_name), ' ') and {{ identifies('a.from_address') }}
qualify count(distinct lower(a.from_address)) over (partition by n.project_id, lower(n.from_name)) = 1

union all

-- The one known address that, masked as archives mask, is what is left of one in a list, under the same name.
select distinct
    'mail_name', n.project_id || ' ' || n.from_name, 'address', k.address, 'masked_address',
    'the archive of ' || n.project_id
from {{ ref('int_mail_messages') }} as n
join (
    select lower(author_address) as address, author_name as name from {{ ref('stg_git__commits') }}
    union
    select lower(from_address), from_name from {{ ref('int_mail_messages') }}
) as k
    on n.from_address_masked = translate(replace(k.address, '@', ' '), 'asn.lif', '@@@@|||')
    and lower(n.from_name) = lower(k.name)
where n.from_address is null and {{ identifies('k.address') }}
qualify count(distinct k.address) over (partition by n.project_id, n.from_name, n.from_address_masked) = 1
