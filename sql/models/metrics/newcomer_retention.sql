-- Somebody counts as still here after W days when they contributed again between W - 30 and W + 30 days
-- after their first contribution. Only newcomers whose W + 30 days are over in the data are counted.
{% set windows = [90, 180, 365] %}

with newcomers as (
    select f.scope_kind, f.scope_id, f.person_id, f.first_on
    from {{ ref('int_first_contributions') }} as f
    join {{ ref('int_scope_history') }} as h on f.scope_kind = h.scope_kind and f.scope_id = h.scope_id
    where f.segment = 'outside' and f.first_on >= h.newness_known_from
),

-- Most never come back, so who did is looked up once, for all windows.
later_days as (
    select d.person_id, d.project_id, d.occurred_on
    from {{ ref('int_contribution_days') }} as d
    join (select person_id, min(first_on) as first_on from newcomers group by person_id) as n
        on d.person_id = n.person_id and d.occurred_on >= n.first_on + {{ windows[0] - 30 }}
),

returned as (
    select
        n.scope_kind, n.scope_id, n.person_id,
        {%- for days in windows %}
        bool_or(d.occurred_on - n.first_on between {{ days - 30 }} and {{ days + 30 }}) as day_{{ days }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from later_days as d
    join {{ ref('int_scopes') }} as s on d.project_id = s.project_id
    join newcomers as n
        on s.scope_kind = n.scope_kind and s.scope_id = n.scope_id and d.person_id = n.person_id
    group by n.scope_kind, n.scope_id, n.person_id
),

arrivals as (
    select
        n.scope_kind, n.scope_id, n.first_on, count(*) as n,
        {%- for days in windows %}
        count(*) filter (r.day_{{ days }}) as day_{{ days }}{{ "," if not loop.last }}
        {%- endfor %}
    from newcomers as n
    left join returned as r
        on n.scope_kind = r.scope_kind and n.scope_id = r.scope_id and n.person_id = r.person_id
    group by n.scope_kind, n.scope_id, n.first_on
),

counted as (
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, 'day_' || p.follow_days - 30 as segment,
        p.newness_known_from, p.history_starts_on, p.status, p.reason,
        coalesce(sum(case p.follow_days
            {%- for days in windows %} when {{ days + 30 }} then a.day_{{ days }}{% endfor %} end), 0)::bigint as k,
        coalesce(sum(a.n), 0)::bigint as n
    from {{ ref('int_followed_periods') }} as p
    left join arrivals as a
        on p.scope_kind = a.scope_kind and p.scope_id = a.scope_id
        and a.first_on >= p.period_start and a.first_on < p.period_end
    where p.follow_days - 30 in {{ windows }}
    group by all
),

judged as (
    select
        * exclude (status, reason),
        case
            when period_start < newness_known_from then 'refused'
            when status = 'ok' and n = 0 then 'no_data'
            else status
        end as status,
        case
            when period_start < newness_known_from
                then 'The data begin on ' || {{ day('history_starts_on') }}
                    || '; in their first year old hands look new.'
            when status = 'ok' and n = 0 then 'Nobody from outside was new in this period.'
            else reason
        end as reason
    from counted
)

{{ proportion_rows('newcomer_retention', 'judged') }}
