{# Why nobody can be told apart as new, in a period that begins before `newness_known_from`. #}
{% macro newness_reason() -%}
    'The data begin on ' || {{ day('history_starts_on') }}
        || '; in their first year old hands look new, so newcomers cannot be told apart yet.'
{%- endmacro %}
