-- What was spent on an event, on a campaign or by the program in twelve months, and how many new people it is known to
-- have brought: engaged ones, and ones who were still here after a year. Somebody is brought by an event when they were
-- there in the 90 days before their first contribution to the program, or on its day; of several events it is the first.
-- So an event can be told of once the last of these people has been followed: 90 days to come, and 90 or 395 to stay.
with read_on as (
    select coalesce(max(last_success_at), now())::date as read_on
    from {{ source('meta', 'sources') }}
    where source = 'attendance'
),

windows as (
    select unnest([{'what': 'engaged', 'follow_days': 90}, {'what': 'retained', 'follow_days': 395}], recursive := true)
),

-- Which newcomers to the program each window counts.
newcomers as (
    select w.what, n.person_id, n.first_on, n.first_channel, n.first_event_id, n.first_campaign_id
    from {{ ref('int_engaged_newcomers') }} as n
    join windows as w on case w.what when 'engaged' then n.is_engaged else n.is_retained end
    where n.scope_kind = 'program'
),

spent as (
    select
        object_kind, object_id,
        sum(cost) as cost,
        bool_or(is_counted) as is_counted,
        bool_or(has_hours) as has_hours,
        arg_min(lacks_rate, (paid_on, cost_id)) as lacks_rate
    from {{ ref('int_full_costs') }}
    group by all
),

-- Whoever can be looked for: those who came to an event and agreed, and those of whom a campaign's link is known.
looked_for as (
    select
        'event' as object_kind, event_id as object_id,
        count(*) filter (status = 'attended') as came,
        count(*) filter (status = 'attended' and has_consented) as agreed,
        count(*) filter (status = 'attended' and is_measured) as measured,
        count(*) filter (status = 'attended' and match_status = 'let_go') as let_go,
        count(has_consented) > 0 as has_asked
    from {{ ref('int_event_seats') }}
    group by event_id

    union all

    select
        'campaign', campaign_id, count(distinct coalesce(person_id, attendee_key)),
        count(distinct coalesce(person_id, attendee_key)), count(distinct coalesce(person_id, attendee_key)), 0, true
    from {{ ref('fct_touches') }}
    where campaign_id is not null and not is_own
    group by campaign_id
),

objects as (
    select 'event' as object_kind, e.event_id as object_id, e.starts_on, greatest(e.ends_on, e.starts_on) as ends_on
    from {{ ref('dim_events') }} as e
    where e.starts_on is not null and not e.is_cancelled
        and (e.role is not null or e.event_id in (select object_id from spent where object_kind = 'event'))

    union all

    select 'campaign', campaign_id, starts_on, greatest(ends_on, starts_on)
    from {{ ref('dim_campaigns') }}
    where starts_on is not null
),

cells as (
    select
        o.*, w.what, 'program' as scope_kind, 'program' as scope_id, o.starts_on as period_start,
        (o.ends_on + 91 + w.follow_days)::date as known_from
    from objects as o
    cross join windows as w
),

missed as ({{ missed('cells', 'known_from') }}),

brought as (
    select what, 'event' as object_kind, first_event_id as object_id, count(*) as people
    from newcomers
    where first_event_id is not null
    group by all

    union all

    select what, 'campaign', first_campaign_id, count(*)
    from newcomers
    where first_campaign_id is not null
    group by all
),

