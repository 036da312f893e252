{# Bounds of the 95 % interval of a proportion of k in n (Wilson 1927); null where n is 0. #}
{% macro wilson_lower(k, n) -%}
    case when {{ n }} > 0 then greatest(0, (
        {{ k }} / {{ n }} + 1.920729410347 / {{ n }}
        - 1.959963984540 * sqrt({{ k }}::double * ({{ n }} - {{ k }}) / {{ n }} / {{ n }} / {{ n }} + 0.960364705174 / {{ n }} / {{ n }})
    ) / (1 + 3.841458820694 / {{ n }})) end
{%- endmacro %}

{% macro wilson_upper(k, n) -%}
    case when {{ n }} > 0 then least(1, (
        {{ k }} / {{ n }} + 1.920729410347 / {{ n }}
        + 1.959963984540 * sqrt({{ k }}::double * ({{ n }} - {{ k }}) / {{ n }} / {{ n }} / {{ n }} + 0.960364705174 / {{ n }} / {{ n }})
    ) / (1 + 3.841458820694 / {{ n }})) end
{%- endmacro %}
