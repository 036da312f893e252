{# The one shape of every metric: no number without a status, no status but `ok` without a reason, no number with it. #}
{% test metric_shape(model) %}
    select *
    from {{ model }}
    where metric <> '{{ model.name }}'
        or scope_kind not in ('program', 'community', 'project', 'event')
        or scope_id is null or period_start is null or period_end <= period_start or segment is null
        or status not in ('ok', 'too_early', 'suppressed', 'refused', 'no_data')
        or (status = 'ok') <> (reason is null)
        or (status <> 'ok' and (value is not null or lower is not null or upper is not null))
        or (status <> 'ok' and (numerator is not null or denominator is not null))
        or (status = 'ok' and sample_size is null)
        or numerator > denominator or value < 0 or lower > value or upper < value
        or (status = 'ok' and denominator is not null and (numerator is null or denominator = 0))

    union all

    select any_value(columns(*))
    from {{ model }}
    group by scope_kind, scope_id, period_start, period_end, segment
    having count(*) > 1
{% endtest %}
