{# Whether something was over within so many days of 24 hours; false while it is not over, and of what is dated before it
   began. #}
{% macro within_days(begin, end, days) -%}
    coalesce(epoch_us({{ end }}) - epoch_us({{ begin }}) between 0 and {{ days }} * 86400000000, false)
{%- endmacro %}
