{# The years and the calendar quarters for which the program and each community is owed a number or a reason. #}
{% macro years_and_quarters() -%}
    select scope_kind, scope_id, period_start, period_end, status, reason
    from {{ ref('int_scope_periods') }}
    where scope_kind in ('program', 'community') and grain = 'year'

    union all

    select scope_kind, scope_id, period_start, period_end, status, reason
    from {{ ref('int_scope_quarters') }}
{%- endmacro %}
