{# Whether something is dated no more than a day before another; as numbers, or a time zone would be asked for each row. #}
{% macro not_long_before(instant, other) -%}
    epoch_us({{ instant }}) >= epoch_us({{ other }}) - 86400000000
{%- endmacro %}
