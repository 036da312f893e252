{# Of all that began in a period and was followed for so many days, how many of how many: rows of `monthly` (scope_kind,
   scope_id, month, segment, k, n) added up over every period that is owed to the scopes and segments of `owed`: to those
   that are `is_yearly` by years only, for in a month there are too few. #}
{% macro followed_counts(owed, monthly, follow_days) -%}
    select
        p.scope_kind, p.scope_id, p.period_start, p.period_end, o.segment, p.newness_known_from, p.history_starts_on,
        p.status, p.reason, coalesce(sum(m.k), 0)::bigint as k, coalesce(sum(m.n), 0)::bigint as n
    from {{ ref('int_followed_periods') }} as p
    join {{ owed }} as o on p.scope_kind = o.scope_kind and p.scope_id = o.scope_id
    left join {{ monthly }} as m
        on p.scope_kind = m.scope_kind and p.scope_id = m.scope_id and o.segment = m.segment
        and m.month >= p.period_start and m.month < p.period_end
    where p.follow_days = {{ follow_days }} and (p.grain = 'year' or not o.is_yearly)
    group by all
{%- endmacro %}
