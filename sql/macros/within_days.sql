{# Whether something was over within so many days of 24 hours; false while it is not over, and of what is dated before it
   began. #}
{% macro within_days(begin, end, days) -%}
    coalesce(date_diff('second', {{ begin }}, {{ end }}) between 0 and {{ days }} * 86400, false)
{%- endmacro %}
