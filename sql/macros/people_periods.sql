{# Of each of these periods a count of people is owed for people from outside, our own people, bots, and agents. Where
   ospo.toml does not say who is ours, there is no number for our own people. #}
{% macro people_periods(periods) -%}
with segments as (
    select
        unnest(['outside', 'own', 'bots', 'agents']) as segment,
        exists (from {{ source('config', 'own_domains') }}) or exists (from {{ source('config', 'own_organizations') }})
            as is_own_known
)

select
    p.* exclude (status, reason),
    s.segment,
    case when p.status = 'ok' and s.segment = 'own' and not s.is_own_known then 'no_data' else p.status end as status,
    case when p.status = 'ok' and s.segment = 'own' and not s.is_own_known
        then 'ospo.toml names neither own_domains nor own_organizations, so our own people cannot be told from people from outside.'
        else p.reason end as reason
from {{ periods }} as p
cross join segments as s
{%- endmacro %}
