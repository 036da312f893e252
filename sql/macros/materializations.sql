{#- Tables and views that take the old one's place in one statement: who reads the warehouse sees the one or the other.

dbt's own materializations build beside the old one, rename both and drop one: five statements more for each model, a
quarter of the time of a small build. Hooks, grants, contracts and comments are left out; no model has any. -#}
{% materialization table, adapter="duckdb", supported_languages=["sql", "python"] %}
  {%- set target = this.incorporate(type="table") -%}
  {% do take_away_other(target) %}
  {% call statement("main", language=model["language"]) %}
    {%- if model["language"] == "sql" -%}
      create or replace table {{ target }} as ({{ compiled_code }})
    {%- else -%}
{{ compiled_code }}

def materialize(result, connection):
    connection.register("result", result)
    connection.execute('create or replace table {{ target }} as from result')
    connection.unregister("result")
    {%- endif -%}
  {% endcall %}
  {{ adapter.commit() }}
  {{ return({"relations": [target]}) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
  {%- set target = this.incorporate(type="view") -%}
  {% do take_away_other(target) %}
  {% call statement("main") %}
    create or replace view {{ target }} as ({{ compiled_code }})
  {% endcall %}
  {{ adapter.commit() }}
  {{ return({"relations": [target]}) }}
{% endmaterialization %}

{#- A view cannot replace a table, nor a table a view. -#}
{% macro take_away_other(target) %}
  {% set old = load_cached_relation(target) %}
  {% if old is not none and old.type != target.type %}
    {% do adapter.drop_relation(old) %}
  {% endif %}
{% endmacro %}
