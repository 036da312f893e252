{# How many working hours there were before an instant by the OSPO's clock, given its own row of int_working_days. #}
{% macro working_hours(day, by_clock) -%}
    ({{ day }}.hours_before + case when {{ day }}.is_working
        then greatest(0, least(8, date_diff('second', {{ day }}.day::timestamp, {{ by_clock }}) / 3600.0 - 9))
        else 0 end)
{%- endmacro %}
