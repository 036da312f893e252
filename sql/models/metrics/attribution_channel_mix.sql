-- Two rules, side by side: the channel that first is known to have reached somebody, and the last. Where they disagree
-- about more than one in five, or where of more than two in five nobody knows, no channel is given a share: a ranking
-- would rank the rule, or those who filled in a form. The linear rule gives fractions of people, which are no k of n;
-- it stands beside the two in attribution_rules.
{% set most_unknown = 0.4 %}
{% set most_disagreement = 0.2 %}

with owed as (
    select scope_kind, scope_id, period_start, period_end, newness_known_from, history_starts_on, status, reason
    from {{ ref('int_followed_periods') }}
    where follow_days = 90 and grain = 'year' and scope_kind in ('program', 'community')
),

engaged as (
    select o.scope_kind, o.scope_id, o.period_start, o.period_end, n.first_channel, n.last_channel
    from owed as o
    join {{ ref('int_engaged_newcomers') }} as n
        on o.scope_kind = n.scope_kind and o.scope_id = n.scope_id
        and n.first_on >= o.period_start and n.first_on < o.period_end
    where n.is_engaged
),

totals as (
    select
        scope_kind, scope_id, period_start, period_end,
        count(*) as n,
        count(*) filter (first_channel = 'unknown') as unknown
    from engaged
    group by all
),

credited as (
    select
        scope_kind, scope_id, period_start, period_end,
        unnest(['first', 'last']) as rule, unnest([first_channel, last_channel]) as channel
    from engaged
),

counted as (
    select scope_kind, scope_id, period_start, period_end, rule, channel, count(*) as k
    from credited
    group by all
),

of_channels as (
    select
        scope_kind, scope_id, period_start, period_end, channel,
        coalesce(sum(k) filter (rule = 'first'), 0) as of_first,
        coalesce(sum(k) filter (rule = 'last'), 0) as of_last
    from counted
    group by all
),

disagreements as (
    select
        scope_kind, scope_id, period_start, period_end,
        sum(abs(of_first - of_last)) / 2 as moved
    from of_channels
    group by all
),

segments as (
    select rule || '_' || channel as segment, rule, channel
    from (select unnest({{ entry_channels() }}) as channel), (select unnest(['first', 'last']) as rule)

    union all

    select 'unknown', 'first', 'unknown'
),

judged as (
    select
        o.scope_kind, o.scope_id, o.period_start, o.period_end, s.segment,
        coalesce(c.k, 0) as k,
        coalesce(t.n, 0) as n,
        case
            when o.period_start < o.newness_known_from then 'refused'
            when o.status <> 'ok' then o.status
            when coalesce(t.n, 0) = 0 then 'no_data'
            when t.n < p.smallest_group then 'suppressed'
            when s.segment = 'unknown' then 'ok'
            when t.unknown > {{ most_unknown }} * t.n or d.moved > {{ most_disagreement }} * t.n then 'refused'
            else 'ok'
        end as status,
        case
            when o.period_start < o.newness_known_from
                then 'The data begin on ' || {{ day('o.history_starts_on') }}
                    || '; in their first year old hands look new.'
            when o.status <> 'ok' then o.reason
            when coalesce(t.n, 0) = 0
                then 'Nobody from outside who was new in this period was active on two days or more within 90 days.'
            when t.n < p.smallest_group then 'Fewer than ' || p.smallest_group || ' newcomers were engaged.'
            when s.segment = 'unknown' then null
            when t.unknown > {{ most_unknown }} * t.n
                then 'Of more than two in five engaged newcomers nobody knows how they came, so the channels cannot be ranked.'
            when d.moved > {{ most_disagreement }} * t.n
                then 'First and last touch disagree about more than one in five engaged newcomers, so a ranking of the channels'
                    || ' would follow from the rule.'
        end as reason
    from owed as o
    cross join segments as s
    cross join {{ source('config', 'ospo') }} as p
    left join totals as t
        on o.scope_kind = t.scope_kind and o.scope_id = t.scope_id
        and o.period_start = t.period_start and o.period_end = t.period_end
    left join disagreements as d
        on o.scope_kind = d.scope_kind and o.scope_id = d.scope_id
        and o.period_start = d.period_start and o.period_end = d.period_end
    left join counted as c
        on o.scope_kind = c.scope_kind and o.scope_id = c.scope_id
        and o.period_start = c.period_start and o.period_end = c.period_end
        and s.rule = c.rule and s.channel = c.channel
)

{{ proportion_rows('attribution_channel_mix', 'judged') }}
