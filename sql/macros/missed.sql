{# Which project of a scope was not watched from a day to another: the one whose data end first. A project is taken as
   ended, and missed by nobody, when all its sources ended a year before the span began; one source that stays behind
   while another goes on is missing, or its silence would be counted as nothing done. Joins `spans`, which has the
   columns scope_kind, scope_id, period_start, and the end named here. #}
{% macro missed(spans, end) -%}
    select
        s.scope_kind, s.scope_id, s.period_start, s.{{ end }},
        min_by(
            w.project_id || case when w.observed_until < w.project_observed_until then ' from '
                || case w.source when 'github' then 'GitHub' else replace(w.source, '_', ' ') end else '' end,
            (w.observed_until, w.project_id)
        ) as missed_project,
        min(w.observed_until) as missed_from,
        max(h.observed_until) > min(w.observed_until) + 1 as is_behind_others
    from {{ spans }} as s
    join {{ ref('int_scope_watched') }} as w
        on s.scope_kind = w.scope_kind and s.scope_id = w.scope_id
        and w.observed_until < s.{{ end }} and w.project_observed_until >= s.period_start - 365
    join {{ ref('int_scope_history') }} as h on s.scope_kind = h.scope_kind and s.scope_id = h.scope_id
    group by s.scope_kind, s.scope_id, s.period_start, s.{{ end }}
{%- endmacro %}

{# The sentence for it. #}
{% macro missed_reason() -%}
    'The data' || case when m.is_behind_others then ' of ' || m.missed_project else '' end || ' reach to '
        || {{ day('m.missed_from') }} || '; the period is not over in them.'
{%- endmacro %}
