{# Text from outside with every e-mail address taken out, for what is published. #}
{% macro without_addresses(text) -%}
    regexp_replace({{ text }}, '[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+', '[address removed]', 'g')
{%- endmacro %}
