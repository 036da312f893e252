with counted as (
    select
        event_id,
        unnest(['everyone', 'new', 'existing']) as segment,
        unnest([count(*), count(*) filter (is_new), count(*) filter (not is_new)]) as n,
        unnest([
            count(*) filter (followed_on <= ends_on + 30),
            count(*) filter (is_new and followed_on <= ends_on + 30),
            count(*) filter (not is_new and followed_on <= ends_on + 30)
        ]) as k
    from {{ ref('int_event_people') }}
    group by event_id
),

owed as (
    select
        'event' as scope_kind,
        w.event_id as scope_id,
        w.period_start,
        w.period_end,
        s.segment,
        coalesce(c.k, 0) as k,
        coalesce(c.n, 0) as n,
        case when s.segment = 'everyone' then w.status else w.new_status end as status,
        case when s.segment = 'everyone' then w.reason else w.new_reason end as reason
    from {{ ref('int_event_windows') }} as w
    cross join unnest(['everyone', 'new', 'existing']) as s(segment)
    left join counted as c on w.event_id = c.event_id and s.segment = c.segment
    where w.follow_days = 30
),

-- With one of the two parts the other one follows, so neither is told where one is small.
parted as (
    select
        o.*,
        s.smallest_group,
        min(o.n) filter (o.segment <> 'everyone') over (partition by o.scope_id) between 1 and s.smallest_group - 1
            and o.segment <> 'everyone' as is_small
    from owed as o
    cross join {{ source('config', 'ospo') }} as s
),

judged as (
    select
        * exclude (status, reason),
        case
            when status <> 'ok' then status
            when n = 0 then 'no_data'
            when is_small then 'suppressed'
            else status
        end as status,
        case
            when status <> 'ok' then reason
            when n = 0 then 'Of those who came, nobody who can be looked for '
                || case segment when 'new' then 'was new.' else 'had been active before.' end
            when is_small then 'Of those who came and can be looked for, fewer than ' || smallest_group
                || ' were new, or had been active before.'
        end as reason
    from parted
),

bounded as (
    select
        o.* exclude (segment, n), 'all_who_came' as segment, w.came as n, w.came - w.measured as unknown
    from owed as o
    join {{ ref('int_event_windows') }} as w on o.scope_id = w.event_id and w.follow_days = 30
    where o.segment = 'everyone'
),

helped as (
    select event_id, segment, count(*) as n, count(*) filter (followed_on <= ends_on + 30) as k
    from {{ ref('int_event_helpers') }}
    group by event_id, segment
),

apart as (
    select
        'event' as scope_kind, w.event_id as scope_id, w.period_start, w.period_end, s.segment, h.k, h.n,
        case
            when w.status = 'too_early' or w.ends_on >= w.read_on then 'too_early'
            when w.watched_until is null then 'no_data'
            when w.watched_until < w.known_from then 'too_early'
            when h.n is null then 'no_data'
            else 'ok'
        end as status,
        case
            when w.status = 'too_early' then w.reason
            when w.ends_on >= w.read_on then 'The list was read before the event was over.'
            when w.watched_until is null then 'No project was watched at that time, so nobody can be looked for.'
            when w.watched_until < w.known_from then {{ not_yet('w.behind_project', 'w.known_from') }}
            when h.n is null then 'The list names nobody from outside who came as '
                || case s.segment when 'speakers' then 'a speaker' else 'an organiser or to help' end
                || ' and can be looked for.'
        end as reason
    from {{ ref('int_event_windows') }} as w
    cross join unnest(['speakers', 'organisers']) as s(segment)
    left join helped as h on w.event_id = h.event_id and s.segment = h.segment
    where w.follow_days = 30
)

{{ proportion_rows('event_follow_through_30d', 'judged') }}

union all

{{ proportion_rows('event_follow_through_30d', 'apart') }}

union all

{{ bounds_rows('event_follow_through_30d', 'bounded') }}
