-- People from outside whom something of ours touched, as far as they can be told apart. An event reaches whoever heard of
-- it, was there or spoke there, up to seven days after it; a campaign reaches whoever came by its link from its first day to
-- seven days after its last. Somebody whom two channels reached is one person.
{% set channels = {
    'there': [],
    'people': ['word_of_mouth', 'invitation'],
    'mail': ['mailing_list', 'newsletter'],
    'social': ['social_media', 'chat', 'forum'],
    'media': ['blog', 'podcast', 'video', 'print'],
    'web': ['web_site', 'search', 'code_host'],
    'other_event': ['event', 'meetup'],
    'link': ['campaign'],
} %}

with read_on as (
    select coalesce(max(last_success_at), now())::date as read_on
    from {{ source('meta', 'sources') }}
    where source = 'attendance'
),

touches as (
    select
        t.event_id,
        t.campaign_id,
        coalesce(t.person_id, t.attendee_key) as person,
        (t.touched_at at time zone o.timezone)::date as touched_on,
        case
            when t.kind <> 'heard' then 'there'
            {%- for channel, names in channels.items() if names %}
            when t.channel in ('{{ names | join("', '") }}') then '{{ channel }}'
            {%- endfor %}
            else 'other'
        end as channel
    from {{ ref('fct_touches') }} as t
    cross join {{ source('config', 'ospo') }} as o
    left join {{ ref('dim_people') }} as p on t.person_id = p.person_id
    where t.role in ('attendee', 'speaker') and not t.is_own and coalesce(p.kind, 'human') = 'human'
        and coalesce(t.person_id, t.attendee_key) is not null
),

objects as (
    select
        'event' as scope_kind, event_id as scope_id, starts_on as period_start,
        (greatest(starts_on, ends_on) + 1)::date as period_end, null::date as counts_from
    from {{ ref('dim_events') }}
    where starts_on is not null and not is_cancelled
        and (event_id in (select event_id from touches) or event_id in (select event_id from {{ ref('int_event_audience') }}))

    union all

    select 'campaign', campaign_id, starts_on, (greatest(starts_on, ends_on) + 1)::date, starts_on
    from {{ ref('dim_campaigns') }}
    where starts_on is not null
),

reached as (
    select distinct o.scope_kind, o.scope_id, t.person, t.channel
    from objects as o
    join touches as t
        on o.scope_id = case o.scope_kind when 'event' then t.event_id else t.campaign_id end
        and t.touched_on < o.period_end + 7 and coalesce(t.touched_on >= o.counts_from, true)
),

by_channel as (
    select scope_kind, scope_id, channel, count(*) as people
    from reached
    group by scope_kind, scope_id, channel
),

totals as (
    select
        scope_kind, scope_id, count(*) as touched, count(distinct person) as people,
        bool_or(channel <> 'there') as has_heard
    from reached
    group by scope_kind, scope_id
),

judged as (
    select
        o.scope_kind,
        o.scope_id,
        o.period_start,
        o.period_end,
        s.segment,
        case s.segment
            when 'everyone' then t.people
            when 'all_channels' then t.touched
            when 'overlap' then t.touched - t.people
            else coalesce(c.people, 0)
        end as k,
        case
            when o.period_end + 7 > r.read_on then 'too_early'
            when t.people is null or (not t.has_heard and s.segment not in ('everyone', 'all_channels', 'overlap', 'there'))
                then 'no_data'
            else 'ok'
        end as status,
        case
            when o.period_end + 7 > r.read_on
                then 'Too early: it can be told of lists that are read on ' || {{ day('(o.period_end + 7)') }} || ' or later.'
            when t.people is null and o.scope_kind = 'campaign' then 'Nobody came by a link that names this campaign.'
            when t.people is null then 'Nobody is known whom it reached.'
            when not t.has_heard and s.segment not in ('everyone', 'all_channels', 'overlap', 'there')
                then 'Nobody told how they had heard of it.'
        end as reason
    from objects as o
    cross join read_on as r
    cross join unnest(['everyone', 'all_channels', 'overlap', '{{ channels | join("', '") }}', 'other']) as s(segment)
    left join totals as t on o.scope_kind = t.scope_kind and o.scope_id = t.scope_id
    left join by_channel as c on o.scope_kind = c.scope_kind and o.scope_id = c.scope_id and s.segment = c.channel
)

{{ count_rows('reach_unique_people', 'judged') }}
