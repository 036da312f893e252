{# Whoever GitHub's GraphQL names as author or actor. #}
{% macro actor_shape() -%}
    {{ return({'__typename': 'VARCHAR', 'login': 'VARCHAR'}) }}
{%- endmacro %}

{# Their login as everybody else spells it: of a bot's, GraphQL leaves out the "[bot]" with which it ends in REST, git
   and GH Archive. #}
{% macro actor_login(actor) -%}
    case when {{ actor }}.__typename = 'Bot' and not ends_with({{ actor }}.login, '[bot]')
        then {{ actor }}.login || '[bot]' else {{ actor }}.login end
{%- endmacro %}

{# What kind of account it is: User, Bot, Mannequin, Organization or EnterpriseUserAccount. #}
{% macro actor_type(actor) -%} {{ actor }}.__typename {%- endmacro %}

{# Who gave a star; of whoever was erased, and is called `ghost` ever since, only the second tells. #}
{% macro star_giver(login, given_at) -%}
    case when lower({{ login }}) = 'ghost' then 'ghost ' || epoch({{ given_at }})::bigint else lower({{ login }}) end
{%- endmacro %}
