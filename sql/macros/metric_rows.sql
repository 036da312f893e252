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
   only the least that it may cost. All are rounded to cents. #}
{% macro cost_rows(metric, rows) -%}
    select
        '{{ metric }}' as metric, scope_kind, scope_id, period_start, period_end, segment,
        case when status = 'ok' and k > 0 then round(cost / k, 2) end::double as value,
        case when status = 'ok' then round(cost / poisson_upper(k::bigint), 2) end::double as lower,
        case when status = 'ok' and k > 0 then round(cost / poisson_lower(k::bigint), 2) end::double as upper,
        case when status = 'ok' then round(cost) end::bigint as numerator,
        case when status = 'ok' then k end::bigint as denominator,
        case when status = 'ok' then k end::bigint as sample_size,
        status,
        reason
    from {{ rows }}
{%- endmacro %}

{# What no source of ours tells yet: one row for the program, of the newest period that it is owed, with what is missing. #}
{% macro no_source_rows(metric, segment, reason) -%}
    select
        '{{ metric }}' as metric, scope_kind, scope_id, period_start, period_end, '{{ segment }}' as segment,
        null::double as value,
        null::double as lower,
        null::double as upper,
        null::bigint as numerator,
        null::bigint as denominator,
        null::bigint as sample_size,
        'no_data' as status,
        '{{ reason }}' as reason
    from {{ ref('int_scope_periods') }}
    where scope_kind = 'program'
    qualify row_number() over (order by grain = 'year' desc, period_end desc) = 1
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
