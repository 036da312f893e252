-- Who registered for each event and who came, of people from outside, as attendees; how many of those who came can be
-- looked for; and whether anything can be told of them at all. `watched_until` is the first day of which some project
-- of the program no longer tells: a project whose data ended a year before the event is taken as ended.
with read_on as (
    select coalesce(max(last_success_at), now())::date as read_on
    from {{ source('meta', 'sources') }}
    where source = 'attendance'
),

held as (
    select
        e.event_id,
        e.starts_on,
        greatest(e.starts_on, e.ends_on) as ends_on,
        count(*) filter (s.is_told) as registered,
        count(*) filter (s.status = 'attended') as came,
        count(*) filter (s.status = 'attended' and s.has_consented) as agreed,
        count(*) filter (s.status = 'attended' and s.is_measured) as measured,
        count(*) filter (s.status = 'attended' and s.match_status = 'let_go') as let_go,
        count(s.has_consented) > 0 as has_asked
    from {{ ref('int_event_seats') }} as s
    join {{ ref('dim_events') }} as e on s.event_id = e.event_id
    where e.starts_on is not null and not e.is_cancelled
    group by all
),

watched as (
    select
        h.event_id,
        min(w.observed_until) as watched_until,
        arg_min(w.project_id, (w.observed_until, w.project_id)) as behind_project
    from held as h
    join {{ ref('int_scope_watched') }} as w
        on w.scope_kind = 'program' and w.project_observed_until >= h.starts_on - 365
    group by h.event_id
),

judged as (
    select
        h.*,
        p.history_starts_on,
        p.newness_known_from,
        w.watched_until,
        case when p.observed_until > w.watched_until + 1 then w.behind_project end as behind_project,
        r.read_on,
        o.smallest_group,
        case
            when h.ends_on >= r.read_on then 'too_early'
            when h.measured = 0 or w.watched_until is null then 'no_data'
            when h.measured < o.smallest_group then 'suppressed'
            else 'ok'
        end as status
    from held as h
    cross join read_on as r
    cross join {{ source('config', 'ospo') }} as o
    left join watched as w on h.event_id = w.event_id
    left join {{ ref('int_scope_history') }} as p on p.scope_kind = 'program'
)

select
    event_id,
    starts_on,
    ends_on,
    starts_on as period_start,
    (ends_on + 1)::date as period_end,
    registered,
    came,
    measured,
    history_starts_on,
    newness_known_from,
    watched_until,
    behind_project,
    read_on,
    status,
    case
        when status = 'too_early' then 'The list was read before the event was over.'
        when came = 0 then 'The list has no mark of anybody who came.'
        when not has_asked then 'The form did not ask whether people agree to be measured.'
        when agreed = 0 then 'Nobody who came has agreed to be measured.'
        when measured = 0 and let_go > 0 then 'It is too long ago: who came is no longer known.'
        when measured = 0 then 'The list has no addresses, so nobody can be looked for.'
        when status = 'no_data' then 'No project was watched at that time, so nobody can be looked for.'
        when status = 'suppressed' then 'Fewer than ' || smallest_group || ' of those who came can be looked for.'
    end as reason
from judged
