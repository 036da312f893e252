{# Whether something is dated no more than a day before another; as numbers, for a time zone is asked for each row else. #}
{% macro not_long_before(instant, other) -%}
    epoch_us({{ instant }}) >= epoch_us({{ other }}) - 86400000000
{%- endmacro %}
