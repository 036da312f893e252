{# Whether something was over within so many days of 24 hours; false while it is not over. #}
{% macro within_days(begin, end, days) -%}
    coalesce(date_diff('second', {{ begin }}, {{ end }}) <= {{ days }} * 86400, false)
{%- endmacro %}
