{# Text from outside with every e-mail address taken out, for what is published. #}
{% macro without_addresses(text) -%}
    regexp_replace({{ text }}, '[^\s@＠<>()]+[@＠]([\p{L}\p{M}\p{N}-]+(\.[\p{L}\p{M}\p{N}-]+)+|\[[0-9A-Fa-f.:]+\])', '[address removed]', 'g')
{%- endmacro %}
