{# A date as people write it: 31 October 2026. #}
{% macro day(date) -%} strftime({{ date }}, '%-d %B %Y') {%- endmacro %}
