{# What people did, by month and by the organization for which they did it; `acts` has a person_id, a day occurred_on, an
   organization_id, contributions, and the columns of `place`. An organization with few people is shown together with
   others elsewhere, but counted for itself here; on a day with two such it is the first by name. #}
{% macro monthly_by_organization(acts, place) -%}
    select
        a.person_id,
        {% for column in place -%} a.{{ column }}, {% endfor %}
        a.month,
        case when o.kind = 'independent' then 'independent' else a.employer end as organization_id,
        sum(a.contributions)::bigint as contributions
    from (
        select
            t.* exclude (organization_id, occurred_on),
            date_trunc('month', t.occurred_on)::date as month,
            case when t.organization_id = 'other' then coalesce(d.organization_id, 'unknown') else t.organization_id end
                as employer
        from {{ acts }} as t
        left join (
            select d.person_id, d.occurred_on, min(d.organization_id) as organization_id
            from {{ ref('int_affiliated_days') }} as d
            join {{ ref('int_organizations') }} as o
                on d.organization_id = o.organization_id and o.shown_organization_id = 'other'
            group by d.person_id, d.occurred_on
        ) as d on t.person_id = d.person_id and t.occurred_on = d.occurred_on
    ) as a
    left join {{ ref('int_organizations') }} as o on a.employer = o.organization_id
    group by all
{%- endmacro %}
