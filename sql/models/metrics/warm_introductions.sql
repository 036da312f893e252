-- Introductions to which both sides agreed, and what came of them within 90 days. Whoever keeps the sheet writes the
-- outcome as they like; a few words say that nothing came of it, and any other says that something did. A day may be
-- missing: then the outcome counts as in time. To whom, they write as they like too.
{% set places = {
    'to_product': 'product|engineering|roadmap',
    'to_docs': 'docs?|documentation|writers?',
    'to_hiring': 'hiring|hr|recruit\w*|talent|jobs?|careers?',
    'to_partners': 'partners?|partnerships?|alliances?|vendors?|customers?',
} %}
{% set nothing = '^(nothing|none|no|nope|declined|rejected|no (interest|answer|reply|response|outcome)|not interested|without answer|dead end)\\b' %}

with introductions as (
    select
        introduction_id, made_on,
        case
            when nullif(trim(outcome), '') is null or outcome_on > made_on + 90 then 'open'
            when regexp_matches(lower(trim(outcome)), '{{ nothing }}') then 'came_to_nothing'
            else 'led_somewhere'
        end as segment,
        case
            {%- for place, words in places.items() %}
            when regexp_matches(lower(introduced_to), '\b({{ words }})\b') then '{{ place }}'
            {%- endfor %}
            else 'to_others'
        end as place
    from {{ ref('fct_introductions') }}
),

owed as (
    select p.scope_kind, p.scope_id, p.period_start, p.period_end, p.status, p.reason, s.segment
    from {{ ref('int_followed_periods') }} as p
    cross join (select unnest(
        ['made', 'led_somewhere', 'came_to_nothing', 'open', '{{ places | join("', '") }}', 'to_others']
    ) as segment) as s
    where p.scope_kind = 'program' and p.grain = 'year' and p.follow_days = 90
),

judged as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, o.segment,
        count(i.introduction_id) as k,
        case
            when o.status <> 'ok' then o.status
            when f.first_on is null or f.first_on >= o.period_end then 'no_data'
            else 'ok'
        end as status,
        case
            when o.status <> 'ok' then o.reason
            when f.first_on is null then 'No introduction stands in introductions.csv.'
            when f.first_on >= o.period_end
                then 'The first introduction that is written down is of ' || {{ day('f.first_on') }} || '.'
        end as reason
    from owed as o
    cross join (select min(made_on) as first_on from introductions) as f
    left join introductions as i
        on i.made_on >= o.period_start and i.made_on < o.period_end
        and o.segment in ('made', i.segment, i.place)
    group by all
)

{{ count_rows('warm_introductions', 'judged') }}
