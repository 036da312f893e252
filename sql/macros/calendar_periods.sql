{# Every calendar week or quarter for which the program and each community is owed a number or a reason. It counts when every
   project of the scope was watched from its first day to its end. #}
{% macro calendar_periods(grain, length) -%}
with spans as (
    select
        scope_kind, scope_id, '{{ grain }}' as grain, history_starts_on, newness_known_from, observed_until,
        period_start::date as period_start, (period_start + interval {{ length }})::date as period_end
    from (
        select
            *,
            unnest(generate_series(date_trunc('{{ grain }}', history_starts_on), observed_until, interval {{ length }}))
                as period_start
        from {{ ref('int_scope_history') }}
        where scope_kind in ('program', 'community')
    )
),

missed as ({{ missed('spans', 'period_end') }})

select
    s.*,
    case when m.missed_from is not null or s.period_start < s.history_starts_on then 'too_early' else 'ok' end as status,
    case
        when m.missed_from is not null then {{ missed_reason() }}
        when s.period_start < s.history_starts_on
            then 'The data begin on ' || {{ day('s.history_starts_on') }} || ', so they hold a part of the period only.'
    end as reason
from spans as s
left join missed as m
    on s.scope_kind = m.scope_kind and s.scope_id = m.scope_id
    and s.period_start = m.period_start and s.period_end = m.period_end
{%- endmacro %}
