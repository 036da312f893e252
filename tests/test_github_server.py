"""The test server behaves as GitHub does, where our source depends on it."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from github import Auth, Github

from conftest import SHARED
from github_dumps import convert
from github_example import BUSY_ISSUE, NAME, records_of, write_example
from github_graphql import KEYS, key_of
from github_server import FAULTS, GRAPHQL_FAULTS, GitHubServer

OWNED = {"owner": "example", "name": "fastfs"}
WHOLE = 'repository(owner: "example", name: "fastfs")'
PAGE = "pageInfo { hasNextPage endCursor hasPreviousPage startCursor }"
LISTINGS = {
    "issues": ("issues", "fullDatabaseId"),
    "change_requests": ("pullRequests", "fullDatabaseId"),
    "discussions": ("discussions", "databaseId"),
    "releases": ("releases", "databaseId"),
    "forks": ("forks", "databaseId"),
    "labels": ("labels", "id"),
    "milestones": ("milestones", "id"),
}
NESTED = {
    "issue_comments": ("issues", "comments", "", "fullDatabaseId"),
    "issue_events": ("issues", "timelineItems", "... on Node", "id"),
    "change_request_comments": ("pullRequests", "comments", "", "fullDatabaseId"),
    "change_request_events": ("pullRequests", "timelineItems", "... on Node", "id"),
    "reviews": ("pullRequests", "reviews", "", "fullDatabaseId"),
}
DUMPS = SHARED / "B_github" / "tlswg+draft-ietf-tls-esni"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of recorded answers with one repository."""
    write_example(tmp_path)
    return tmp_path


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """A GitHub that holds it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with GitHubServer(folder) as running:
        yield running


def get(
    server: GitHubServer, path: str, headers: dict[str, str] | None = None, **query: Any
) -> requests.Response:
    return requests.get(server.url + path, query, headers=headers, timeout=0.4)


def post(server: GitHubServer, query: str, token: str = "any", **variables: Any) -> requests.Response:
    asked = {"query": query, "variables": variables}
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.post(f"{server.url}/graphql", json=asked, headers=headers, timeout=5)


def ask(server: GitHubServer, fields: str, token: str = "any", **variables: Any) -> Any:
    """What a repository's fields are, without any error."""
    cursors = "".join(f", ${name}: String" for name in ("after", "before") if f"${name}" in fields)
    whole = f"repository(owner: $owner, name: $name) {{ {fields} }}"
    query = f"query asked($owner: String!, $name: String!{cursors}) {{ {whole} }}"
    answer = post(server, query, token, **OWNED | variables).json()
    assert "errors" not in answer, answer
    return answer["data"]["repository"]


def errors(server: GitHubServer, query: str, token: str = "any", **variables: Any) -> list[Any]:
    return [error.get("type") for error in post(server, query, token, **variables).json().get("errors", [])]


def pages(
    server: GitHubServer, field: str, inner: str, arguments: str, **variables: Any
) -> Iterator[list[Any]]:
    """A listing of the repository page by page."""
    after = None
    while True:
        fields = f"it: {field}(after: $after, {arguments}) {{ {PAGE} nodes {{ {inner} }} }}"
        page = ask(server, fields, after=after, **variables)["it"]
        yield page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("stream", LISTINGS)
def test_a_listing_comes_back_whole_and_in_order(server: GitHubServer, folder: Path, stream: str) -> None:
    """Page after page brings every record of a stream once, forwards as well as backwards."""
    field, key = LISTINGS[stream]
    expected = [str(record[key]) for record in records_of(folder, stream)]
    order = "orderBy: {field: CREATED_AT, direction: %s}"
    up, down = (f"first: {size}, {order % way}" for size, way in ((7, "ASC"), (50, "DESC")))
    assert expected == [str(node[key]) for page in pages(server, field, key, up) for node in page]
    assert expected[::-1] == [str(node[key]) for page in pages(server, field, key, down) for node in page]
    backwards: list[str] = []
    before = None
    while before is not False:
        arguments = f"last: 9, before: $before, {order % 'ASC'}"
        page = ask(server, f"it: {field}({arguments}) {{ {PAGE} nodes {{ {key} }} }}", before=before)["it"]
        backwards[:0] = [str(node[key]) for node in page["nodes"]]
        before = page["pageInfo"]["hasPreviousPage"] and page["pageInfo"]["startCursor"]
    assert expected == backwards
    assert {"totalCount": len(expected)} == ask(server, f"it: {field} {{ totalCount }}")["it"]


