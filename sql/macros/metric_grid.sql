{# Every cell that a metric owes a number or a reason: scope, period and segment, with the calendar's verdict.
   `known_from` names the column of int_scope_history before which the metric cannot be told at all. #}
{% macro metric_grid(segments) -%}
    select
        h.scope_kind, h.scope_id, p.grain, p.period_start, p.period_end, segment,
        h.history_starts_on, h.newness_known_from, h.observed_until,
        case
            when p.period_end > h.observed_until then 'too_early'
            when p.grain = 'year' and p.period_start < date_trunc('month', h.history_starts_on) then 'too_early'
            else 'ok'
        end as calendar_status,
        case
            when p.period_end > h.observed_until
                then 'The data reach to ' || {{ day('h.observed_until') }} || '; the period is not over in them.'
            when p.grain = 'year' and p.period_start < date_trunc('month', h.history_starts_on)
                then 'The data begin on ' || {{ day('h.history_starts_on') }} || ', so twelve months are not there yet.'
        end as calendar_reason
    from {{ ref('int_scope_history') }} as h
    join {{ ref('int_periods') }} as p
        on p.period_end > h.history_starts_on and p.period_start < h.observed_until
    cross join (select unnest({{ segments }}) as segment)
{%- endmacro %}

{# A date as people write it: 31 October 2026. #}
{% macro day(date) -%} strftime({{ date }}, '%-d %B %Y') {%- endmacro %}
