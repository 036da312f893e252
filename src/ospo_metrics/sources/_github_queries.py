"""Every question that we ask GitHub in GraphQL, as text.

A question about many things at once names them by aliases: `r0`, `r1` for repositories, `t0`, `t1` for lists
that are continued. What is asked of a node stands in `_FIELDS`; the lists within it are written by `_connection`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ospo_metrics.sources._github_listings import LISTINGS, NESTED, Listing, Nested

_LIMIT = "rateLimit { cost limit remaining resetAt }"
_PAGE = "pageInfo { hasNextPage endCursor }"
_PAGES = {"first": _PAGE, "last": "pageInfo { hasPreviousPage startCursor }"}
_CURSORS = {"first": "after", "last": "before"}

_ACTOR = """fragment Actor on Actor {
  __typename login
  ... on User { id databaseId name company location createdAt }
  ... on Bot { id databaseId createdAt }
  ... on Organization { id databaseId name location createdAt }
  ... on Mannequin { id databaseId createdAt }
  ... on EnterpriseUserAccount { id name createdAt }
}"""

_PULSE = """fragment Pulse on Repository {
  id databaseId nameWithOwner url description createdAt updatedAt pushedAt
  isArchived isEmpty isFork isDisabled isPrivate isMirror
  parent { nameWithOwner } owner { __typename login } primaryLanguage { name } licenseInfo { spdxId }
  codeOfConduct { key } contributingGuidelines { url } isSecurityPolicyEnabled
  issueTemplates { name } pullRequestTemplates { filename }
  hasIssuesEnabled hasDiscussionsEnabled viewerPermission
  stargazerCount forkCount forks { totalCount } watchers { totalCount }
  issues { totalCount } openIssues: issues(states: OPEN) { totalCount }
  pullRequests { totalCount }
  openPullRequests: pullRequests(states: OPEN) { totalCount }
  closedPullRequests: pullRequests(states: CLOSED) { totalCount }
  mergedPullRequests: pullRequests(states: MERGED) { totalCount }
  discussions { totalCount } releases { totalCount } labels { totalCount } milestones { totalCount }
  newestIssue: issues(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { updatedAt } }
  newestPullRequest: pullRequests(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { updatedAt } }
  newestDiscussion: discussions(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { updatedAt } }
  newestMilestone: milestones(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { updatedAt } }
  latestReleases: releases(first: 3, orderBy: {field: CREATED_AT, direction: DESC}) {
    nodes {
      databaseId tagName publishedAt updatedAt isPrerelease
      releaseAssets(first: 50) { nodes { name downloadCount } }
    }
  }
  defaultBranchRef { name target { oid } }
  repositoryTopics(first: 20) { nodes { topic { name } } }
}"""

_THREAD = """author { ...Actor } authorAssociation
  labels(first: 100) { nodes { name } } milestone { number title }
  reactionGroups { content reactors { totalCount } }"""

_EVENT = """__typename
  ... on LabeledEvent { id createdAt actor { __typename login } label { name } }
  ... on UnlabeledEvent { id createdAt actor { __typename login } label { name } }
  ... on ClosedEvent {
    id createdAt actor { __typename login } stateReason
    closer { __typename ... on PullRequest { number } ... on Commit { oid } }
  }
  ... on ReopenedEvent { id createdAt actor { __typename login } }
  ... on TransferredEvent { id createdAt actor { __typename login } }"""

_FIELDS = {
    "Issue": f"""__typename id fullDatabaseId number url title body state stateReason(enableDuplicate: true) locked
  createdAt updatedAt closedAt lastEditedAt assignees {{ totalCount }} {_THREAD}""",
    "PullRequest": f"""__typename id fullDatabaseId number url title body state locked isDraft
  createdAt updatedAt closedAt lastEditedAt merged mergedAt mergedBy {{ ...Actor }}
  additions deletions changedFiles baseRefName headRefName isCrossRepository mergeCommit {{ oid }}
  reviewDecision totalCommentsCount {_THREAD}""",
    "Comment": """id fullDatabaseId url body createdAt updatedAt lastEditedAt isMinimized
  author { ...Actor } authorAssociation""",
    "IssueEvent": _EVENT,
    "PullRequestEvent": f"""{_EVENT}
  ... on MergedEvent {{ id createdAt actor {{ __typename login }} }}
  ... on ReadyForReviewEvent {{ id createdAt actor {{ __typename login }} }}
  ... on ConvertToDraftEvent {{ id createdAt actor {{ __typename login }} }}
  ... on ReviewRequestedEvent {{ id createdAt actor {{ __typename login }} }}""",
    "Review": """id fullDatabaseId url state body createdAt submittedAt updatedAt
  author { ...Actor } authorAssociation""",
    "ReviewComment": """id fullDatabaseId url body createdAt updatedAt lastEditedAt isMinimized
  author { ...Actor } authorAssociation path replyTo { fullDatabaseId }""",
    "Discussion": """id databaseId number url title body createdAt updatedAt closed closedAt stateReason
  isAnswered answerChosenAt answerChosenBy { ...Actor } answer { databaseId } upvoteCount
  category { name isAnswerable } author { ...Actor } authorAssociation
  labels(first: 100) { nodes { name } }""",
    "DiscussionComment": """id databaseId url body createdAt updatedAt lastEditedAt isMinimized
  author { ...Actor } authorAssociation upvoteCount isAnswer replyTo { databaseId }""",
    "Release": f"""id databaseId url tagName name createdAt publishedAt updatedAt isDraft isPrerelease
  author {{ ...Actor }}
  releaseAssets(first: 100) {{ totalCount {_PAGE} nodes {{ name downloadCount size createdAt }} }}""",
    "Star": "starredAt node { ...Actor }",
    "Fork": "databaseId nameWithOwner url createdAt owner { __typename login ...Actor }",
    "Label": "id name color description isDefault createdAt updatedAt",
    "Milestone": "id number title description state url createdAt updatedAt closedAt dueOn",
    "Commit": """oid authoredDate committedDate additions deletions
  author { name email date user { login databaseId } }
  committer { name email date user { login databaseId } }
  authors(first: 100) { totalCount nodes { name email user { login databaseId } } } parents { totalCount }""",
}


@lru_cache
def pulse(names: int, rights: int) -> str:
    """So many repositories with all that a quiet night needs to know, and of others only what we may do there."""
    asked = [*(["...Pulse"] * names), *(["viewerPermission"] * rights)]
    variables = ", ".join(f"$owner{at}: String!, $name{at}: String!" for at in range(len(asked)))
    aliases = "\n".join(
        f"  r{at}: repository(owner: $owner{at}, name: $name{at}) {{ {fields} }}"
        for at, fields in enumerate(asked)
    )
    return _whole(f"query pulse({variables}) {{\n  {_LIMIT}\n{aliases}\n}}")


@lru_cache
def page(listing: Listing, is_walk: bool) -> str:
    """One page of a listing, oldest first; or of a walk, newest first."""
    order, direction = (listing.walk_order, "DESC") if is_walk else (listing.order, "ASC")
    nested = "".join(f"\n  {_connection(one, is_walk)}" for one in listing.lists)
    return _whole(f"""query {listing.stream}($repository: ID!, $first: Int!, $after: String) {{
  {_LIMIT}
  node(id: $repository) {{ ... on Repository {{
    listing: {listing.connection}(first: $first, after: $after, orderBy: {{field: {order}, direction: {direction}}}) {{
      totalCount {_PAGE} {listing.nodes} {{ {_FIELDS[listing.node]}{nested} }}
    }}
  }} }}
}}""")


@lru_cache
def more(lists: tuple[Nested, ...], is_walk: bool) -> str:
    """The next part of many lists that are longer than what came with their page."""
    variables = ", ".join(f"$id{at}: ID!, $cursor{at}: String" for at in range(len(lists)))
    aliases = "\n".join(
        f"  t{at}: node(id: $id{at}) {{ ... on {nested.parent} {{ list: {_connection(nested, is_walk, str(at))} }} }}"
        for at, nested in enumerate(lists)
    )
    return _whole(f"query more({variables}) {{\n  {_LIMIT}\n{aliases}\n}}")


def _connection(nested: Nested, is_walk: bool, at: str = "") -> str:
    """A list within a node, its first part or, where `at` names a cursor, the next."""
    continued = [f"{_CURSORS[nested.window]}: $cursor{at}"] if at else []
    sized = f"{nested.window}: {nested.more if at else nested.size}"
    arguments = [sized, *continued, nested.arguments, nested.walk_arguments if is_walk else ""]
    inner = "".join(f" {_connection(one, is_walk)}" for one in nested.lists)
    return (
        f"{nested.field}({', '.join(filter(None, arguments))}) "
        f"{{ {nested.count} {_PAGES[nested.window]} nodes {{ {_FIELDS[nested.node]}{inner} }} }}"
    )


def _whole(text: str) -> str:
    """The text with the fragments that it uses."""
    known = {"Actor": _ACTOR, "Pulse": _PULSE}
    return "\n".join([text, *(known[name] for name in sorted(set(re.findall(r"\.\.\.([A-Z]\w+)", text))))])


ASSETS = f"""query assets($id: ID!, $after: String) {{
  {_LIMIT}
  node(id: $id) {{ ... on Release {{
    list: releaseAssets(first: 100, after: $after) {{ {_PAGE} nodes {{ name downloadCount size createdAt }} }}
  }} }}
}}"""

_HISTORY = f"history(first: $first, after: $after) {{ totalCount {_PAGE} nodes {{ {_FIELDS['Commit']} }} }}"

COMMITS = f"""query commits($repository: ID!, $head: GitObjectID!, $first: Int!, $after: String) {{
  {_LIMIT}
  node(id: $repository) {{ ... on Repository {{
    object(oid: $head) {{ ... on Commit {{ listing: {_HISTORY} }} }}
  }} }}
}}"""

NEW_COMMITS = f"""query commits(
  $repository: ID!, $head: GitObjectID!, $first: Int!, $after: String, $known: GitObjectID!, $until: GitTimestamp!
) {{
  {_LIMIT}
  node(id: $repository) {{ ... on Repository {{
    object(oid: $head) {{ ... on Commit {{
      listing: {_HISTORY} recent: history(since: $until) {{ totalCount }}
    }} }}
    known: object(oid: $known) {{ ... on Commit {{ recent: history(since: $until) {{ totalCount }} }} }}
  }} }}
}}"""

OWNER = f"""query owner($login: String!, $after: String) {{
  {_LIMIT}
  repositoryOwner(login: $login) {{
    listing: repositories(
      first: 100, after: $after, ownerAffiliations: OWNER, orderBy: {{field: NAME, direction: ASC}}
    ) {{ totalCount {_PAGE} nodes {{ nameWithOwner isArchived isFork }} }}
  }}
}}"""

QUERIES = [
    ("pulse", pulse(20, 2)),
    *((f"{name}, sweep", page(listing, False)) for name, listing in LISTINGS.items()),
    *((f"{name}, walk", page(listing, True)) for name, listing in LISTINGS.items() if listing.walk_order),
    ("more, sweep", more(tuple(NESTED.values()), False)),
    ("more, walk", more(tuple(NESTED.values()), True)),
    ("assets", ASSETS),
    ("commits", COMMITS),
    ("commits, new ones", NEW_COMMITS),
    ("owner", OWNER),
]
"""Every shape of question by a name, for whoever holds them against GitHub's schema."""