@pytest.mark.parametrize("stream", NESTED)
def test_nested_lists_come_whole_and_counted(server: GitHubServer, folder: Path, stream: str) -> None:
    """Every thread has as many nested items as its recorded answer says, and together they are the stream."""
    field, nested, kind, key = NESTED[stream]
    count = "filteredCount" if nested == "timelineItems" else "totalCount"
    inner = f"{kind} {{ {key} }}" if kind else key
    threads = {"issues": "issues", "pullRequests": "change_requests"}[field]
    told = {record["number"]: record[nested][count] for record in records_of(folder, threads)}
    found: dict[int, list[str]] = {}
    inner = f"number {nested}(first: 100) {{ {count} nodes {{ {inner} }} }}"
    for page in pages(server, field, inner, "first: 50"):
        for thread in page:
            assert told[thread["number"]] == thread[nested][count]
            found[thread["number"]] = [node[key] for node in thread[nested]["nodes"]]
    seen = [one for keys in found.values() for one in keys]
    assert (len(seen), sum(told.values())) == (len(set(seen)), len(records_of(folder, stream)))
    cut = sum(max(count - 100, 0) for count in told.values())
    assert len(seen) == sum(told.values()) - cut
    assert any(count > 30 for count in told.values()), (
        "the example has a thread with more than one page of these"
    )


def test_reviews_have_their_comments_and_discussions_their_replies(
    server: GitHubServer, folder: Path
) -> None:
    """What stands two levels down is found there: review comments by review, replies by comment."""
    inner = """reviews(first: 100) { nodes {
      fullDatabaseId comments(first: 100) { nodes { fullDatabaseId } } } }"""
    found = {
        (review["fullDatabaseId"], comment["fullDatabaseId"])
        for page in pages(server, "pullRequests", inner, "first: 40")
        for change in page
        for review in change["reviews"]["nodes"]
        for comment in review["comments"]["nodes"]
    }
    assert found == {(r["reviewId"], r["fullDatabaseId"]) for r in records_of(folder, "review_comments")}
    inner = """number comments(first: 100) { nodes {
      databaseId replies(first: 100) { nodes { databaseId replyTo { databaseId } } } } }"""
    discussed = set()
    for page in pages(server, "discussions", inner, "first: 5"):
        for discussion in page:
            for comment in discussion["comments"]["nodes"]:
                discussed.add((discussion["number"], comment["databaseId"], None))
                discussed |= {
                    (discussion["number"], reply["databaseId"], reply["replyTo"]["databaseId"])
                    for reply in comment["replies"]["nodes"]
                }
    assert discussed == {
        (record["number"], record["databaseId"], (record["replyTo"] or {}).get("databaseId"))
        for record in records_of(folder, "discussion_comments")
    }


def test_a_touched_item_moves_and_nothing_else_does(server: GitHubServer) -> None:
    """A cursor names a place and not a number: what is touched meanwhile goes to the top, the rest is not shifted."""
    order = "orderBy: {field: UPDATED_AT, direction: DESC}"
    before = [
        issue["number"]
        for page in pages(server, "issues", "number", f"first: 100, {order}")
        for issue in page
    ]
    walk = pages(server, "issues", "number", f"first: 50, {order}")
    assert before[:50] == [issue["number"] for issue in next(walk)]
    server.touch(NAME, "issues", 10_000 + before[60], "2024-05-30T00:00:00Z")
    rest = [issue["number"] for page in walk for issue in page]
    assert [number for number in before[50:] if number != before[60]] == rest
    assert [{"number": before[60]}] == next(pages(server, "issues", "number", f"first: 1, {order}"))


def test_what_is_deleted_and_edited_silently_is_so(server: GitHubServer) -> None:
    """A deleted thread is gone with what stood in it; an edit may leave every time as it was."""
    before = ask(server, "issue(number: 5) { id updatedAt comments { totalCount } }")["issue"]
    server.change(NAME, "issues", 10_005, title="another")
    assert {"title": "another", "updatedAt": before["updatedAt"]} == ask(
        server, "issue(number: 5) { title updatedAt }"
    )["issue"]
    comment = ask(server, "issue(number: 5) { comments(first: 1) { nodes { fullDatabaseId } } }")["issue"]
    server.remove(NAME, "issue_comments", comment["comments"]["nodes"][0]["fullDatabaseId"])
    after = ask(server, "issue(number: 5) { comments { totalCount } }")["issue"]
    assert before["comments"]["totalCount"] - 1 == after["comments"]["totalCount"]
    server.remove(NAME, "issues", 10_005)
    assert 129 == ask(server, "issues { totalCount }")["issues"]["totalCount"]
    assert errors(server, f'{{ node(id: "{before["id"]}") {{ id }} }}') == ["NOT_FOUND"]
    assert not [r for r in server.repositories[NAME].streams["issue_comments"].values() if r["number"] == 5]


