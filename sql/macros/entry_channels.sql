{# The channels by which somebody may have heard of us, as `sources/_channels.py` names them, and a campaign's link. #}
{% macro entry_channels() -%}
    {{ return([
        'word_of_mouth', 'invitation', 'mailing_list', 'newsletter', 'forum', 'chat', 'meetup', 'social_media', 'video',
        'podcast', 'blog', 'code_host', 'search', 'event', 'web_site', 'print', 'campaign', 'other'
    ]) }}
{%- endmacro %}
