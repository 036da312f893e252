select
    row_number() over (order by scope_kind, scope_id, period_start, period_end, kind, is_newcomer) as group_id,
    scope_kind, scope_id, period_start, period_end, kind, is_newcomer
from {{ ref('int_followed_periods') }}
cross join unnest(['issue', 'change_request', 'discussion', 'mail_thread']) as k(kind)
cross join unnest([true, false]) as s(is_newcomer)
where follow_days = 14 and status = 'ok' and period_start >= newness_known_from
    and (scope_kind <> 'project' or grain = 'year')
