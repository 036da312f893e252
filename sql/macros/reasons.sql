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

{# Of what no source of a scope tells, see int_scope_tells. #}
{% macro no_conversations_told() -%}
    'No source tells of questions and answers here: it takes GitHub or a mailing list.'
{%- endmacro %}

{% macro no_tracker_told() -%}
    'No source tells of issues and change requests here: it takes GitHub.'
{%- endmacro %}

{% macro no_changes_told() -%}
    'No source tells of changes here: it takes GitHub or git.'
{%- endmacro %}
