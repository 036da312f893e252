-- How long each source is known to have been watching each project. An archive on disk claims to reach to its newest
-- item; a silence after that which is no longer than is usual there (99 of 100 in two years) is taken as silence, not
-- as missing data. What was read today counts up to midnight, so that a second run on one day changes no number. What
-- tells of no contribution, such as traffic and stars, holds nothing back when it falls behind. Where a part was never
-- read to its end, nothing is known yet. A copy of a repository that nobody renews, or in which nothing happens, holds
-- nothing back either where GitHub tells the same commits: what git lacks is counted as GitHub has it.
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
        date_trunc('day', max(last_success_at)) as read_on,
        bool_or(source = 'github' and stream = 'commits' and rows_held > 0) as tells_commits
    from listed
    where is_begun and source <> 'github_repo_stats'
        and (source <> 'github' or stream in ('issues', 'change_requests', 'discussions', 'commits'))
    group by source, project_id
    having bool_and(last_success_at is not null) and max(observed_until) is not null
),

-- A number in place of two texts, and microseconds in place of instants: every act there is gets sorted here.
busy as (
    select source, project_id, row_number() over ()::integer as number, max(occurred_at) - interval 730 day as since
    from {{ ref('int_acts') }}
    where project_id is not null
    group by source, project_id
),

silences as (
    select
        b.number,
        a.occurred_at > b.since as is_recent,
        epoch_us(a.occurred_at) - lag(epoch_us(a.occurred_at)) over (
            partition by b.number order by epoch_us(a.occurred_at)
        ) as microseconds
    from {{ ref('int_acts') }} as a
    join busy as b on a.source = b.source and a.project_id = b.project_id
),

usual as (
    select number, to_seconds(quantile_cont(microseconds / 1000000, 0.99)) as silence
    from silences
    where is_recent and microseconds is not null
    group by number
),

reached as (
    select
        c.source,
        c.project_id,
        c.tells_commits,
        greatest(c.claimed, least(c.read_on, c.claimed + coalesce(u.silence, interval 0 day))) as observed_until
    from claims as c
    left join busy as b on c.source = b.source and c.project_id = b.project_id
    left join usual as u on b.number = u.number
)

select r.source, r.project_id, greatest(r.observed_until, g.observed_until) as observed_until
from reached as r
left join reached as g on r.source = 'git' and g.source = 'github' and g.tells_commits and r.project_id = g.project_id
