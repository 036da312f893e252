{# The part of the world in which a clock stands that is so many minutes ahead of UTC. #}
{% macro clock_band(minutes) -%}
    case
        when {{ minutes }} <= -120 then 'americas'
        when {{ minutes }} <= 180 then 'europe_africa'
        when {{ minutes }} <= 390 then 'south_asia'
        else 'east_asia_pacific'
    end
{%- endmacro %}
