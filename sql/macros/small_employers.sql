{# For which organization with few people, shown together with others elsewhere, somebody acted on a day; on a day with two
   such it is the first by name. #}
{% macro small_employers() -%}
    select d.person_id, d.occurred_on, min(d.organization_id) as organization_id
    from {{ ref('int_affiliated_days') }} as d
    join {{ ref('int_organizations') }} as o
        on d.organization_id = o.organization_id and o.shown_organization_id = 'other'
    group by d.person_id, d.occurred_on
{%- endmacro %}
