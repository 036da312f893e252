with levels as (
    select unnest([
        {'segment': 'd0', 'level': 0}, {'segment': 'd1', 'level': 1}, {'segment': 'd2', 'level': 2}
    ], recursive := true)
),

-- Where no star or fork was ever told, nobody knows who gave one.
with_stars as (
    select distinct scope_kind, scope_id from {{ ref('int_level_firsts') }} where d0_on is not null
),

counted as (
    select
        scope_kind, scope_id, quarter,
        count(*) filter (level = 0) as d0, count(*) filter (level = 1) as d1, count(*) filter (level = 2) as d2,
        count(*) as n
    from {{ ref('int_level_quarters') }}
    group by scope_kind, scope_id, quarter
),

judged as (
    select
        q.scope_kind, q.scope_id, q.period_start, q.period_end, l.segment,
        case l.level when 0 then c.d0 when 1 then c.d1 else c.d2 end as k,
        coalesce(c.n, 0) as n,
        case
            when l.level > 0 and not coalesce(t.has_conversations and t.has_changes, false) then 'no_data'
            when q.status <> 'ok' then q.status
            when l.level = 0 and w.scope_id is null then 'no_data'
            when coalesce(c.n, 0) = 0 then 'no_data'
            else 'ok'
        end as status,
        case
            when l.level > 0 and not coalesce(t.has_conversations, false) then {{ no_conversations_told() }}
            when l.level > 0 and not t.has_changes then {{ no_changes_told() }}
            when q.status <> 'ok' then q.reason
            when l.level = 0 and w.scope_id is null then 'No source tells who gave a star or made a fork.'
            when coalesce(c.n, 0) = 0 then 'Nobody from outside did anything in this period.'
        end as reason
    from {{ ref('int_scope_quarters') }} as q
    cross join levels as l
    left join {{ ref('int_scope_tells') }} as t on q.scope_kind = t.scope_kind and q.scope_id = t.scope_id
    left join with_stars as w on q.scope_kind = w.scope_kind and q.scope_id = w.scope_id
    left join counted as c
        on q.scope_kind = c.scope_kind and q.scope_id = c.scope_id and q.period_start = c.quarter
)

{{ proportion_rows('engagement_level_mix', 'judged') }}
