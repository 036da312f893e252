{# Between which instants a reading of GitHub's last 14 days sees the whole of a UTC day: when it has been over for an
   hour, for GitHub counts hourly, and before the window, which moves by the minute, begins in it. #}
{% macro seen_whole_from(day) -%} (({{ day }}::timestamp at time zone 'UTC') + interval 25 hour) {%- endmacro %}
{% macro seen_whole_until(day) -%} (({{ day }}::timestamp at time zone 'UTC') + interval 336 hour) {%- endmacro %}

{# Every version of every day that a traffic stream holds, of the instances that the settings still name. #}
{% macro traffic_versions(source_name) -%}
    select
        raw.instance,
        listed.project_id,
        (try_cast(raw.payload ->> '$.timestamp' as timestamptz) at time zone 'UTC')::date as day,
        raw.payload ->> '$.kind' as kind,
        try_cast(raw.payload ->> '$.count' as bigint) as total,
        try_cast(raw.payload ->> '$.uniques' as bigint) as uniques,
        try_cast(raw.payload ->> '$.asOf' as timestamptz) as told_at,
        raw.fetched_at
    from {{ source('raw', source_name ~ '__traffic') }} as raw
    join {{ source('meta', 'sources') }} as listed
        on listed.source = '{{ source_name }}' and listed.stream = 'traffic'
        and listed.instance = raw.instance and listed.is_configured
{%- endmacro %}

{# The newest list of each day and kind that a traffic stream holds, a row for each name in it. #}
{% macro traffic_lists(source_name) -%}
    with newest as ({{ newest(source_name, 'traffic') }}),

    lists as (
        select
            project_id,
            try_cast(left(payload ->> '$.asOf', 10) as date) as as_of,
            case payload ->> '$.kind' when 'referrers' then 'referrer' when 'paths' then 'path' end as kind,
            payload -> '$.list[*]' as entries
        from newest
        where payload ->> '$.kind' in ('referrers', 'paths')
        qualify row_number() over (
            partition by project_id, as_of, kind order by payload ->> '$.asOf' desc, fetched_at desc
        ) = 1
    ),

    named as (
        select project_id, as_of, kind, coalesce(entry ->> '$.referrer', entry ->> '$.path') as name, entry
        from lists, unnest(entries) as t(entry)
    )

    select
        project_id,
        as_of,
        kind,
        name,
        max(try_cast(entry ->> '$.count' as bigint)) as views,
        max(try_cast(entry ->> '$.uniques' as bigint)) as unique_visitors
    from named
    where name is not null
    group by project_id, as_of, kind, name
{%- endmacro %}