def test_states_and_since_choose(server: GitHubServer, folder: Path) -> None:
    """Totals by state agree with the recorded counts; `since` includes its own second."""
    told = records_of(folder, "repositories")[0]
    names = ("openIssues", "openPullRequests", "closedPullRequests", "mergedPullRequests")
    fields = """openIssues: issues(states: OPEN) { totalCount }
      openPullRequests: pullRequests(states: OPEN) { totalCount }
      closedPullRequests: pullRequests(states: CLOSED) { totalCount }
      mergedPullRequests: pullRequests(states: MERGED) { totalCount }"""
    assert {name: told[name] for name in names} == ask(server, fields)
    times = sorted(record["updatedAt"] for record in records_of(folder, "issues"))
    counted = ask(server, f'issues(filterBy: {{since: "{times[100]}"}}) {{ totalCount }}')["issues"][
        "totalCount"
    ]
    assert sum(time >= times[100] for time in times) == counted


def test_a_timeline_counts_what_was_asked_for(server: GitHubServer, folder: Path) -> None:
    """The filtered count follows kinds, times and cursors; the total is that of everything in the timeline."""
    number = 10
    held = [event for event in records_of(folder, "issue_events") if event["number"] == number]
    kinds = "first: 5, itemTypes: [LABELED_EVENT]"
    found = ask(
        server,
        f"""issue(number: {number}) {{
          all: timelineItems {{ totalCount filteredCount }}
          labelled: timelineItems({kinds}) {{ totalCount filteredCount pageCount {PAGE} nodes {{ __typename }} }}
          late: timelineItems({kinds}, since: "2023-01-06T00:00:00Z") {{ filteredCount }}
        }}""",
    )["issue"]
    labelled = [event for event in held if event["__typename"] == "LabeledEvent"]
    assert {"totalCount": len(held), "filteredCount": len(held)} == found["all"]
    assert (len(held), len(labelled), 5) == tuple(
        found["labelled"][name] for name in ("totalCount", "filteredCount", "pageCount")
    )
    assert [{"__typename": "LabeledEvent"}] * 5 == found["labelled"]["nodes"]
    late = sum(event["createdAt"] >= "2023-01-06" for event in labelled)
    assert (late, late < len(labelled)) == (found["late"]["filteredCount"], True)
    cursor = found["labelled"]["pageInfo"]["endCursor"]
    inner = "timelineItems(first: 5, after: $after, itemTypes: [LABELED_EVENT]) { filteredCount }"
    after = ask(server, f"issue(number: {number}) {{ {inner} }}", after=cursor)["issue"]["timelineItems"]
    assert {"filteredCount": len(labelled) - 5} == after


def test_the_points_are_those_of_the_documentation(server: GitHubServer) -> None:
    """GitHub's own examples cost what GitHub says: 5,101 requests are 51 points, and 550 and 22,050 nodes."""
    priced = "rateLimit { cost nodeCount }"
    owner = 'repositoryOwner(login: "example")'
    deep = "repositories(first: 100) { nodes { issues(first: 50) { nodes { labels(first: 60) { nodes { id } } } } } }"
    simple = "repositories(first: 50) { nodes { issues(first: 10) { totalCount nodes { title } } } }"
    twice = """repositories(first: 50) { nodes {
      pullRequests(first: 20) { nodes { comments(first: 10) { nodes { body } } } }
      issues(first: 20) { totalCount nodes { comments(first: 10) { nodes { body } } } } } }"""
    found = [
        post(server, f"{{ {priced} {owner} {{ {inner} }} }}").json()["data"]["rateLimit"]
        for inner in (deep, simple, twice)
    ]
    assert [(51, 305_100), (1, 550), (21, 22_050)] == [(f["cost"], f["nodeCount"]) for f in found]
    assert (73, 0, 73) == (server.points, server.rest_points, server.graphql_points)
    totals = (
        "issues(first: 100) { nodes { comments { totalCount } reactionGroups { reactors { totalCount } } } }"
    )
    query = f"{{ {priced} {WHOLE} {{ {totals} }} }}"
    assert {"cost": 2, "nodeCount": 100} == post(server, query).json()["data"]["rateLimit"]


