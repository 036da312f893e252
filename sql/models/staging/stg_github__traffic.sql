-- A value that did not change is not kept again, but every night brings something: whenever anything of a repository's
-- traffic was fetched, all of its window was seen.
with told as ({{ traffic_versions('github') }}),

readings as (select distinct instance, fetched_at from told),

days as (
    select instance, project_id, day, kind, max(total) as total, max(uniques) as uniques
    from told
    where kind in ('views', 'clones') and day is not null
    group by instance, project_id, day, kind
)

select
    d.project_id,
    d.day,
    d.kind,
    max(d.total) as total,
    max(d.uniques) as uniques,
    bool_and(coalesce(r.fetched_at > {{ seen_whole_until('d.day') }}, true)) as is_partial
from days as d
asof left join readings as r on d.instance = r.instance and {{ seen_whole_from('d.day') }} <= r.fetched_at
group by d.project_id, d.day, d.kind