object_cells as (
    select
        c.what,
        c.object_kind as scope_kind,
        c.object_id as scope_id,
        c.starts_on as period_start,
        (c.ends_on + 1)::date as period_end,
        'reached' as segment,
        s.cost,
        coalesce(b.people, 0) as k,
        case
            when c.ends_on >= r.read_on then 'too_early'
            when c.starts_on < h.newness_known_from then 'refused'
            when not coalesce(s.is_counted, false) then 'no_data'
            when s.lacks_rate is not null then 'refused'
            when m.missed_from is not null then 'too_early'
            when coalesce(l.measured, 0) = 0 then 'no_data'
            when l.measured < o.smallest_group then 'suppressed'
            else 'ok'
        end as status,
        case
            when c.ends_on >= r.read_on then 'The lists of attendees were read before it was over.'
            when c.starts_on < h.newness_known_from
                then 'The data begin on ' || {{ day('h.history_starts_on') }}
                    || '; in their first year old hands look new, so nobody is called new before '
                    || {{ day('h.newness_known_from') }} || '.'
            when not coalesce(s.is_counted, false) then case
                when s.has_hours then 'Only hours of our staff are written down, and ospo.toml has no hour_rate.'
                else 'What it cost is not written down.'
            end
            when s.lacks_rate is not null then s.lacks_rate
            when m.missed_from is not null
                then 'Too early: it can be told once the data'
                    || case when m.is_behind_others then ' of ' || m.missed_project else '' end || ' reach to '
                    || {{ day('c.known_from') }} || ', when everybody it may have brought has been followed.'
            when c.object_kind = 'campaign' and coalesce(l.measured, 0) = 0
                then 'No list of attendees has anybody who agreed to be measured and came by its link.'
            when l.object_id is null then 'There is no list of attendees, so nobody can be looked for.'
            when l.came = 0 then 'The list has no mark of anybody who came.'
            when not l.has_asked then 'The form did not ask whether people agree to be measured.'
            when l.agreed = 0 then 'Nobody who came has agreed to be measured.'
            when l.measured = 0 and l.let_go > 0 then 'It is too long ago: who came is no longer known.'
            when l.measured = 0 then 'The list has no addresses, so nobody can be looked for.'
            when l.measured < o.smallest_group
                then 'Fewer than ' || o.smallest_group || ' of those who came can be looked for.'
        end as reason
    from cells as c
    cross join read_on as r
    cross join {{ source('config', 'ospo') }} as o
    left join {{ ref('int_scope_history') }} as h on c.scope_kind = h.scope_kind and c.scope_id = h.scope_id
    left join spent as s on c.object_kind = s.object_kind and c.object_id = s.object_id
    left join looked_for as l on c.object_kind = l.object_kind and c.object_id = l.object_id
    left join brought as b on c.what = b.what and c.object_kind = b.object_kind and c.object_id = b.object_id
    left join missed as m on c.period_start = m.period_start and c.known_from = m.known_from
),

years as (
    select p.*, w.what
    from {{ ref('int_followed_periods') }} as p
    join windows as w on p.follow_days = w.follow_days
    where p.scope_kind = 'program' and p.grain = 'year'
),

spent_in_year as (
    select
        y.what, y.period_start, y.period_end,
        sum(c.cost) as cost,
        bool_or(c.is_counted) as is_counted,
        bool_or(c.has_hours) as has_hours,
        arg_min(c.lacks_rate, (c.paid_on, c.cost_id)) as lacks_rate
    from years as y
    join {{ ref('int_full_costs') }} as c on c.paid_on >= y.period_start and c.paid_on < y.period_end
    group by all
),

new_in_year as (
    select
        y.what, y.period_start, y.period_end,
        unnest(['reached', 'all']) as segment,
        unnest([count(n.person_id) filter (n.first_channel <> 'unknown'), count(n.person_id)]) as people
    from years as y
    left join newcomers as n on y.what = n.what and n.first_on >= y.period_start and n.first_on < y.period_end
    group by y.what, y.period_start, y.period_end
)

select * from object_cells

union all

select
    y.what, y.scope_kind, y.scope_id, y.period_start, y.period_end, n.segment, s.cost, n.people,
    case
        when y.period_start < y.newness_known_from then 'refused'
        when y.status <> 'ok' then y.status
        when not coalesce(s.is_counted, false) then 'no_data'
        when s.lacks_rate is not null then 'refused'
        else 'ok'
    end,
    case
        when y.period_start < y.newness_known_from
            then 'The data begin on ' || {{ day('y.history_starts_on') }}
                || '; in their first year old hands look new, so nobody is called new before '
                || {{ day('y.newness_known_from') }} || '.'
        when y.status <> 'ok' then y.reason
        when not coalesce(s.is_counted, false) then case
            when s.has_hours then 'Only hours of our staff are written down, and ospo.toml has no hour_rate.'
            else 'No cost of these twelve months is written down.'
        end
        when s.lacks_rate is not null then s.lacks_rate
    end
from years as y
join new_in_year as n on y.what = n.what and y.period_start = n.period_start and y.period_end = n.period_end
left join spent_in_year as s on y.what = s.what and y.period_start = s.period_start and y.period_end = s.period_end