def test_what_is_left_out_costs_nothing(server: GitHubServer) -> None:
    """A part under @include or in a fragment is counted as it is executed."""
    query = f"""query asked($with: Boolean!) {{ rateLimit {{ cost }} {WHOLE} {{ ...Many @include(if: $with) }} }}
      fragment Many on Repository {{ issues(first: 100) {{ nodes {{
        comments(first: 1) {{ totalCount }} labels(first: 1) {{ totalCount }} }} }} }}"""
    asked: list[dict[str, Any]] = [{"with": True}, {"with": False}]
    costs = [post(server, query, **one).json()["data"]["rateLimit"]["cost"] for one in asked]
    assert [2, 1] == costs
    assert {"asked": 2} == server.operations


def test_questions_that_github_refuses(server: GitHubServer) -> None:
    """No page without a size, none above 100, no more than 500,000 nodes, no field that is not there."""
    many = """issues(first: 100) { nodes {
      comments(first: 100) { nodes { id } } timelineItems(first: 100) { totalCount } } }"""
    aliased = " ".join(f"a{at}: {many}" for at in range(25))
    assert [
        ["MISSING_PAGINATION_BOUNDARIES"],
        ["EXCESSIVE_PAGINATION"],
        ["INVALID_CURSOR_ARGUMENTS"],
        ["MAX_NODE_LIMIT_EXCEEDED"],
        [None],
        [None],
    ] == [
        errors(server, f"{{ {WHOLE} {{ {fields} }} }}")
        for fields in (
            "issues { nodes { id } }",
            "issues(first: 101) { nodes { id } }",
            'issues(first: 1, after: "nonsense") { nodes { id } }',
            aliased,
            "nothing",
            "issues {",
        )
    ]
    assert [None] == errors(server, "query asked($first: Int!) { rateLimit { cost } }", first="many")


def test_ghosts_and_bots(server: GitHubServer, folder: Path) -> None:
    """A deleted account is null; a bot is a Bot without [bot]; a person has the profile that is known."""
    fields = "issues(first: 30) { nodes { number author { __typename login ... on User { id company location } } } }"
    found = {issue["number"]: issue["author"] for issue in ask(server, fields)["issues"]["nodes"]}
    profile = next(record for record in records_of(folder, "people") if record["login"] == "person-1")
    assert (None, {"__typename": "Bot", "login": "helper-3"}) == (found[17], found[3])
    assert {name: profile[name] for name in ("__typename", "login", "id", "company", "location")} == found[1]
    reasons = {record["stateReason"] for record in records_of(folder, "issues")}
    assert {None, "COMPLETED", "NOT_PLANNED", "DUPLICATE"} == reasons
    number = next(r["number"] for r in records_of(folder, "issues") if r["stateReason"] == "DUPLICATE")
    both = f"issue(number: {number}) {{ stateReason new: stateReason(enableDuplicate: true) }}"
    assert {"stateReason": "NOT_PLANNED", "new": "DUPLICATE"} == ask(server, both)["issue"]


def test_a_branch_has_its_commits(server: GitHubServer, folder: Path) -> None:
    """The head is the newest commit, a new one takes its place, and history can be read from a commit that stays."""
    held = records_of(folder, "commits")
    fields = "defaultBranchRef { target { oid ... on Commit { history(first: 100) { totalCount nodes { oid } } } } }"
    target = ask(server, fields)["defaultBranchRef"]["target"]
    newest = sorted(held, key=lambda commit: (commit["committedDate"], commit["oid"]), reverse=True)
    assert (held[-1]["oid"], len(held)) == (target["oid"], target["history"]["totalCount"])
    assert [commit["oid"] for commit in newest[:100]] == [
        commit["oid"] for commit in target["history"]["nodes"]
    ]
    since = f'history(first: 1, since: "{newest[9]["committedDate"]}") {{ totalCount }}'
    found = ask(server, f'object(oid: "{target["oid"]}") {{ ... on Commit {{ {since} }} }}')["object"]
    assert {"history": {"totalCount": 10}} == found
    server.put(NAME, "commits", {**held[3], "oid": "f" * 40, "committedDate": "2022-01-01T00:00:00Z"})
    assert "f" * 40 == ask(server, "defaultBranchRef { target { oid } }")["defaultBranchRef"]["target"]["oid"]


