-- Each event with how many days after its end those who came must have been followed, and what can be told of them
-- then; `new_status` and `new_reason` are of whatever says who was new at the event.
{% set days = [30, 90, 180, 365] %}

with windows as (
    select a.*, w.follow_days, (a.ends_on + w.follow_days + 1)::date as known_from
    from {{ ref('int_event_audience') }} as a
    cross join (select unnest({{ days }})::integer as follow_days) as w
),

judged as (
    select
        * exclude (status, reason),
        case when status = 'ok' and watched_until < known_from then 'too_early' else status end as status,
        case when status = 'ok' and watched_until < known_from then {{ not_yet('behind_project', 'known_from') }}
            else reason end as reason
    from windows
)

select
    *,
    case when status in ('ok', 'too_early') and starts_on < newness_known_from then 'refused' else status end
        as new_status,
    case when status in ('ok', 'too_early') and starts_on < newness_known_from
        then {{ newness_unknown('history_starts_on') }}
        else reason end as new_reason
from judged
