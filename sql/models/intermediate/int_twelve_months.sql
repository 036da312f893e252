-- Twelve months each: ending with every month for the program and the communities, and with the last complete month for a
-- project, and the years before.
select
    scope_kind,
    scope_id,
    (period_end - interval 12 month)::date as period_start,
    period_end,
    history_starts_on,
    case when period_end - interval 12 month < history_starts_on then 'too_early' else status end as status,
    case when period_end - interval 12 month < history_starts_on
        then 'The data begin on ' || {{ day('history_starts_on') }} || ', so twelve months are not there yet.'
        else reason end as reason
from {{ ref('int_scope_periods') }}
where (grain = 'month' and scope_kind in ('program', 'community')) or (grain = 'year' and scope_kind = 'project')
