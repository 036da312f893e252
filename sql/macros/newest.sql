{# The newest version of each key of a raw stream, of the instances that the settings still name: by the source's
   own date first, so that an older dump read later changes nothing. #}
{% macro newest(source_name, stream) -%}
    select raw.instance, raw.key, raw.updated_at, raw.payload, raw.fetched_at, listed.project_id
    from {{ source('raw', source_name ~ '__' ~ stream) }} as raw
    join {{ source('meta', 'sources') }} as listed
        on listed.source = '{{ source_name }}' and listed.stream = '{{ stream }}'
        and listed.instance = raw.instance and listed.is_configured
    qualify row_number() over (partition by raw.instance, raw.key order by raw.updated_at desc nulls last, raw.fetched_at desc) = 1
{%- endmacro %}
