{# The one shape of every metric: no number without a status, no status but `ok` without a reason, no number with it.
   Of a refused row the sample may say how few they were: for the folding, and it is not published.
   Only a difference and a score may be below zero; a cost's numerator is money and its denominator people, who may be
   none: then it has a lower bound and no value. #}
{% test metric_shape(model) %}
    {%- set kind = (graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | selectattr('name', 'equalto', model.name) | first).config.meta.kind if execute else '' %}
    select *
    from {{ model }}
    where metric <> '{{ model.name }}'
        or scope_kind not in ('program', 'community', 'project', 'event', 'campaign')
        or scope_id is null or period_start is null or period_end <= period_start or segment is null
        or status not in ('ok', 'too_early', 'suppressed', 'refused', 'no_data')
        or (status = 'ok') <> (reason is null)
        or (status <> 'ok' and (value is not null or lower is not null or upper is not null))
        or (status <> 'ok' and (numerator is not null or denominator is not null))
        or (status = 'ok' and sample_size is null)
        or (status not in ('ok', 'refused') and sample_size is not null)
        or lower > value or upper < value or lower > upper
        {%- if kind not in ('difference', 'score') %}
        or value < 0 or lower < 0
        {%- endif %}
        {%- if kind == 'cost' %}
        or (status = 'ok' and (numerator is null or denominator is null or lower is null))
        or (status = 'ok' and denominator > 0 and (value is null or upper is null))
        {%- else %}
        or numerator > denominator
        or (status = 'ok' and denominator is not null and (numerator is null or denominator = 0))
        {%- endif %}
        {%- if kind == 'proportion' %}
        or (status = 'ok' and (numerator is null or denominator is null or lower is null or upper is null))
        {%- endif %}

    union all

    select any_value(columns(*))
    from {{ model }}
    group by scope_kind, scope_id, period_start, period_end, segment
    having count(*) > 1
{% endtest %}
