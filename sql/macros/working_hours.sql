{# How many working hours there were before an instant, given its own row of int_working_days and the OSPO's time zone. #}
{% macro working_hours(day, instant, zone) -%}
    ({{ day }}.hours_before + case when {{ day }}.is_working
        then greatest(0, least(8, date_diff('second', {{ day }}.day::timestamp, {{ instant }} at time zone {{ zone }}) / 3600.0 - 9))
        else 0 end)
{%- endmacro %}
