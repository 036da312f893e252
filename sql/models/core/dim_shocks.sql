-- Days on which a lift must not be claimed, because something else happened that moves the numbers too.
with days as (
    select source, occurred_on, count(*) as acts
    from {{ ref('fct_activities') }}
    where project_id is not null
    group by source, occurred_on
),

spans as (
    select source, min(occurred_on) as first_on, max(occurred_on) as last_on from days group by source
),

spine as (
    select s.source, unnest(generate_series(s.first_on, s.last_on, interval 1 day))::date as occurred_on from spans as s
),

filled as (
    select s.source, s.occurred_on, coalesce(d.acts, 0) as acts
    from spine as s
    left join days as d on s.source = d.source and s.occurred_on = d.occurred_on
),

-- A day without anything, where the same weekday has ten acts or more in the four weeks before and after.
expected as (
    select
        *,
        avg(acts) over (
            partition by source, dayofweek(occurred_on) order by occurred_on
            rows between 4 preceding and 4 following exclude current row
        ) as usual
    from filled
),

silent as (
    select source, occurred_on, occurred_on - row_number() over (partition by source order by occurred_on)::integer as run
    from expected
    where acts = 0 and usual >= 10
)

select
    'release' as kind, a.occurred_on as starts_on, a.occurred_on as ends_on, 'project' as scope_kind,
    a.project_id as scope_id, 'a release was published' as what
from {{ ref('fct_activities') }} as a
where a.kind = 'release_published' and a.project_id is not null
group by all

union all

select 'outage', starts_on, ends_on, 'source', source, what from {{ ref('dim_source_breaks') }}

union all

select 'outage', min(occurred_on), max(occurred_on), 'source', source, 'nothing is held of days that are usually busy'
from silent
group by source, run

union all

select 'holiday', holiday_on, holiday_on, 'region', region, name from {{ ref('int_holidays') }}

union all

select
    'campaign', starts_on, (ends_on + coalesce(window_days, 0))::date, 'campaign', campaign_id,
    'a campaign runs, or its window'
from {{ ref('dim_campaigns') }}

union all

select 'event', starts_on, ends_on, 'event', event_id, 'an event of ours'
from {{ ref('dim_events') }}
where role is not null and not is_cancelled
