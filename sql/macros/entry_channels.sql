{# The channels by which somebody may have heard of us, as `sources/_channels.py` names them, and a campaign's link. #}
{% macro entry_channels() -%}
    {{ return([
        'word_of_mouth', 'invitation', 'mailing_list', 'newsletter', 'forum', 'chat', 'meetup', 'social_media', 'video',
        'podcast', 'blog', 'code_host', 'search', 'event', 'web_site', 'print', 'campaign', 'other'
    ]) }}
{%- endmacro %}

{# How somebody may have come, as the beginning of a segment: however, through an event or not, and by the channel that
   reached them first. #}
{% macro entry_ways() -%}
    ['', 'event_', 'organic_', 'unknown_', 'first_{{ entry_channels() | join("_', 'first_") }}_']
{%- endmacro %}

{# The two of them that hold of somebody, given their row of int_entry_channels, or none. #}
{% macro came_by(entry) -%}
    case when {{ entry }}.is_event_first then 'event_' else 'organic_' end as by_event,
        case when {{ entry }}.first_channel <> 'unknown' then 'first_' || {{ entry }}.first_channel || '_' else 'unknown_' end
            as by_channel
{%- endmacro %}
