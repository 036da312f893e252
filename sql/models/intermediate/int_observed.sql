-- How long each source is known to have been watching each project. An archive on disk claims to reach to its newest
-- item; a silence after that which is no longer than is usual there (99 of 100 in two years) is taken as silence, not
-- as missing data. What was read today counts up to midnight, so that a second run on one day changes no number. What
-- tells of no contribution, such as traffic and stars, holds nothing back when it falls behind. Where a part was never
-- read to its end, nothing is known yet.
with listed as (
    select *, bool_or(last_success_at is not null) over (partition by source, instance) as is_begun
    from {{ source('meta', 'sources') }}
    where is_configured and project_id is not null
),

claims as (
    select
        source,
        project_id,
        min(case when observed_until > last_success_at - interval 1 day then date_trunc('day', observed_until)
            else observed_until end) as claimed,
        date_trunc('day', max(last_success_at)) as read_on
    from listed
    where is_begun and source <> 'github_repo_stats'
        and (source <> 'github' or stream in ('issues', 'change_requests', 'discussions', 'commits'))
    group by source, project_id
    having bool_and(last_success_at is not null) and max(observed_until) is not null
),

silences as (
    select
        source,
        project_id,
        occurred_at - lag(occurred_at) over (partition by source, project_id order by occurred_at) as silence
    from {{ ref('int_acts') }}
    where project_id is not null
    qualify occurred_at > max(occurred_at) over (partition by source, project_id) - interval 730 day
),

usual as (
    select source, project_id, to_seconds(quantile_cont(epoch(silence), 0.99)) as silence
    from silences
    where silence is not null
    group by source, project_id
)

select
    c.source,
    c.project_id,
    greatest(c.claimed, least(c.read_on, c.claimed + coalesce(u.silence, interval 0 day))) as observed_until
from claims as c
left join usual as u on c.source = u.source and c.project_id = u.project_id
