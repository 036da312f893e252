-- A contribution is something that somebody made: a commit or merge, an issue, a change request, a discussion, a
-- comment, a review, a release, a message. Talks are left out while nothing connects a speaker with their commits.
-- `segment` says for whom it counts: people from outside, our own people, bots, or software agents.
select
    person_id,
    project_id,
    occurred_on,
    case when is_agent then 'agents' when is_bot then 'bots' when is_own then 'own' else 'outside' end as segment,
    count(*) as acts,
    count(*) filter (kind = 'commit_authored') as commits,
    count(*) filter (kind not in ('commit_authored', 'commit_merged', 'release_published')) as conversations
from {{ ref('fct_activities') }}
where level in ('D1', 'D2') and person_id is not null and project_id is not null
    and kind not in ('change_request_merged', 'change_request_closed', 'issue_closed', 'talk_given')
group by all
