"""The test server behaves as GitHub does, where our source depends on it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from github import Auth, Github

from github_example import NAME, records_of, write_example
from github_server import FAULTS, GitHubServer

TOTALS = """query ($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { issues { totalCount } pullRequests { totalCount } }
}"""


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
    return requests.get(server.url + path, query, headers=headers, timeout=0.3)


def test_pygithub_lists_everything(server: GitHubServer, folder: Path) -> None:
    """A client that knows GitHub's pages finds every issue, comment and change request, and no more."""
    client = Github(base_url=server.url, per_page=100, retry=None, seconds_between_requests=None)
    repository = client.get_repo(NAME)
    assert 250 == len({issue.id for issue in repository.get_issues(state="all")})
    assert 120 == len({pull.id for pull in repository.get_pulls(state="all")})
    assert 340 == len({comment.id for comment in repository.get_issues_comments()})
    first = records_of(folder, "issues.jsonl")[0]
    assert first["title"] == next(i.title for i in repository.get_issues(state="all") if i.id == first["id"])


def test_pages_are_linked(server: GitHubServer) -> None:
    """A page names its neighbours as GitHub does; 30 items where no size is asked, 100 at most."""
    path = f"/repos/{NAME}/issues"
    first = get(server, path, state="all")
    assert (30, {"next", "last"}) == (len(first.json()), set(first.links))
    middle = get(server, path, state="all", per_page=1000, page=2)
    assert (100, {"first", "prev", "next", "last"}) == (len(middle.json()), set(middle.links))
    last = requests.get(middle.links["next"]["url"], timeout=0.3)
    assert (50, {"first", "prev"}) == (len(last.json()), set(last.links))
    assert [] == get(server, path, state="all", page=99).json()


def test_listings_obey_their_parameters(server: GitHubServer) -> None:
    """State, order and `since` choose what is listed; change requests know no `since`."""
    path = f"/repos/{NAME}/issues"
    assert {"open"} == {issue["state"] for issue in get(server, path, per_page=100).json()}
    asked = {"state": "all", "sort": "updated", "direction": "asc", "since": "2023-01-10T00:00:00Z"}
    times = [issue["updated_at"] for issue in get(server, path, **asked).json()]
    assert sorted(times) == times
    assert times[0] >= asked["since"]
    pulls = get(server, f"/repos/{NAME}/pulls", **{**asked, "since": "2099-01-01T00:00:00Z"}).json()
    assert 30 == len(pulls)


def test_what_did_not_change_is_free(server: GitHubServer) -> None:
    """A request with the right ETag gets 304 and costs nothing; after a change it gets the new answer."""
    path = f"/repos/{NAME}/issues/comments"
    first = get(server, path)
    condition = {"If-None-Match": first.headers["ETag"]}
    again = get(server, path, condition)
    assert (304, b"") == (again.status_code, again.content)
    assert first.headers["X-RateLimit-Remaining"] == again.headers["X-RateLimit-Remaining"]
    assert (1, 2) == (server.points, server.counts["comments"])
    server.put(NAME, "comments", {**first.json()[0], "body": "edited"})
    assert 200 == get(server, path, condition).status_code


def test_the_budget_ends_and_begins_again(server: GitHubServer) -> None:
    """Once the hour's requests are gone, everything but the limit itself is refused."""
    server.limit = 2
    server.refill()
    path = f"/repos/{NAME}"
    assert [200, 200, 403] == [get(server, path).status_code for _ in range(3)]
    refused = get(server, path)
    assert "0" == refused.headers["X-RateLimit-Remaining"]
    assert int(refused.headers["X-RateLimit-Reset"]) > time.time()
    assert refused.json()["message"].startswith("API rate limit exceeded")
    assert 0 == get(server, "/rate_limit").json()["resources"]["core"]["remaining"]
    limited = requests.post(f"{server.url}/graphql", json={"query": TOTALS}, timeout=0.3)
    assert (200, "RATE_LIMITED") == (limited.status_code, limited.json()["errors"][0]["type"])
    server.refill()
    assert 200 == get(server, path).status_code


def test_totals_come_by_graphql(server: GitHubServer) -> None:
    """GraphQL counts issues without the change requests, and knows no repository that is not there."""
    client = Github(base_url=server.url, auth=Auth.Token("any"), seconds_between_writes=None)
    _, found = client.requester.graphql_query(TOTALS, {"owner": "Example", "name": "FastFS"})
    assert {"issues": {"totalCount": 130}, "pullRequests": {"totalCount": 120}} == found["data"]["repository"]
    missing = {"query": TOTALS, "variables": {"owner": "example", "name": "none"}}
    answer = requests.post(f"{server.url}/graphql", json=missing, timeout=0.3).json()
    assert "NOT_FOUND" == answer["errors"][0]["type"]


def test_a_token_may_be_demanded(server: GitHubServer) -> None:
    """Without the right token everything is refused."""
    server.token = "right"
    statuses = [
        get(server, "/user", {"Authorization": f"token {token}"}).status_code for token in ("wrong", "right")
    ]
    assert [401, 401, 200] == [get(server, "/user").status_code, *statuses]


def test_people_and_owners_are_found(server: GitHubServer) -> None:
    """Who wrote something has a profile; an organization's repositories are listed."""
    assert "Bot" == get(server, "/users/helper-3[bot]").json()["type"]
    assert [NAME] == [found["full_name"] for found in get(server, "/orgs/example/repos").json()]
    assert [404, 404] == [get(server, path).status_code for path in ("/users/nobody", "/orgs/nobody/repos")]


def test_a_renamed_repository_redirects(server: GitHubServer) -> None:
    """The old name leads to the permanent address with the question intact, as on GitHub."""
    server.rename(NAME, "example/quickfs")
    answer = get(server, f"/repos/{NAME}/issues", state="all", per_page=100)
    assert [301] == [step.status_code for step in answer.history]
    assert (200, 100) == (answer.status_code, len(answer.json()))


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_looks_like_the_real_one(server: GitHubServer, fault: str) -> None:
    """Each fault is what it is called, happens once, and costs nothing."""
    server.fail_next(fault)
    try:
        answer = get(server, f"/repos/{NAME}/issues")
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
    assert 200 == get(server, f"/repos/{NAME}/issues").status_code


def _parses(answer: requests.Response) -> bool:
    try:
        answer.json()
    except requests.JSONDecodeError:
        return False
    return True


def test_chance_is_repeatable(folder: Path) -> None:
    """The same seed fails the same requests."""
    seen = []
    for _ in range(2):
        with GitHubServer(folder, time_out=0) as server:
            server.fail_often(0.3, seed=11, faults=("500", "502"))
            seen.append([get(server, "/rate_limit").status_code for _ in range(40)])
    assert seen[0] == seen[1]
    assert 5 < sum(status >= 500 for status in seen[0]) < 20


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
