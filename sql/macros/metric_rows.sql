{# The last step of a metric: rows of the one shape, from rows that have scope_kind, scope_id, period_start, period_end,
   segment, status and reason, and what is counted. Where the status is not `ok`, no number is left. #}

{# Of `n`, the share `k`, with the interval of Wilson (1927). #}
{% macro proportion_rows(metric, rows) -%}
    select
        '{{ metric }}' as metric, scope_kind, scope_id, period_start, period_end, segment,
        case when status = 'ok' then k / n end::double as value,
        case when status = 'ok' then {{ wilson_lower('k', 'n') }} end::double as lower,
        case when status = 'ok' then {{ wilson_upper('k', 'n') }} end::double as upper,
        case when status = 'ok' then k end::bigint as numerator,
        case when status = 'ok' then n end::bigint as denominator,
        case when status = 'ok' then n end::bigint as sample_size,
        status,
        reason
    from {{ rows }}
{%- endmacro %}

{# `k` of them, all of whom are known: nothing is estimated, so there is no interval. #}
{% macro count_rows(metric, rows) -%}
    select
        '{{ metric }}' as metric, scope_kind, scope_id, period_start, period_end, segment,
        case when status = 'ok' then k end::double as value,
        null::double as lower,
        null::double as upper,
        null::bigint as numerator,
        null::bigint as denominator,
        case when status = 'ok' then k end::bigint as sample_size,
        status,
        reason
    from {{ rows }}
{%- endmacro %}

{# `cost` for each of `k` people, with the exact interval of the Poisson mean behind k (Garwood 1936); for nobody there is
   only the least that it may cost. #}
{% macro cost_rows(metric, rows) -%}
    select
        '{{ metric }}' as metric, scope_kind, scope_id, period_start, period_end, segment,
        case when status = 'ok' and k > 0 then cost / k end::double as value,
        case when status = 'ok' then cost / poisson_upper(k::bigint) end::double as lower,
        case when status = 'ok' and k > 0 then cost / poisson_lower(k::bigint) end::double as upper,
        case when status = 'ok' then round(cost) end::bigint as numerator,
        case when status = 'ok' then k end::bigint as denominator,
        case when status = 'ok' then k end::bigint as sample_size,
        status,
        reason
    from {{ rows }}
{%- endmacro %}

{# Between which bounds the share of `k` in `n` lies when it is not known of `unknown` of them whether they are among the k
   (Manski 1989): no best guess, and no chance in it. #}
{% macro bounds_rows(metric, rows) -%}
    select
        '{{ metric }}' as metric, scope_kind, scope_id, period_start, period_end, segment,
        null::double as value,
        case when status = 'ok' then k / n end::double as lower,
        case when status = 'ok' then (k + unknown) / n end::double as upper,
        case when status = 'ok' then k end::bigint as numerator,
        case when status = 'ok' then n end::bigint as denominator,
        case when status = 'ok' then n end::bigint as sample_size,
        status,
        reason
    from {{ rows }}
{%- endmacro %}
