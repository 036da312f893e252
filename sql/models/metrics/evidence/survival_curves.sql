-- Each metric with curves brings a model of these columns: name both here. A curve stands behind a number that is told.
{% set curves = {'time_to_first_activity': 'int_event_curves', 'contributor_lifetime': 'int_lifetime_curves'} %}

{% for metric, steps in curves.items() %}
select c.*
from {{ ref(steps) }} as c
semi join {{ ref(metric) }} as m
    on m.status = 'ok' and c.scope_kind = m.scope_kind and c.scope_id = m.scope_id
    and c.period_start = m.period_start and c.period_end = m.period_end and c.segment = m.segment
{{ 'union all' if not loop.last }}
{% endfor %}
