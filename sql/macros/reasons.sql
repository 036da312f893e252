{# Sentences that several metrics give for a missing number. #}

{# Of what must be followed for a while; `behind` names the project that is behind the others, where one is. #}
{% macro not_yet(behind, known_from) -%}
    'Too early: it can be told once the data' || coalesce(' of ' || {{ behind }}, '') || ' reach to '
        || {{ day(known_from) }} || '.'
{%- endmacro %}

{# Of who was new before anybody can be called new. #}
{% macro newness_unknown(history_starts_on) -%}
    'The data begin on ' || {{ day(history_starts_on) }} || '; in their first year old hands look new.'
{%- endmacro %}
