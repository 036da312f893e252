-- From the spreadsheet and the feeds; one address is one piece, and the spreadsheet's row of it wins. A piece is about
-- the projects that the spreadsheet names, or that it links to or names in its title.
with projects as (
    select project_id, lower(regexp_extract(project_id, '([^/]+)$', 1)) as short_name
    from {{ ref('int_projects') }}
    where kind = 'repository'
),

pieces as (
    select
        'sheet|' || content_key as piece, published_on, kind, title, url, made_by, communities, about, '' as text,
        'outreach' as source
    from {{ ref('stg_outreach__content') }}

    union all

    select
        'feed|' || e.feed_id || '|' || e.entry_key, (e.published_at at time zone o.timezone)::date, f.kind, e.title, e.url,
        f.made_by, f.community_ids, [], lower(coalesce(e.url, '') || ' ' || e.text), 'feeds'
    from {{ ref('stg_feeds__entries') }} as e
    join {{ source('config', 'feeds') }} as f on e.feed_id = f.feed_id
    cross join {{ source('config', 'ospo') }} as o
),

-- Without its scheme, its fragment and what only says where a reader came from. The rest of a query may name the piece
-- (`watch?v=…`, `?p=12`), and only the host is the same in capitals.
addresses as (
    select *, regexp_replace(regexp_replace(nullif(trim(url), ''), '#.*$', ''), '^https?://', '', 'i') as address
    from pieces
),

keyed as (
    select
        * exclude (address),
        regexp_replace(lower(regexp_extract(address, '^[^/?]*')), '^www\.', '')
        || regexp_replace(regexp_extract(address, '^[^/?]*([^?]*)', 1), '/$', '')
        || '?' || array_to_string(list_filter(
            string_split(regexp_extract(address, '\?(.*)$', 1), '&'),
            lambda told: told <> '' and not regexp_matches(told, '^(utm_[^=]*|fbclid|gclid|mc_cid|mc_eid|ref)(=|$)', 'i')
        ), '&') as address
    from addresses
),

once as (
    select *
    from keyed
    qualify row_number() over (partition by coalesce(address, piece) order by source = 'feeds', piece) = 1
),

told as (
    select o.piece, p.project_id, 0 as rank, 'the spreadsheet says so' as reason
    from once as o
    join projects as p on list_contains(o.about, p.project_id)

    union all

    select o.piece, p.project_id, 1, 'links to the repository'
    from once as o
    join projects as p on regexp_matches(o.text, 'github\.com/' || regexp_escape(lower(p.project_id)) || '($|[^a-z0-9._-])')

    union all

    select o.piece, p.project_id, 2, 'has the project''s name in its title'
    from once as o
    join projects as p
        on len(p.short_name) >= 5
        and regexp_matches(lower(o.title), '(^|[^a-z0-9_-])' || regexp_escape(p.short_name) || '($|[^a-z0-9_-])')
),

about as (
    select piece, arg_min(project_id, (rank, project_id)) as project_id, arg_min(reason, rank) as match_reason
    from told
    group by piece
)

select
    md5('content|' || o.piece) as content_id,
    o.published_on,
    o.kind,
    {{ without_addresses('o.title') }} as title,
    {{ without_addresses('o.url') }} as url,
    o.made_by,
    o.communities as community_ids,
    a.project_id,
    a.match_reason,
    o.source
from once as o
left join about as a on o.piece = a.piece