def test_stars_are_for_those_who_may_write(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gave a star is told with the time to those who may write; to others the list is empty, not the count."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    fields = """viewerPermission stargazerCount
      stargazers(first: 2, orderBy: {field: STARRED_AT, direction: DESC}) { edges { starredAt node { login } } }"""
    newest = records_of(folder, "stars")[:-3:-1]
    with GitHubServer(folder, token={"writer": {NAME: "WRITE"}, "reader": {NAME: "READ"}}) as server:
        writer, reader = (ask(server, fields, token) for token in ("writer", "reader"))
        path = f"/repos/{NAME}/traffic/views"
        statuses = [
            get(server, path, {"Authorization": f"token {t}"}).status_code for t in ("writer", "reader")
        ]
    expected = [{"starredAt": star["starredAt"], "node": {"login": star["node"]["login"]}} for star in newest]
    assert ("WRITE", 130, expected) == (
        writer["viewerPermission"],
        writer["stargazerCount"],
        writer["stargazers"]["edges"],
    )
    assert ("READ", 130, []) == (
        reader["viewerPermission"],
        reader["stargazerCount"],
        reader["stargazers"]["edges"],
    )
    assert [200, 403] == statuses


def test_tokens_see_what_they_may(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GraphQL answers nobody without a token; a token finds only its repositories; each has its own budget."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    write_example(folder, "example/hidden", issues=1, pulls=1, comments=1)
    with GitHubServer(folder, token={"all": None, "some": {NAME}}) as server:
        query = 'query asked($name: String!) { repository(owner: "example", name: $name) { nameWithOwner } }'
        assert [401, 401] == [
            post(server, query, token, name="fastfs").status_code for token in ("", "wrong")
        ]
        assert [[], [], [], ["NOT_FOUND"]] == [
            errors(server, query, token, name=name)
            for token in ("all", "some")
            for name in ("fastfs", "hidden")
        ]
        hidden = server.held("example/hidden", "repositories")["id"]
        assert ["NOT_FOUND"] == errors(server, f'{{ node(id: "{hidden}") {{ id }} }}', "some")
        listed = [
            [
                r["full_name"]
                for r in get(server, "/orgs/example/repos", {"Authorization": f"token {t}"}).json()
            ]
            for t in ("all", "some")
        ]
        assert [[NAME, "example/hidden"], [NAME]] == listed
        server.budget("graphql", "some").remaining = 0
        assert [["RATE_LIMITED"], []] == [
            errors(server, query, token, name="fastfs") for token in ("some", "all")
        ]


def test_missing_refused_and_renamed(server: GitHubServer) -> None:
    """What is not there is null with a reason, by name and by id; an old name leads to the new one."""
    query = 'query asked($name: String!) { repository(owner: "Example", name: $name) { id nameWithOwner } }'
    answer = post(server, query, name="none").json()
    assert ({"repository": None}, "NOT_FOUND", ["repository"]) == (
        answer["data"],
        answer["errors"][0]["type"],
        answer["errors"][0]["path"],
    )
    assert post(server, query, name="FastFS").json()["data"]["repository"]["nameWithOwner"] == NAME
    node = server.held(NAME, "repositories")["id"]
    server.rename(NAME, "other/quickfs")
    assert post(server, query, name="fastfs").json()["data"]["repository"]["nameWithOwner"] == "other/quickfs"
    found = get(server, f"/repos/{NAME}/stargazers/history", per_page=5)
    assert ([301], 200, 5) == (
        [step.status_code for step in found.history],
        found.status_code,
        len(found.json()),
    )
    server.refuse(
        "other/quickfs", 403, "Resource protected by organization SAML enforcement.", saml_failure=True
    )
    refused = (post(server, query, name="fastfs"), post(server, f'{{ node(id: "{node}") {{ id }} }}'))
    for error in (answer.json()["errors"][0] for answer in refused):
        assert ("FORBIDDEN", {"saml_failure": True}) == (error["type"], error["extensions"])
    assert 403 == get(server, "/repos/other/quickfs").status_code


def test_budgets_end_and_begin_again(server: GitHubServer) -> None:
    """REST and GraphQL have budgets of their own; once one is gone, that one refuses until the hour is over."""
    server.limit = 2
    server.refill()
    path = f"/repos/{NAME}"
    assert [200, 200, 403] == [get(server, path).status_code for _ in range(3)]
    refused = get(server, path)
    assert ("0", "core") == tuple(
        refused.headers[f"X-RateLimit-{name}"] for name in ("Remaining", "Resource")
    )
    assert int(refused.headers["X-RateLimit-Reset"]) > time.time()
    assert refused.json()["message"].startswith("API rate limit exceeded")
    query = f"query asked {{ rateLimit {{ remaining }} {WHOLE} {{ id }} }}"
    answers = [post(server, query) for _ in range(3)]
    assert [1, 0] == [answer.json()["data"]["rateLimit"]["remaining"] for answer in answers[:2]]
    assert (200, "RATE_LIMITED") == (answers[2].status_code, answers[2].json()["errors"][0]["type"])
    assert ("0", "graphql") == tuple(
        answers[2].headers[f"X-RateLimit-{name}"] for name in ("Remaining", "Resource")
    )
    left = get(server, "/rate_limit", {"Authorization": "token any"}).json()["resources"]
    assert (2, 0) == (left["core"]["remaining"], left["graphql"]["remaining"])
    server.refill()
    assert 200 == get(server, path).status_code
    assert (3, 2) == (server.rest_points, server.graphql_points)


def test_what_did_not_change_is_free(server: GitHubServer) -> None:
    """A REST request with the right ETag gets 304 and costs nothing; after a change it gets the new answer."""
    path = f"/repos/{NAME}/traffic/views"
    first = get(server, path)
    condition = {"If-None-Match": first.headers["ETag"]}
    again = get(server, path, condition)
    assert (304, b"") == (again.status_code, again.content)
    assert first.headers["X-RateLimit-Remaining"] == again.headers["X-RateLimit-Remaining"]
    assert (1, 2) == (server.points, server.counts["traffic"])
    day = first.json()["views"][-1]
    server.put(NAME, "traffic", {"kind": "views", **day, "count": day["count"] + 1})
    changed = get(server, path, condition)
    assert (200, first.json()["count"] + 1, 14) == (
        changed.status_code,
        changed.json()["count"],
        len(changed.json()["views"]),
    )


def test_star_history_is_paged_newest_first(server: GitHubServer, folder: Path) -> None:
    """Weeks come newest first, linked page to page, and no further than page 100."""
    path = f"/repos/{NAME}/stargazers/history"
    first = get(server, path, per_page=4)
    second = requests.get(first.links["next"]["url"], timeout=1)
    held = records_of(folder, "star_history")
    assert held[:8] == first.json() + second.json()
    assert 130 == sum(week["total"] for week in held) == sum(sum(week["days"]) for week in held)
    assert ({"next", "last"}, {"first", "prev", "next", "last"}) == (set(first.links), set(second.links))
    assert ([], 422) == (get(server, path, page=99).json(), get(server, path, page=101).status_code)


def test_an_app_gets_a_token_and_nobody_asks_who_he_is(server: GitHubServer) -> None:
    """An installation's token comes for a JSON web token; /user refuses, as it does for such tokens."""
    path = f"{server.url}/app/installations/42/access_tokens"
    statuses = [
        requests.post(path, headers={"Authorization": f"Bearer {token}"}, timeout=1)
        for token in ("x", "a.b.c")
    ]
    assert [401, 201] == [answer.status_code for answer in statuses]
    server.token = "only this"
    made = statuses[1].json()["token"]
    query = f"query asked {{ {WHOLE} {{ id }} }}"
    assert [401, 200] == [post(server, query, token).status_code for token in ("another", made)]
    assert [403, 401] == [
        get(server, "/user", {"Authorization": f"token {t}"}).status_code for t in (made, "another")
    ]


def test_owners_are_listed(server: GitHubServer, folder: Path) -> None:
    """An owner's repositories come by REST and by GraphQL; an owner that nobody knows has none."""
    assert [NAME] == [found["full_name"] for found in get(server, "/orgs/example/repos").json()]
    assert 404 == get(server, "/orgs/nobody/repos").status_code
    write_example(folder, "example/archived", issues=0, pulls=0, comments=0, reviews=0)
    server.load(folder)
    server.change("example/archived", "repositories", isArchived=True)
    query = """query asked($login: String!, $archived: Boolean) { repositoryOwner(login: $login) {
      repositories(first: 10, isArchived: $archived, ownerAffiliations: OWNER) { nodes { nameWithOwner } } } }"""
    found = [
        post(server, query, login=login, archived=archived).json()["data"]["repositoryOwner"]
        for login, archived in (("Example", None), ("example", False), ("nobody", None))
    ]
    names = [owner and [node["nameWithOwner"] for node in owner["repositories"]["nodes"]] for owner in found]
    assert [["example/archived", NAME], [NAME], None] == names


def test_a_client_that_knows_github_may_ask(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyGithub finds the GraphQL address beside the REST one, on GitHub Enterprise too, and gets its data."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for prefix in ("", "/api/v3"):
        with GitHubServer(folder, prefix=prefix) as server:
            client = Github(base_url=server.url, auth=Auth.Token("any"), retry=None)
            _, found = client.requester.graphql_query(f"query asked {{ {WHOLE} {{ databaseId }} }}", {})
            assert client.get_repo(NAME).id == found["data"]["repository"]["databaseId"]


@pytest.mark.parametrize("way", ["REST", "GraphQL"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_looks_like_the_real_one(server: GitHubServer, fault: str, way: str) -> None:
    """Each fault is what it is called, happens once, and costs nothing."""

    def asked() -> requests.Response:
        if way == "REST":
            return get(server, f"/repos/{NAME}")
        query = {"query": f"query asked {{ {WHOLE} {{ id }} }}"}
        return requests.post(
            f"{server.url}/graphql", json=query, headers={"Authorization": "token x"}, timeout=0.4
        )

    server.fail_next(fault)
    try:
        answer = asked()
    except requests.RequestException as error:
        seen = type(error).__name__
    else:
        is_json = "json" in answer.headers.get("Content-Type", "") and answer.status_code == 200
        seen = "no JSON" if is_json and not _parses(answer) else str(answer.status_code)
        seen += " told when" if "Retry-After" in answer.headers else ""
    expected = {
        "429 with Retry-After": "429 told when",
        "403 secondary limit": "403",
        "time-out": "ReadTimeout",
        "cut-off body": "ChunkedEncodingError",
        "spliced body": "no JSON",
    }
    assert expected.get(fault, fault) == seen
    assert 0 == server.points
    assert 200 == asked().status_code


def _parses(answer: requests.Response) -> bool:
    try:
        answer.json()
    except requests.JSONDecodeError:
        return False
    return True


@pytest.mark.parametrize("fault", GRAPHQL_FAULTS)
def test_faults_inside_an_answer(server: GitHubServer, fault: str) -> None:
    """What GitHub says with status 200 stands among the errors; a partial answer lacks one node, and says which."""
    query = f"query asked {{ {WHOLE} {{ issues(first: 4) {{ nodes {{ number }} }} }} }}"
    server.fail_next(fault)
    failed = post(server, query)
    body = failed.json()
    assert (200, 1, 0) == (failed.status_code, len(body["errors"]), server.points)
    if fault == "partial answer":
        path = ["repository", "issues", "nodes", 2]
        assert ([{"number": 1}, {"number": 2}, None, {"number": 4}], path) == (
            body["data"]["repository"]["issues"]["nodes"],
            body["errors"][0]["path"],
        )
    else:
        assert body["data"] is None
    whole = post(server, query).json()
    assert "errors" not in whole
    assert 4 == len(whole["data"]["repository"]["issues"]["nodes"])
    with pytest.raises(ValueError, match="there is no fault"):
        server.fail_next("everything")


def test_a_broken_node_is_null_wherever_it_stands(server: GitHubServer) -> None:
    """One node that GitHub cannot read is null with an error beside it, in listings, below them, and by id."""
    issue = server.held(NAME, "issues", 10_002)["id"]
    comment = next(
        r for r in server.repositories[NAME].streams["issue_comments"].values() if r["number"] == BUSY_ISSUE
    )
    server.broken |= {issue, comment["id"]}
    query = f"""query asked($id: ID!) {{ node(id: $id) {{ id }} {WHOLE} {{
      issues(first: 5) {{ nodes {{ number comments(first: 2) {{ nodes {{ id }} }} }} }} }} }}"""
    body = post(server, query, id=issue).json()
    nodes = body["data"]["repository"]["issues"]["nodes"]
    assert (None, None, None) == (nodes[1], nodes[4]["comments"]["nodes"][0], body["data"]["node"])
    paths = [
        ["node"],
        [*("repository", "issues", "nodes"), 1],
        [*("repository", "issues", "nodes"), 4, "comments", "nodes", 0],
    ]
    assert sorted(map(str, paths)) == sorted(str(error["path"]) for error in body["errors"])


def test_a_heavy_question_fails_and_a_light_one_does_not(server: GitHubServer) -> None:
    """Above so many nodes the answer is a 502 every time, and is charged for."""
    server.heavy_over = 1_000
    inner = "issues(first: $first) { nodes { comments(first: 50) { nodes { id } } } }"
    query = f"query asked($first: Int!) {{ {WHOLE} {{ {inner} }} }}"
    assert [502, 502, 200] == [post(server, query, first=first).status_code for first in (50, 20, 19)]
    assert [1, 1, 1] == [asked.points for asked in server.asked]


def test_chance_is_repeatable(folder: Path) -> None:
    """The same seed fails the same requests."""
    seen = []
    for _ in range(2):
        with GitHubServer(folder, time_out=0) as server:
            server.fail_often(0.3, seed=11, faults=("500", "502"))
            seen.append([get(server, "/rate_limit").status_code for _ in range(40)])
    assert seen[0] == seen[1]
    assert 5 < sum(status >= 500 for status in seen[0]) < 20


def test_it_tells_what_it_is_about_to_be_asked(server: GitHubServer) -> None:
    """A test may change the repository between two questions, for it hears of each before it is answered."""
    heard: list[tuple[str, Any]] = []
    server.before = lambda path, query: heard.append((path, query.get("operation")))
    ask(server, "id")
    get(server, f"/repos/{NAME}")
    assert [("/graphql", "asked"), (f"/repos/{NAME}", None)] == heard
    assert ({"graphql": 1, "repository": 1}, OWNED) == (server.counts, server.asked[0].query)
    server.forget()
    assert (0, []) == (server.points, server.asked)


def test_the_example_is_always_the_same_and_as_large_as_asked(folder: Path, tmp_path: Path) -> None:
    """Two writings do not differ by a byte; keys are unique, of two repositories too; sizes go down to 0."""
    write_example(tmp_path / "again")
    write_example(tmp_path / "again", "example/other")
    for stream in KEYS:
        path = Path(NAME) / f"{stream}.jsonl"
        assert (folder / path).read_bytes() == (tmp_path / "again" / path).read_bytes()
        keys = [key_of(stream, record) for record in records_of(folder, stream)]
        assert len(keys) == len(set(keys)) > 0
        others = {
            key_of(stream, record) for record in records_of(tmp_path / "again", stream, "example/other")
        }
        assert stream in ("stars", "star_history", "commits", "people", "traffic") or not others & set(keys)
    parameters = inspect.signature(write_example).parameters.values()
    nothing: dict[str, Any] = {one.name: 0 for one in parameters if isinstance(one.default, int)}
    write_example(tmp_path / "empty", **nothing)
    always = {"repositories", "people", "labels", "milestones", "traffic"}
    sizes = {stream: len(records_of(tmp_path / "empty", stream)) for stream in KEYS if stream not in always}
    assert dict.fromkeys(sizes, 0) == sizes
    with GitHubServer(tmp_path / "empty") as server:
        assert {"isEmpty": True, "defaultBranchRef": None} == ask(server, "isEmpty defaultBranchRef { name }")


@pytest.mark.skipif(not DUMPS.is_dir(), reason=f"the real dumps are not at {DUMPS}")
@pytest.mark.parametrize(
    ("date", "expected"),
    [("2024-06-09", (240, 361, 293)), ("2025-07-29", (250, 392, 323))],
)
def test_a_real_dump_is_served(tmp_path: Path, date: str, expected: tuple[int, int, int]) -> None:
    """Totals over HTTP are the dump's, and so is everything within: comments, reviews, their comments, who merged."""
    archive = DUMPS / date / "archive.json"
    name = convert(archive, tmp_path)
    dump = json.loads(archive.read_text())
    fields = """issues { totalCount } pullRequests { totalCount } merged: pullRequests(states: MERGED) { totalCount }"""
    inner = """number title state mergedBy { login } comments(first: 100) { nodes { author { login } body createdAt } }
      reviews(first: 100) { nodes { id state comments(first: 100) { nodes { body updatedAt } } } }
      timelineItems(first: 9) { nodes { __typename } }"""
    owner, short = name.split("/")
    with GitHubServer(tmp_path) as server:
        totals = ask(server, fields, owner=owner, name=short)
        listed = pages(server, "pullRequests", inner, "first: 20", owner=owner, name=short)
        found = {node["number"]: node for page in listed for node in page}
    assert expected == tuple(totals[field]["totalCount"] for field in ("issues", "pullRequests", "merged"))
    for pull in dump["pulls"]:
        node = found[pull["number"]]
        assert (pull["title"], pull["state"]) == (node["title"], node["state"])
        assert pull["mergedBy"] == (node["mergedBy"] or {}).get("login")
        assert sorted((c["author"], c["body"], c["createdAt"]) for c in pull["comments"]) == sorted(
            (c["author"]["login"], c["body"], c["createdAt"]) for c in node["comments"]["nodes"]
        )
        assert {r["id"]: sorted(c["body"] for c in r["comments"]) for r in pull["reviews"]} == {
            r["id"]: sorted(c["body"] for c in r["comments"]["nodes"]) for r in node["reviews"]["nodes"]
        }
        kinds = {event["__typename"] for event in node["timelineItems"]["nodes"]}
        assert kinds == {
            k for k, when in (("MergedEvent", "mergedAt"), ("ClosedEvent", "closedAt")) if pull[when]
        }


def test_it_runs_as_a_program(folder: Path) -> None:
    """From the command line it says where it serves and what, and answers there."""
    program = Path(__file__).with_name("github_server.py")
    with subprocess.Popen(
        [sys.executable, str(program), str(folder), "--token", "any"], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        url = line.split(" ")[0]
        answer = requests.get(f"{url}/repos/{NAME}", headers={"Authorization": "Bearer any"}, timeout=3)
        running.terminate()
    assert line.endswith(f"serves {NAME}\n")
    assert NAME == answer.json()["full_name"]
