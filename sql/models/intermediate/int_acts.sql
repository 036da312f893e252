-- Every dated act, with the identity that did it as its source names it: `actor_kind` and `actor`. An address that can
-- be anybody's, such as root@localhost, identifies nobody: what counts then is the name, in its own place.
with acts as (
    select
        'git' as source, project_id, 'commit|' || sha as act, sha as conversation_key,
        case when is_merge then 'commit_merged' else 'commit_authored' end as kind, 'D2' as level,
        case when own_address is null then 'git_name' else 'address' end as actor_kind,
        coalesce(own_address, {{ by_name('project_id', 'author_name', 'author_address') }}) as actor, author_name as actor_name,
        null as actor_type, authored_at as occurred_at,
        case when not is_made_in_browser then utc_offset_minutes end as utc_offset_minutes, false as is_automated,
        false as is_coauthor, null::ubigint as text_shape
    from (
        select
            *,
            -- An address that a .mailmap gives to several people is each time whose the name says.
            case
                when {{ identifies('author_address') }} and count(distinct lower(author_mapped_address)) filter (
                    lower(author_mapped_address) <> lower(author_address)
                ) over (partition by lower(author_address)) < 2 then author_address
                when {{ identifies('author_mapped_address') }} then author_mapped_address
            end as own_address
        from {{ ref('stg_git__commits') }}
    )

    union all

    select
        'git', c.project_id, 'coauthor|' || c.sha || '|' || coalesce(lower(a.address), ''), c.sha, 'commit_authored', 'D2',
        'address', a.address, a.name, null, c.authored_at, null, false, true, null
    from {{ ref('stg_git__coauthors') }} as a
    join {{ ref('stg_git__commits') }} as c
        on a.project_id = c.project_id and a.instance = c.instance and a.sha = c.sha
    -- Without address and name it is somebody who was erased: nobody now, and an act still.
    where case when a.address is null then a.name is null
        else {{ identifies('a.address') }} and lower(a.address) is distinct from lower(c.author_address) end

    union all

    select
        'mailing_lists', m.project_id, 'message|' || m.message_id, t.thread_id, 'message_sent', 'D1',
        case when {{ identifies('m.from_address') }} then 'address' else 'mail_name' end,
        case when {{ identifies('m.from_address') }} then m.from_address
            else {{ by_name('m.project_id', 'coalesce(m.from_name, m.from_address_masked)', 'm.from_address') }} end,
        m.from_name,
        null, m.sent_at, m.utc_offset_minutes, m.is_automated, false,
        case when not m.is_reply then {{ text_shape('m.topic') }} end
    from {{ ref('int_mail_messages') }} as m
    join {{ ref('int_mail_threads') }} as t on m.message_id = t.message_id

    union all

    select
        'github', project_id, act, conversation_key, kind, level, actor_kind, actor, actor_name, actor_type,
        occurred_at, utc_offset_minutes, false, is_coauthor, text_shape
    from {{ ref('int_github_acts') }}
    where not is_deleted

    union all

    select
        'gharchive', project_id, act, number::varchar, kind, level, 'login', actor, null, actor_type, occurred_at,
        null, false, false, null
    from {{ ref('int_gharchive_acts') }}
    where kind <> 'reopened'

    union all

    select
        'calendars', p.project_id, 'talk|' || t.event_id || '|' || t.talk_id || '|' || s.person.id,
        -- A speaker who was erased is nobody, but there was a talk.
        null, 'talk_given', 'D1', 'speaker',
        case when not starts_with(s.person.id, 'erased-') then t.event_id || ' ' || s.person.id end, s.person.name,
        null, t.starts_at, null, false, false, null
    from {{ ref('stg_calendars__talks') }} as t
    cross join unnest(t.persons) as s(person)
    left join {{ ref('int_talk_projects') }} as p on t.event_id = p.event_id and t.talk_id = p.talk_id
)

-- Letter case does not make another person, neither of an address nor of a login. `ghost` stands for all whose accounts
-- are gone, and an organisation is nobody who acts. A mannequin is a name from the place that a project was moved from,
-- and not the account which is called the same here.
select
    * replace (
        case when actor_kind = 'login' and actor_type = 'Mannequin' then 'mannequin' else actor_kind end as actor_kind,
        case
            when actor_type = 'Organization' then null
            when actor_kind = 'login' then nullif(lower(trim(actor)), 'ghost')
            when actor_kind = 'address' then lower(trim(actor))
            else actor
        end as actor
    )
from acts
where occurred_at between timestamptz '1970-01-02' and (
    select coalesce(max(last_success_at), now()) + interval 1 day from {{ source('meta', 'sources') }}
)
