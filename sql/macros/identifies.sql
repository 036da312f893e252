{# Whether an address can be of one person only: not one that git makes of a user and a machine, nor one of a manual. #}
{% macro identifies(address) -%}
    coalesce(
        regexp_matches({{ address }}, '^[^@\s]+@([^@\s]*[^@\s.]\.)+\pL[\pL\pN-]+$')
        and not regexp_matches(
            lower({{ address }}),
            '@([^@]+\.)?(localhost|localdomain|local|lan|internal|intranet|invalid|home)$'
            || '|^(you|your[._-]?(name|e?mail)|user(name)?|e?mail|name|me|none|unknown|nobody|noreply|no-reply|test(er)?|root'
            || '|admin|foo|dev|john(\.?doe)?|git)@((your[._-]?)?(example|domain|company|email)|users\.noreply\.github)'
            || '\.(com|org|net)$|@(test|foo|bar|none|localhost)\.com$|^(noreply|git|actions)@github\.com$'
        ),
        false
    )
{%- endmacro %}

{# Whoever an address does not identify, by a name of several words in its own place; a single word may be many people's,
   and stands with what there is of an address. #}
{% macro by_name(project, name, address) -%}
    {{ project }} || ' ' || case
        when {{ address }} is null or contains(trim({{ name }}), ' ') then {{ name }}
        else concat_ws(' ', {{ name }}, lower({{ address }}))
    end
{%- endmacro %}
