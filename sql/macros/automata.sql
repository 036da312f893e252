{# Whether a name reads like a human being's: two to five words with a capital in front, none of them what a machine
   or a team is called. #}
{% macro reads_like_a_human_name(name) -%}
    (regexp_matches({{ name }}, '^\p{Lu}[\p{L}\p{M}''’.-]*( \p{L}[\p{L}\p{M}''’.-]*){1,4}$')
    and not regexp_matches({{ name }}, '(^|[ -])(bot|robot|ci|cla|builds?|buildbot|builder|jenkins|automation|automated|services?|account|machine|team|user|admin|releases?|deploy|sync|tests?|github|gitlab|actions?|system|infra|infrastructure|tools?|developers?|project|group|committer|zuul|translations?|integration|continuous|updat(e|er|es)|version|merge|prow|agent|daemon|server|reports?|notifications?|mailer)($|[ -])', 'i'))
{%- endmacro %}

{# What a text is like once everything is taken out that a template fills in: numbers, hashes, names of people. Only its
   beginning counts, and what is so short that people say it again and again (thanks, +1, /lgtm) is null. It is a hash:
   the text itself goes no further. #}
{% macro text_shape(text) -%}
    {%- set shape -%}
        regexp_replace(lower(left({{ text }}, 80)), '@[a-z0-9-]+|[0-9a-f]*[0-9][0-9a-f.]*|\s+', ' ', 'g')
    {%- endset -%}
    case when len({{ text }}) >= 20 then hash({{ shape }}) end
{%- endmacro %}

{# Whether a change request that a human being opened was begun by a software agent on their behalf: by the name that
   agents give to their branches, or by the line that they leave below what they wrote. #}
{% macro is_begun_by_agent(branch, body) -%}
    coalesce(regexp_matches(
        lower({{ branch }}),
        '^(copilot|codex|claude|cursor|devin|jules|openhands|amazon-?q|q-dev|sweep|windsurf|kiro|gemini|cosine|roomote)/'
    ), false)
    or coalesce(regexp_matches(
        {{ body }},
        '(?i)\b(generated|created|written|made|opened)\s+(with|by|using)\s+\W{0,4}(github copilot|copilot coding agent|claude code|claude|openai codex|codex|cursor|devin|google jules|jules|gemini cli|amazon q|aider|openhands|windsurf|amp code|ampcode|kiro|opencode|junie|factory droid)\b'
    ), false)
{%- endmacro %}
