{# Whether somebody says thanks in their own words, in the languages in which that is looked for in mail too: not in what
   they quote, and not in advance. #}
{% macro says_thanks(text) -%}
    case
        when regexp_matches({{ text }}, '(?i)thank|thx|merci|danke|gracias|obrigad') then regexp_matches(
            regexp_replace(
                lower({{ text }}), '(^|\n) ?>[^\n]*|\b(thank(s| you)|thx|merci|danke|gracias|obrigad[oa])[ ,]*((very much|a lot) )?in advance',
                ' ', 'g'
            ),
            '\b(thank(s| you)|thx|merci|danke|gracias|obrigad[oa])\b'
        )
        else false
    end
{%- endmacro %}
