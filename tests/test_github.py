"""GitHub as a source: complete, cheap, patient, and silent about its tokens."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from github_dumps import convert
from github_example import BUSY_ISSUE, NAME, NOT_PLANNED, RECORDED_AT, records_of, write_example
from github_server import FAULTS, GitHubServer
from ospo_metrics.collect import collect
from ospo_metrics.items import (
    Checkpoint,
    Claim,
    Context,
    Instance,
    Item,
    Reject,
    SourceError,
    Spent,
    StoppedError,
    Sweep,
)
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Settings, open_workspace
from ospo_metrics.sources import _github_walks, github
from ospo_metrics.sources._github_api import Access
from ospo_metrics.sources._github_listings import LISTINGS, NESTED, Nested
from ospo_metrics.warehouse import open_warehouse
from ospo_metrics.web import Patience

NOW = datetime(2024, 6, 2, tzinfo=UTC)
DAY = timedelta(days=1)
CANARY = "canary-8f14e45fceea167a5a36dedd4bea2543"
DUMPS = Path(__file__).parents[2] / "shared" / "data" / "B_github" / "tlswg+draft-ietf-tls-esni"
READ = [stream.name for stream in github.STREAMS if not stream.within]
UNLIKE_FILES = {"repositories", "traffic", "people"}
"""Streams whose rows are made from answers of another form."""
FEW = {
    "issues": 33,
    "pulls": 26,
    "comments": 90,
    "reviews": 60,
    "review_comments": 60,
    "discussions": 8,
    "discussion_comments": 60,
    "stars": 20,
    "commits": 30,
}
"""An example that is read fast."""


class Held:
    """What a warehouse would hold: the newest payloads, what is gone at the source, the cursors, and what it cost."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.rows: dict[str, dict[str, Any]] = defaultdict(dict)
        self.gone: dict[str, set[str]] = defaultdict(set)
        self.cursors: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.rejects: list[Reject] = []
        self.claims: dict[str, Claim] = {}
        self.requests: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self.added: Counter[str] = Counter()
        self.checkpoints = 0
        self._passed: dict[str, set[str]] = {}

    def night(
        self,
        asked: Settings,
        now: datetime = NOW,
        streams: list[str] | None = None,
        stop_after: int | None = None,
    ) -> Held:
        """Read everything once, as a run does; if wanted only up to some checkpoint, as a run that is killed there."""
        self.added.clear()
        self.requests.clear()
        self.points.clear()
        self.rejects.clear()
        self.checkpoints = 0
        for instance in github.instances(asked, self.workspace):
            for stream in streams or READ:
                if not self.take(instance, stream, now, stop_after):
                    return self
        return self

    def take(self, instance: Instance, stream: str, now: datetime, stop_after: int | None = None) -> bool:
        context = Context(self.workspace, now, self.cursors.get((instance.id, stream), {}))
        for thing in github.read(instance, stream, context):
            match thing:
                case Item():
                    self._hold(thing.stream or stream, thing)
                case Checkpoint():
                    self.cursors[instance.id, stream] = json.loads(json.dumps(thing.cursor))
                    self.checkpoints += 1
                    if self.checkpoints == stop_after:
                        return False
                case Sweep(names, is_over):
                    for name in names:
                        if not is_over:
                            self._passed[name] = set()
                        elif name in self._passed:
                            self.gone[name] = self.rows[name].keys() - self._passed.pop(name)
                case Reject():
                    self.rejects.append(replace(thing, stream=thing.stream or stream))
                case Claim():
                    self.claims[thing.stream or stream] = thing
                case Spent(what, requests, points):
                    self.requests[what] += requests
                    self.points[what] += points
        return True

    def _hold(self, stream: str, thing: Item) -> None:
        payload = json.loads(thing.payload)
        self.added[stream] += self.rows[stream].get(thing.key) != payload
        self.rows[stream][thing.key] = payload
        self.gone[stream].discard(thing.key)
        if stream in self._passed:
            self._passed[stream].add(thing.key)

    @property
    def state(self) -> dict[str, dict[str, Any]]:
        """What is held of each stream and not gone; where nothing is, there is no stream."""
        there = {
            stream: {key: payload for key, payload in rows.items() if key not in self.gone[stream]}
            for stream, rows in self.rows.items()
        }
        return {stream: rows for stream, rows in there.items() if rows}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace whose recording holds the example."""
    write_example(tmp_path / "github", **FEW)
    return tmp_path


@pytest.fixture
def server(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """A GitHub that holds the example and wants the canary for a token."""
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with GitHubServer(workspace / "github", token=CANARY) as running:
        yield running


@pytest.fixture
def impatient() -> float:
    """How long an answer may take, in seconds, where some never come; a busy machine may cause more of these."""
    return 0.3


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[float]:
    """Waits take no time, and are told; only who is impatient gives up an answer that is a little late."""
    told: list[float] = []
    real = Access.of
    timeout = request.getfixturevalue("impatient") if "impatient" in request.fixturenames else 20
    hasty = Patience(timeout=timeout, sleep=told.append)
    monkeypatch.setattr(Access, "of", classmethod(lambda cls, asked: replace(real(asked), patience=hasty)))
    return told


@pytest.fixture
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything comes in small pages, so that every list goes on beyond its first."""

    def shorten(nested: Nested) -> Nested:
        return replace(nested, size=2, more=3, lists=tuple(map(shorten, nested.lists)))

    def collect_nested(lists: tuple[Nested, ...]) -> None:
        for nested in lists:
            monkeypatch.setitem(NESTED, nested.name, nested)
            collect_nested(nested.lists)

    for name, listing in LISTINGS.items():
        short = replace(listing, size=7, lists=tuple(map(shorten, listing.lists)))
        monkeypatch.setitem(LISTINGS, name, short)
        collect_nested(short.lists)
    monkeypatch.setattr(_github_walks, "_LISTS_A_REQUEST", 6)
    monkeypatch.setattr(_github_walks, "_FIRST_OF_WALK", 2)


def settings(projects: list[str], **asked: Any) -> Settings:
    return Settings.model_validate(
        {
            "ospo": {"name": "Example OSPO"},
            "communities": [{"id": "storage", "name": "Storage", "projects": projects}],
            "sources": {"github": asked},
        }
    )


def live(server: GitHubServer, *names: str, **asked: Any) -> Settings:
    return settings(list(names or [NAME]), api_url=server.url, **asked)


def of_files(workspace: Path, name: str = NAME) -> dict[str, dict[str, Any]]:
    """What the example holds of each stream whose rows are its lines, by key."""
    keys = {"issue_events": "id", "change_request_events": "id", "labels": "id", "milestones": "id"}
    keys |= {"commits": "oid", "star_history": "week"}
    found = {}
    for stream in github.STREAMS:
        if stream.name in UNLIKE_FILES:
            continue
        records = records_of(workspace / "github", stream.name, name)
        field = keys.get(stream.name) or (
            "databaseId" if records and "databaseId" in records[0] else "fullDatabaseId"
        )
        by_key = {str(r["node"]["id"] if stream.name == "stars" else r[field]): r for r in records}
        if by_key:
            found[stream.name] = by_key
    return found


def without(state: Mapping[str, Any], *streams: str) -> dict[str, Any]:
    return {stream: rows for stream, rows in state.items() if stream not in streams}


# Everything


@pytest.mark.parametrize("pages", ["usual", "short"])
def test_everything_arrives_as_github_has_it(
    server: GitHubServer, workspace: Path, pages: str, request: pytest.FixtureRequest
) -> None:
    """Every object of every stream comes untouched, deleted accounts included, however often a list goes on."""
    if pages == "short":
        request.getfixturevalue("short_lists")
    held = Held(workspace).night(live(server))
    assert of_files(workspace) == without(held.state, *UNLIKE_FILES)
    assert [] == held.rejects
    authors = [r["author"] for r in held.state["issues"].values()]
    assert {None} < {author and author["__typename"] for author in authors}


def test_counts_are_claimed(server: GitHubServer, workspace: Path) -> None:
    """What GitHub says it has can be held against what came; what is counted with its thread is observed until now."""
    held = Held(workspace).night(live(server))
    counted = {stream: claim.count for stream, claim in held.claims.items() if claim.count is not None}
    assert {"repositories": 1} | {
        stream: len(held.state[stream])
        for stream in (
            "issues",
            "change_requests",
            "discussions",
            "releases",
            "stars",
            "forks",
            "commits",
            "labels",
        )
    } | {"milestones": 3} == counted
    assert {NOW} == {claim.observed_until for claim in held.claims.values()}
    assert {stream.name for stream in github.STREAMS} == held.claims.keys()
    for stream in github.STREAMS:
        if stream.counted_in:
            parent, path = stream.counted_in
            _, field, count = path.split(".")
            told = sum(row[field][count] for row in held.state[parent].values())
            assert len(held.state[stream.name]) == told


def test_people_are_told_of_apart(server: GitHubServer, workspace: Path) -> None:
    """Profiles are a stream of their own; threads keep who acted by type, login and number."""
    held = Held(workspace).night(live(server))
    people = {person["login"]: person for person in held.state["people"].values()}
    assert {"__typename", "id", "databaseId", "login", "name", "company", "location", "createdAt"} == set(
        people["person-1"]
    )
    assert all(key == person["id"] for key, person in held.state["people"].items())
    authors = {
        json.dumps(r["author"]) for s in ("issues", "reviews") for r in held.state[s].values() if r["author"]
    }
    assert {frozenset({"__typename", "login", "databaseId"})} == {frozenset(json.loads(a)) for a in authors}


def test_kinds_that_mislead_are_kept_apart(server: GitHubServer, workspace: Path) -> None:
    """Issues that are change requests, bots without a suffix, agents and reasons of closing stay as they are."""
    held = Held(workspace).night(live(server))
    issues, changes = held.state["issues"], held.state["change_requests"]
    assert {"Issue"} == {row["__typename"] for row in issues.values()}
    assert {"PullRequest"} == {row["__typename"] for row in changes.values()}
    assert not {row["number"] for row in issues.values()} & {row["number"] for row in changes.values()}
    bots = {person["login"] for person in held.state["people"].values() if person["__typename"] == "Bot"}
    assert {"helper-3", "copilot-swe-agent"} == bots
    reasons = Counter(row["stateReason"] for row in issues.values())
    assert {"COMPLETED", "NOT_PLANNED", None} <= reasons.keys()
    (planned,) = [row for row in issues.values() if row["number"] == NOT_PLANNED]
    assert ("CLOSED", "NOT_PLANNED") == (planned["state"], planned["stateReason"])


def test_a_page_costs_one_request(workspace: Path, server: GitHubServer) -> None:
    """Fifty threads come with each request with all that is in them, and what goes on does so many at once."""
    write_example(workspace / "github", issues=130, pulls=120, comments=340, reviews=260, review_comments=200)
    server.load(workspace / "github")
    held = Held(workspace).night(live(server), streams=["issues", "change_requests"])
    assert (3, 3) == (server.operations["issues"], server.operations["change_requests"])
    assert 3 <= server.operations["more"] <= 6
    assert server.operations.total() - 1 == held.requests["issues"] + held.requests["change_requests"]
    assert of_files(workspace)["review_comments"] == held.state["review_comments"]


# Nights


def test_a_quiet_night_is_one_question_for_all(server: GitHubServer, workspace: Path) -> None:
    """Where nothing changed, one request tells it of twenty repositories; traffic is asked and not charged."""
    names = [f"example/fs-{number}" for number in range(21)]
    for name in names:
        write_example(workspace / "github", name, **dict.fromkeys(FEW, 2))
    server.load(workspace / "github")
    for number, name in enumerate(names):
        server.change(name, "repositories", databaseId=number + 1, id=f"R_{number}")
    held = Held(workspace).night(live(server, *names))
    for night in (1, 2):
        server.forget()
        before = json.dumps(held.cursors[("1", "issues")])
        held.night(live(server, *names), NOW + night * DAY)
        assert {"repositories": 21} == held.added
        assert {"pulse": 2} == server.operations
        assert {"graphql": 2, "traffic": 21 * 4} == server.counts
        assert (5, 0) == (server.graphql_points, server.rest_points)
        assert before == json.dumps(held.cursors[("1", "issues")])
        assert (2, 84) == (held.requests["pulse"], held.requests["traffic"])


def test_the_snapshot_of_a_day(server: GitHubServer, workspace: Path) -> None:
    """The repository is handed over first, with its counts, dated by the day, under its permanent id."""
    (instance,) = github.instances(live(server), workspace)
    first = next(iter(github.read(instance, "repositories", Context(workspace, NOW + timedelta(hours=3)))))
    assert isinstance(first, Item)
    (recorded,) = records_of(workspace / "github", "repositories")
    assert recorded | {"asOf": "2024-06-02T00:00:00Z"} == json.loads(first.payload)
    assert (str(recorded["databaseId"]), NOW + timedelta(hours=3)) == (first.key, first.updated_at)
    assert (first.key, NAME, NAME) == (instance.id, instance.name, instance.project_id)


def test_the_next_night_brings_only_what_changed(server: GitHubServer, workspace: Path) -> None:
    """A touched thread, a new one, and what is new inside of them come with one small page each."""
    held = Held(workspace).night(live(server))
    server.change(NAME, "issues", "10007", title="edited", updatedAt="2024-06-02T10:00:00Z")
    said = records_of(workspace / "github", "issue_comments")[0]
    new = {**said, "number": 9, "id": "IC_new", "fullDatabaseId": "1", "updatedAt": "2024-06-02T11:00:00Z"}
    server.put(NAME, "issue_comments", {**new, "createdAt": "2024-06-02T11:00:00Z"})
    server.touch(NAME, "issues", "10009", "2024-06-02T11:00:00Z")
    edited = server.held(NAME, "issue_comments", said["fullDatabaseId"])
    server.change(
        NAME, "issue_comments", said["fullDatabaseId"], body="edited", updatedAt="2024-06-02T12:00:00Z"
    )
    server.touch(NAME, "issues", 10_000 + edited["number"], "2024-06-02T12:00:00Z")
    server.forget()
    held.night(live(server), NOW + DAY)
    assert {"repositories": 1, "issues": 3, "issue_comments": 2} == +held.added
    assert "edited" == held.state["issues"]["10007"]["title"]
    assert ("edited", said["body"]) == tuple(
        held.state["issue_comments"][key]["body"] for key in (said["fullDatabaseId"], "1")
    )
    assert {"pulse": 1, "issues": 1} == server.operations
    held.night(live(server), NOW + 2 * DAY)
    assert {"repositories": 1} == +held.added


def test_a_busy_thread_is_read_only_as_far_as_it_is_new(
    server: GitHubServer, workspace: Path, short_lists: None
) -> None:
    """Of a thread with many comments, a walk takes the new ones and not all the old ones once more."""
    held = Held(workspace).night(live(server), streams=["issues"])
    said = records_of(workspace / "github", "issue_comments")[0]
    for number in range(7):
        when = f"2024-06-02T11:00:0{number}Z"
        new = {"number": BUSY_ISSUE, "id": f"IC_{number}", "fullDatabaseId": str(number)}
        server.put(NAME, "issue_comments", {**said, **new, "createdAt": when, "updatedAt": when})
    server.touch(NAME, "issues", 10_000 + BUSY_ISSUE, "2024-06-02T11:00:06Z")
    server.forget()
    held.night(live(server), NOW + DAY, streams=["issues"])
    assert (7, 1) == (held.added["issue_comments"], held.added["issues"])
    assert {"pulse": 1, "issues": 2, "more": 2} == server.operations


def test_a_thread_that_was_moved_here_brings_its_old_comments(
    server: GitHubServer, workspace: Path, short_lists: None
) -> None:
    """A transferred issue is old, and so is what is in it; all of it is new here."""
    busy = server.held(NAME, "issues", 10_000 + BUSY_ISSUE)
    said = [c for c in records_of(workspace / "github", "issue_comments") if c["number"] == BUSY_ISSUE]
    server.remove(NAME, "issues", busy["fullDatabaseId"])
    held = Held(workspace).night(live(server), streams=["issues"])
    assert str(10_000 + BUSY_ISSUE) not in held.state["issues"]
    server.put(NAME, "issues", {**busy, "updatedAt": "2024-06-02T10:00:00Z"})
    moved = {"number": BUSY_ISSUE, "__typename": "TransferredEvent", "id": "TE_1", "actor": None}
    server.put(NAME, "issue_events", {**moved, "createdAt": "2024-06-02T10:00:00Z"})
    for comment in said:
        server.put(NAME, "issue_comments", comment)
    held.night(live(server), NOW + DAY, streams=["issues"])
    here = {k for k, c in held.state["issue_comments"].items() if c["number"] == BUSY_ISSUE}
    assert {comment["fullDatabaseId"] for comment in said} == here


@pytest.mark.parametrize("stream", ["issues", "change_requests", "discussions"])
def test_more_than_a_page_within_one_second(
    server: GitHubServer, workspace: Path, stream: str, short_lists: None
) -> None:
    """A mass edit, with more threads in one second than a page holds, neither loops nor loses."""
    held = Held(workspace).night(live(server), streams=[stream])
    for key, row in list(held.state[stream].items()):
        server.change(NAME, stream, key, title=f"{row['title']}, edited", updatedAt="2024-06-02T10:00:00Z")
    held.night(live(server), NOW + DAY, streams=[stream])
    assert len(held.state[stream]) == held.added[stream]
    assert all(row["title"].endswith(", edited") for row in held.state[stream].values())
    server.forget()
    held.night(live(server), NOW + 2 * DAY, streams=[stream])
    assert {"pulse": 1} == server.operations


@pytest.mark.parametrize("stream", ["issues", "change_requests", "discussions"])
def test_a_listing_may_lag(server: GitHubServer, workspace: Path, stream: str) -> None:
    """What shows up half a minute late, behind newer things, or changes again within a second, is found."""
    keys = list(of_files(workspace)[stream])
    server.touch(NAME, stream, keys[0], "2024-06-01T23:59:50Z")
    held = Held(workspace).night(live(server), streams=[stream])
    server.touch(NAME, stream, keys[1], "2024-06-01T23:59:20Z")
    server.change(NAME, stream, keys[0], title="once more")
    held.night(live(server), NOW + DAY, streams=[stream])
    assert ("2024-06-01T23:59:20Z", "once more") == (
        held.state[stream][keys[1]]["updatedAt"],
        held.state[stream][keys[0]]["title"],
    )
    server.forget()
    held.night(live(server), NOW + 2 * DAY, streams=[stream])
    assert {"pulse": 1} == server.operations


@pytest.mark.parametrize("kind", ["sweep", "walk"])
def test_what_is_touched_while_we_page_is_not_skipped(
    server: GitHubServer, workspace: Path, short_lists: None, kind: str
) -> None:
    """Whatever moves to the top meanwhile, after the next night nothing is missing or stale."""
    held = Held(workspace)
    if kind == "walk":
        held.night(live(server), streams=["issues"])
        for key in of_files(workspace)["issues"]:
            server.touch(NAME, "issues", key, f"2024-06-02T10:00:{int(key) % 60:02}Z")
    touched = iter(sorted(of_files(workspace)["issues"])[3:])

    def touch(path: str, query: dict[str, Any]) -> None:
        if query.get("operation") == "issues":
            for key in (next(touched, None), next(touched, None)):
                if key:
                    server.change(NAME, "issues", key, body="touched", updatedAt="2024-06-02T23:59:30Z")

    server.before = touch
    held.night(live(server), NOW + DAY, streams=["issues"])
    server.before = None
    held.night(live(server), NOW + 2 * DAY, streams=["issues"])
    truth = {k: server.held(NAME, "issues", k)["body"] for k in of_files(workspace)["issues"]}
    assert truth == {key: row["body"] for key, row in held.state["issues"].items()}


# Many nights


class Life:
    """What people do at the server: at a time of its own each, which the thread it is in tells."""

    def __init__(self, server: GitHubServer, seed: int) -> None:
        self.server, self.dice, self.made = server, random.Random(seed), 0

    def go_on(self, night: datetime) -> None:
        for second in range(self.dice.randrange(12)):
            self.made += 1
            when = f"{night - timedelta(hours=10) + timedelta(seconds=second // 3):%Y-%m-%dT%H:%M:%SZ}"
            stream = self.dice.choice(["issues", "change_requests", "discussions"])
            held = self.server.repositories[NAME].streams[stream]
            key = self.dice.choice(list(held))
            thread = dict(held[key])
            match self.dice.randrange(5):
                case 0:
                    number, identifier = 1_000 + self.made, str(900_000 + self.made)
                    new = {"id": f"N_{self.made}", "number": number, "createdAt": when, "updatedAt": when}
                    ids = {"databaseId": int(identifier)} | (
                        {} if stream == "discussions" else {"fullDatabaseId": identifier}
                    )
                    self.server.put(NAME, stream, thread | new | ids)
                case 1:
                    self.server.change(NAME, stream, key, title=f"edited {self.made}", updatedAt=when)
                case _:
                    for _ in range(self.dice.randrange(1, 8)):
                        self.made += 1
                        self._say(stream, thread["number"], when)
                    self.server.touch(NAME, stream, key, when)

    def _say(self, stream: str, number: int, when: str) -> None:
        inner = {
            "issues": ["issue_comments", "issue_events"],
            "change_requests": ["change_request_comments", "change_request_events", "reviews"],
            "discussions": ["discussion_comments"],
        }[stream]
        name = self.dice.choice(inner)
        like = dict(next(iter(self.server.repositories[NAME].streams[name].values())))
        new = {"number": number, "id": f"N_{self.made}", "createdAt": when, "updatedAt": when}
        new |= {"databaseId": 900_000 + self.made, "fullDatabaseId": str(900_000 + self.made)}
        if name == "reviews":
            new["submittedAt"] = when
        self.server.put(NAME, name, like | {k: v for k, v in new.items() if k in like})
        if name == "reviews":
            comment = dict(next(iter(self.server.repositories[NAME].streams["review_comments"].values())))
            for _ in range(self.dice.randrange(6)):
                self.made += 1
                told = new | {"id": f"N_{self.made}", "fullDatabaseId": str(900_000 + self.made)}
                told |= {"reviewId": new["fullDatabaseId"], "replyTo": None}
                self.server.put(
                    NAME, "review_comments", comment | {k: v for k, v in told.items() if k in comment}
                )


@pytest.mark.parametrize("seed", range(4))
def test_many_nights_with_interruptions(
    server: GitHubServer, workspace: Path, short_lists: None, seed: int
) -> None:
    """Whatever happens, also while we read, and wherever runs are killed: all of it is held in the end."""
    life, held, dice = Life(server, seed), Held(workspace), random.Random(seed)
    streams = ["issues", "change_requests", "discussions"]
    night = NOW

    def meanwhile(path: str, query: dict[str, Any]) -> None:
        if dice.random() < 0.2:
            life.go_on(night + timedelta(hours=10, seconds=5 * len(server.asked)))

    for _ in range(12):
        life.go_on(night)
        server.forget()
        server.before = meanwhile
        held.night(live(server), night, streams, dice.choice([None, 1, 2, 3, 5, 9]))
        server.before = None
        night += DAY
    held.night(live(server), night, streams)
    for name in (one.name for one in github.STREAMS if {one.name, *one.within} & set(streams)):
        there = server.repositories[NAME].streams[name]
        if name != "people":
            assert {key: row.get("updatedAt") for key, row in there.items()} == {
                key: row.get("updatedAt") for key, row in held.state[name].items()
            }
    assert not any(held.gone.values())
    server.forget()
    held.night(live(server), night + DAY, streams)
    assert {"pulse": 1} == server.operations


# Sweeps


def until_swept(held: Held, asked: Settings, start: datetime = NOW, streams: list[str] | None = None) -> None:
    """Night after night until everything has been listed whole again."""
    swept = {key: cursor["swept"] for key, cursor in held.cursors.items() if "swept" in cursor}
    for night in range(1, 47):
        held.night(asked, start + night * DAY, streams)
    assert all(held.cursors[key]["swept"] > before for key, before in swept.items() if key[1] != "commits")


def test_a_sweep_finds_what_no_timestamp_tells(server: GitHubServer, workspace: Path) -> None:
    """Once a month all is listed again: what was deleted is marked, and edits that bump nothing arrive."""
    held = Held(workspace).night(live(server))
    comment, review = list(held.state["issue_comments"])[5], list(held.state["reviews"])[4]
    star, fork = list(held.state["stars"])[3], next(iter(held.state["forks"]))
    server.remove(NAME, "issue_comments", comment)
    server.remove(NAME, "issues", "10002")
    server.remove(NAME, "reviews", review)
    server.remove(NAME, "stars", star)
    server.remove(NAME, "forks", fork)
    server.change(
        NAME, "change_request_comments", next(iter(held.state["change_request_comments"])), body="unbumped"
    )
    label = next(iter(held.state["labels"].values()))
    server.put(NAME, "labels", {**label, "name": "renamed"})
    server.forget()
    until_swept(held, live(server))
    assert ({comment} <= held.gone["issue_comments"], {"10002"}) == (True, held.gone["issues"])
    assert ({review}, {star}, {fork}) == (held.gone["reviews"], held.gone["stars"], held.gone["forks"])
    assert "unbumped" in [row["body"] for row in held.state["change_request_comments"].values()]
    assert "renamed" in [row["name"] for row in held.state["labels"].values()]
    assert max(server.operations[name] for name in ("issues", "change_requests", "releases", "labels")) <= 3
    assert held.state["issues"].keys() == {key for key in of_files(workspace)["issues"] if key != "10002"}


def test_sweeps_do_not_fall_on_one_night() -> None:
    """Repositories that were first read on the same night are listed again on nights of their own."""
    due = Counter[int]()
    for number in range(300):
        swept, night = "2024-06-02T00:00:00Z", 0
        while not _github_walks.is_due(swept, f"R_{number} issues", Context(Path(), NOW + night * DAY)):
            night += 1
        due[night] += 1
    assert 15 <= min(due) < max(due) <= 45
    assert max(due.values()) < 30


# Resuming


@pytest.mark.parametrize("stream", READ)
def test_a_run_killed_at_any_checkpoint_goes_on(
    server: GitHubServer, workspace: Path, stream: str, short_lists: None
) -> None:
    """Whichever checkpoint a first run gets to, the next one brings the rest, and nothing is called deleted."""
    whole = Held(workspace).night(live(server), streams=[stream])
    for stop in range(1, whole.checkpoints + 1):
        cut = Held(workspace).night(live(server), streams=[stream], stop_after=stop)
        cut.night(live(server), streams=[stream])
        assert whole.state == cut.state
        assert not any(cut.gone.values())


@pytest.mark.parametrize(
    "stream", ["issues", "change_requests", "discussions", "commits", "releases", "stars"]
)
def test_a_walk_killed_at_any_checkpoint_goes_on(
    server: GitHubServer, workspace: Path, stream: str, short_lists: None
) -> None:
    """Also a walk, with more changes after it was cut short, ends like one that was not."""

    def first() -> Held:
        return Held(workspace).night(live(server), streams=[stream])

    def edit(keys: list[str], when: str) -> None:
        for at, key in enumerate(keys):
            match stream:
                case "commits":
                    server.put(NAME, stream, {**server.held(NAME, stream, key), "oid": f"{at}{key[1:]}"})
                case "releases" | "stars":
                    server.remove(NAME, stream, key)
                    server.put(NAME, stream, kept[key] | {"createdAt": when, "starredAt": when})
                case _:
                    server.change(NAME, stream, key, title=f"edited {when}", updatedAt=when)

    starts = [first() for _ in range(9)]
    kept = {key: server.held(NAME, stream, key) for key in of_files(workspace)[stream]}
    keys = list(kept)
    edit(keys[: len(keys) // 2], "2024-06-02T10:00:00Z")
    whole = starts[0].night(live(server), NOW + DAY, streams=[stream])
    cut_at = range(1, whole.checkpoints + 1)
    cuts = [starts[stop].night(live(server), NOW + DAY, [stream], stop) for stop in cut_at[:8]]
    edit(keys[-2:], "2024-06-03T10:00:00Z")
    expected = whole.night(live(server), NOW + 2 * DAY, streams=[stream]).state
    assert whole.checkpoints or stream == "stars"
    for cut in cuts:
        assert expected == cut.night(live(server), NOW + 2 * DAY, streams=[stream]).state


def test_a_place_that_github_has_forgotten_is_begun_again(
    server: GitHubServer, workspace: Path, short_lists: None
) -> None:
    """A cursor that GitHub refuses costs a new beginning of that walk or list, and loses nothing."""
    whole = Held(workspace).night(live(server), streams=["change_requests", "commits"])
    spoiled = Held(workspace)
    for stop in (1, 2, 3):
        spoiled.night(live(server), streams=["change_requests", "commits"], stop_after=stop)
        text = json.dumps(list(spoiled.cursors.items()))
        cursors = {tuple(key): _spoil(cursor) for key, cursor in json.loads(text)}
        spoiled.cursors = cursors
    spoiled.night(live(server), streams=["change_requests", "commits"])
    assert whole.state == spoiled.state
    assert not any(spoiled.gone.values())
    assert [] == spoiled.rejects


def _spoil(value: Any) -> Any:
    """The same with every cursor of GitHub in it made useless."""
    if isinstance(value, list):
        return [_spoil(one) for one in value]
    if isinstance(value, dict):
        return {k: "useless" if k == "after" and v else _spoil(v) for k, v in value.items()}
    return value


def test_a_list_that_does_not_go_on_is_no_loop(
    server: GitHubServer, workspace: Path, short_lists: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where GitHub gives the same cursor again, the list ends as a reject, and the others are read."""
    real = server._graphql.execute

    def execute(document: Any, variables: Any, *others: Any) -> Any:
        answer = real(document, variables, *others)
        asked = {"node": variables.get("after")} | {f"t{at}": variables.get(f"cursor{at}") for at in range(6)}
        for name, cursor in asked.items():
            connection = next(iter((answer["data"].get(name) or {"": None}).values()))
            if cursor and connection:
                ends = {
                    "endCursor": cursor,
                    "startCursor": cursor,
                    "hasNextPage": True,
                    "hasPreviousPage": True,
                }
                connection["pageInfo"] = {name: ends[name] for name in connection["pageInfo"]}
        return answer

    monkeypatch.setattr(server._graphql, "execute", execute)
    held = Held(workspace).night(live(server), streams=["issues"])
    assert {
        f"GitHub says that its list of {field} goes on, and does not go on with it"
        for field in ("issues", "comments", "timelineItems")
    } == {reject.reason for reject in held.rejects}
    assert 14 == len(held.state["issues"])
    assert not any(held.gone.values())


# What goes wrong


def until_it_breaks(held: Held, asked: Settings, streams: list[str] | None = None) -> str:
    """The sentence with which a night ends early."""
    try:
        held.night(asked, streams=streams)
    except SourceError as error:
        return str(error)
    raise AssertionError("no error came")


@pytest.mark.parametrize(
    ("seed", "within"),
    [(1, ()), (2, ()), (3, ("partial answer", "something went wrong", "secondary limit in 200"))],
)
def test_a_fifth_of_the_answers_fail(
    server: GitHubServer,
    workspace: Path,
    short_lists: None,
    impatient: float,
    seed: int,
    within: tuple[str, ...],
) -> None:
    """With every kind of passing fault in a fifth of the answers, every stream ends with the same rows."""
    streams = [stream for stream in READ if not within or stream not in ("traffic", "star_history")]
    calm = Held(workspace).night(live(server), streams=streams)
    server.forget()
    server.fail_often(0.2, seed=seed, faults=[*FAULTS, *within])
    shaken = Held(workspace).night(live(server), streams=streams)
    assert calm.state == shaken.state
    assert [] == shaken.rejects
    assert not any(shaken.gone.values())
    faults = [asked.fault for asked in server.asked if asked.fault]
    assert len(set(faults)) >= 7
    assert len(server.asked) * 0.1 < len(faults) < len(server.asked) * 0.35


def test_what_is_too_much_at_once_is_asked_in_smaller_parts(server: GitHubServer, workspace: Path) -> None:
    """Where GitHub does not get done with a page or with many repositories, smaller ones bring the same."""
    calm = Held(workspace).night(live(server))
    server.heavy_over = 4_000
    server.forget()
    slow = Held(workspace).night(live(server))
    assert calm.state == slow.state
    threads = [asked for asked in server.asked if asked.operation in ("issues", "change_requests")]
    assert max(asked.query["first"] for asked in threads if asked.status == 200) < 50
    assert 0 < sum(asked.status == 502 for asked in server.asked) < 40

    server.fail_next(None, "RESOURCE_LIMITS_EXCEEDED")
    assert calm.state["issues"] == Held(workspace).night(live(server), streams=["issues"]).state["issues"]

    names = [f"example/fs-{number}" for number in range(9)]
    for name in names:
        write_example(workspace / "github", name, **dict.fromkeys(FEW, 1))
    server.load(workspace / "github")
    server.heavy_over = 400
    assert names == [
        one.name for one in github.instances(live(server, *names), workspace) if one.id != one.name
    ]


def test_what_github_leaves_out_is_set_aside(server: GitHubServer, workspace: Path) -> None:
    """A node that is null is a reject that names its parent; the others come, and nothing is called deleted for it."""
    whole = Held(workspace).night(live(server))
    comment = next(c for c in whole.state["issue_comments"].values() if c["number"] == BUSY_ISSUE)
    review = next(iter(whole.state["reviews"].values()))
    server.broken |= {"I_kw000010", comment["id"], review["id"]}
    held = Held(workspace).night(live(server))
    gaps = {(reject.stream, reject.location) for reject in held.rejects}
    url = f"https://github.com/{NAME}"
    assert {
        ("issues", url),
        ("issue_comments", f"{url}/issues/{BUSY_ISSUE}"),
        ("reviews", f"{url}/pull/{review['number']}"),
    } == gaps
    assert all(r.reason.startswith("GitHub gives nothing here: Something went wrong") for r in held.rejects)
    assert whole.state["issues"].keys() - {"10010"} == held.state["issues"].keys()
    until_swept(whole, live(server))
    assert not any(whole.gone.values())


class Spoiled:
    """GitHub's answers, changed on their way: `change` gets the operation's text, its variables and the answer."""

    def __init__(self, server: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.change: Callable[[str, Any, Any], Any] | None = None
        real = server._graphql.execute

        def execute(document: Any, variables: Any, *others: Any) -> Any:
            answer = json.loads(json.dumps(real(document, variables, *others)))
            operation = document.definitions[0].name.value
            return (self.change and self.change(operation, variables, answer)) or answer

        monkeypatch.setattr(server._graphql, "execute", execute)


@pytest.mark.parametrize("where", ["issues", "comments", "commits"])
def test_a_page_without_its_nodes_is_a_gap_and_not_empty(
    server: GitHubServer, workspace: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Where GitHub leaves out all nodes of a page, it is a reject, nothing is marked deleted, a walk comes again."""
    spoiled = Spoiled(server, monkeypatch)
    streams = ["commits" if where == "commits" else "issues"]
    held = Held(workspace).night(live(server), streams=streams)
    known = held.state

    def change(operation: str, variables: Any, answer: Any) -> None:
        if operation == streams[0]:
            node = answer["data"]["node"]
            listing: Any = (node.get("object") or node)["listing"]
            path: list[str | int] = ["node", "listing", "nodes"]
            if where == "commits":
                path = ["node", "object", "listing", "nodes"]
            if where == "comments":
                listing, path = listing["nodes"][0]["comments"], [*path, 0, "comments", "nodes"]
            listing["nodes"] = None
            answer["errors"] = [{"path": path, "type": "INTERNAL", "message": "lost"}]

    spoiled.change = change
    if where == "commits":
        newest = next(iter(known["commits"].values()))
        server.put(NAME, "commits", newest | {"oid": "f" * 40, "committedDate": "2024-07-20T10:00:00Z"})
        night = NOW + 50 * DAY
        held.night(live(server), night, streams=streams)
        assert {"GitHub gives nothing here: INTERNAL: lost"} == {one.reason for one in held.rejects}
        assert not any(held.gone.values())
        return
    server.change(NAME, "issues", "10007", title="edited", updatedAt="2024-06-02T10:00:00Z")
    held.night(live(server), NOW + DAY, streams=streams)
    assert {"GitHub gives nothing here: INTERNAL: lost"} == {one.reason for one in held.rejects}
    until_swept(held, live(server), NOW + DAY, streams)
    assert not any(held.gone.values())
    spoiled.change = None
    held.night(live(server), NOW + 70 * DAY, streams=streams)
    assert "edited" == held.state["issues"]["10007"]["title"]


def test_a_thread_that_a_walk_missed_is_walked_again(server: GitHubServer, workspace: Path) -> None:
    """What GitHub could not tell comes the next night; where it never can, the walks go on after three nights."""
    held = Held(workspace).night(live(server), streams=["issues"])
    server.change(NAME, "issues", "10007", title="edited", updatedAt="2024-06-02T10:00:00Z")
    server.broken.add(server.held(NAME, "issues", "10007")["id"])
    held.night(live(server), NOW + DAY, streams=["issues"])
    assert 1 == len(held.rejects)
    server.broken.clear()
    held.night(live(server), NOW + 2 * DAY, streams=["issues"])
    assert "edited" == held.state["issues"]["10007"]["title"]
    server.change(NAME, "issues", "10007", updatedAt="2024-06-04T10:00:00Z")
    server.broken.add(server.held(NAME, "issues", "10007")["id"])
    rejects = []
    for night in range(3, 9):
        held.night(live(server), NOW + night * DAY, streams=["issues"])
        rejects.append(len(held.rejects))
    assert [1, 1, 1, 1, 0, 0] == rejects


def test_one_node_that_github_cannot_tell_holds_up_no_other(
    server: GitHubServer, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page with it fails whole until it is asked for alone; then it is a gap, and the others come."""
    broken = server.held(NAME, "issues", "10010")["id"]
    server.broken.add(broken)

    def change(operation: str, variables: Any, answer: Any) -> Any:
        if operation == "issues" and variables["first"] > 1 and answer.get("errors"):
            return {"data": None, "errors": answer["errors"]}
        return None

    Spoiled(server, monkeypatch).change = change
    held = Held(workspace).night(live(server), streams=["issues"])
    assert of_files(workspace)["issues"].keys() - {"10010"} == held.state["issues"].keys()
    assert 1 == len(held.rejects)


@pytest.mark.parametrize(
    ("stream", "switch"), [("issues", "hasIssuesEnabled"), ("discussions", "hasDiscussionsEnabled")]
)
def test_what_is_switched_off_is_not_deleted(
    server: GitHubServer, workspace: Path, stream: str, switch: str
) -> None:
    """GitHub shows nothing of it then: that is no count of 0, and what we hold of it stays."""
    held = Held(workspace).night(live(server), streams=[stream])
    known = held.state
    kept = {key: server.held(NAME, stream, key) for key in known[stream]}
    for key in kept:
        server.remove(NAME, stream, key)
    server.change(NAME, "repositories", **{switch: False})
    held.night(live(server), NOW + 40 * DAY, streams=[stream])
    assert (known, None) == (held.state, held.claims[stream].count)
    assert "switched off" in held.claims[stream].how


def test_a_repository_that_is_refused_is_asked_about_once(server: GitHubServer, workspace: Path) -> None:
    """What keeps all of it from us is told for every stream, and asked for only once."""
    (instance,) = github.instances(live(server), workspace)
    server.refuse(NAME, 404)
    server.forget()
    for stream in ("issues", "discussions", "labels", "commits"):
        with pytest.raises(SourceError, match="knows no such name"):
            Held(workspace).take(instance, stream, NOW)
    assert 1 == len(server.asked)


def test_a_record_that_makes_no_sense_is_set_aside(server: GitHubServer, workspace: Path) -> None:
    """A record without id or time is a reject; the others on its page are handed over."""
    expected = of_files(workspace)
    for key, spoiled in (("10003", {"fullDatabaseId": None}), ("10004", {"updatedAt": "yesterday"})):
        server.repositories[NAME].streams["issues"][key].update(spoiled)
        del expected["issues"][key]
    held = Held(workspace).night(live(server), streams=["issues"])
    assert {"a record without an id", "a record without the time of its last change"} == {
        reject.reason for reject in held.rejects
    }
    assert expected["issues"] == held.state["issues"]


@pytest.mark.parametrize(
    ("status", "message", "advice"),
    [
        (
            404,
            "",
            "knows no such name, or hides it from us with the token in GITHUB_TOKEN. Check the spelling",
        ),
        (403, "", "forbids this with the token in GITHUB_TOKEN. A token needs read access"),
        (403, "Resource protected by organization SAML enforcement.", "Authorize it for single sign-on"),
        (403, "the organization has an IP allow list enabled", "Ask its owners to add"),
        (
            403,
            "`example` forbids access via a personal access token (classic).",
            "Make one of the kind that it takes",
        ),
        (451, "", "it is closed. What we hold of it stays"),
    ],
)
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_refusal_says_what_to_do(
    server: GitHubServer, workspace: Path, status: int, message: str, advice: str, when: str
) -> None:
    """Whatever keeps one repository from us, its reading says so and what to do; the others are read."""
    write_example(workspace / "github", "example/other", **FEW)
    server.load(workspace / "github")
    if when == "before":
        server.refuse(NAME, status, message)
    first, second = github.instances(live(server, NAME, "example/other"), workspace)
    server.refuse(NAME, status, message)
    held = Held(workspace)
    with pytest.raises(SourceError) as caught:
        held.take(first, "issues", NOW)
    assert f"GitHub, {NAME}: " in str(caught.value)
    assert advice in str(caught.value)
    assert (NAME, NAME) == (first.name, first.project_id)
    held.take(second, "issues", NOW)
    assert FEW["issues"] == len(held.state["issues"])


def test_a_token_without_the_scope_is_told(server: GitHubServer, workspace: Path) -> None:
    """GitHub's own words about a missing scope reach whoever makes the token."""
    server.fail_next(None, "INSUFFICIENT_SCOPES")
    sentence = until_it_breaks(Held(workspace), live(server), ["issues"])
    assert (
        "the token in GITHUB_TOKEN lacks a scope. Make one that has it; GitHub says: Your token" in sentence
    )


def test_without_a_token_nothing_is_asked(
    server: GitHubServer, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GraphQL answers nobody without a token, and the error says how to come by one."""
    monkeypatch.delenv("GITHUB_TOKEN")
    with pytest.raises(SourceError, match=r"there is no token.*Make one.*set it as GITHUB_TOKEN"):
        github.instances(live(server), workspace)
    assert [] == server.asked


@pytest.mark.parametrize("trouble", ["wrong token", "404", "403", "502", "time-out", "odd letters", "none"])
def test_no_token_reaches_an_error_or_a_log(
    server: GitHubServer,
    workspace: Path,
    trouble: str,
    impatient: float,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever goes wrong, and with every logger at its most talkative, the token is nowhere."""
    caplog.set_level(logging.DEBUG)
    match trouble:
        case "wrong token":
            server.token = "another"
        case "404" | "403":
            server.refuse(NAME, int(trouble))
        case "502" | "time-out":
            server.fail_next(None, *[trouble] * 60)
        case "odd letters":
            monkeypatch.setenv("GITHUB_TOKEN", f"{CANARY}\n{CANARY}é")
    texts = []
    try:
        Held(workspace).night(live(server))
    except SourceError as error:
        texts = [str(error), repr(error), repr(error.__cause__), str(error.__suppress_context__)]
    assert (trouble == "none") == (not texts)
    assert caplog.records or trouble == "odd letters"
    written = [record.getMessage() + str(record.args) + str(record.exc_text) for record in caplog.records]
    assert [] == [text for text in [*texts, *written] if CANARY in text]


# Limits, budgets and tokens


def test_a_budget_is_spent_over_several_runs(
    server: GitHubServer, workspace: Path, short_lists: None
) -> None:
    """A run that stops at its budget keeps its place, and the runs after it end with the same rows."""
    whole = Held(workspace).night(live(server))
    held, is_done, runs = Held(workspace), False, 0
    while not is_done:
        server.forget()
        runs += 1
        try:
            held.night(live(server, requests_a_run=9))
            is_done = True
        except StoppedError as stopped:
            sentence = str(stopped)
        assert server.points <= 10  # the last answer may cost more than what was left
        assert sum(held.requests.values()) == len(server.asked)
    assert "'requests_a_run' in ospo.toml" in sentence
    assert runs > 5
    assert whole.state == held.state
    assert not any(held.gone.values())


def test_a_used_up_hour_is_waited_for(server: GitHubServer, workspace: Path, waits: list[float]) -> None:
    """When the hour's points are gone, we wait for GitHub's reset and lose nothing; or stop, if that is asked for."""
    whole = Held(workspace).night(live(server))
    server.limit = 9
    server.refill()
    with pytest.raises(StoppedError, match="'when_limited'"):
        Held(workspace).night(live(server, when_limited="stop"))
    server.before = lambda path, query: server.refill() if sum(waits) > 3_500 else None
    server.refill()
    held = Held(workspace).night(live(server))
    assert whole.state == held.state
    assert sum(waits) > 3_500


def test_a_repository_is_asked_about_with_the_token_that_sees_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several tokens each reads what it may: what is private to one, and the traffic where one may write."""
    monkeypatch.setenv("ONE", "token-one-1")
    monkeypatch.setenv("TWO", "token-two-2")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for number, name in enumerate(["example/one", "example/two", "example/both"]):
        write_example(workspace / "github", name, **FEW)
        file = workspace / "github" / name / "repositories.jsonl"
        node = json.loads(file.read_text()) | {"databaseId": number + 1, "id": f"R_{number}"}
        file.write_text(json.dumps(node | {"isPrivate": name != "example/both"}))
    token = {
        "token-one-1": {"example/one": "READ", "example/both": "READ"},
        "token-two-2": {"example/two": "ADMIN", "example/both": "WRITE"},
    }
    with GitHubServer(workspace / "github", token=token) as server:
        asked = live(server, "example/one", "example/two", "example/both", token_env=["ONE", "TWO"])
        held = {}
        for instance in github.instances(asked, workspace):
            held[instance.name] = Held(workspace)
            for stream in READ:
                held[instance.name].take(instance, stream, NOW)
    used = {
        name: {r.token for r in server.asked if r.path.startswith(f"/repos/{name}/traffic")} for name in held
    }
    assert {"example/one": set(), "example/two": {"token-two-2"}, "example/both": {"token-two-2"}} == used
    rights = {
        name: next(iter(one.rows["repositories"].values()))["viewerPermission"] for name, one in held.items()
    }
    assert {"example/one": "READ", "example/two": "ADMIN", "example/both": "WRITE"} == rights
    for name, one in held.items():
        assert of_files(workspace, name)["issues"] == one.state["issues"]
    stars = {name: len(one.rows["stars"]) for name, one in held.items()}
    assert {"example/one": 0, "example/two": 20, "example/both": 20} == stars


def test_a_token_reads_only_what_it_was_seen_to_read(
    server: GitHubServer, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that an organization refuses is not asked with, even where everybody may read; the night costs it a point."""
    monkeypatch.setenv("ONE", "token-one-1")
    monkeypatch.setenv("TWO", "token-two-2")
    server.token = {"token-one-1": {NAME: "ADMIN"}, "token-two-2": set()}
    held = Held(workspace).night(live(server, token_env=["ONE", "TWO"]))
    assert (of_files(workspace), []) == (without(held.state, *UNLIKE_FILES), held.rejects)
    assert ["pulse"] == [asked.operation for asked in server.asked if asked.token == "token-two-2"]
    assert 1 == sum(asked.points for asked in server.asked if asked.token == "token-two-2")


def test_a_token_whose_hour_is_used_up_is_not_waited_for_to_tell_its_rights(
    server: GitHubServer, workspace: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    """Where another sees the repository, the night goes on with that one."""
    monkeypatch.setenv("ONE", "token-one-1")
    monkeypatch.setenv("TWO", "token-two-2")
    server.token = {"token-one-1": None, "token-two-2": None}
    server.budget("graphql", "token-two-2").remaining = 0
    held = Held(workspace).night(live(server, token_env=["ONE", "TWO"], when_limited="stop"))
    assert of_files(workspace) == without(held.state, *UNLIKE_FILES)
    assert [] == waits


def test_two_tokens_share_the_load(
    server: GitHubServer, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one token's hour is used up, the other goes on without a wait."""
    monkeypatch.setenv("ONE", "token-one-1")
    monkeypatch.setenv("TWO", "token-two-2")
    server.token = {"token-one-1": None, "token-two-2": None}
    server.limit = 45
    held = Held(workspace).night(live(server, token_env=["ONE", "TWO"]))
    assert of_files(workspace) == without(held.state, *UNLIKE_FILES)
    points = {token: sum(r.points for r in server.asked if r.token == token) for token in server.token}
    assert min(points.values()) > 10


def test_a_token_that_is_revoked_does_not_stop_the_others(
    server: GitHubServer, workspace: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With one of two tokens refused the night goes on with the other, and what only the first may see says why not."""
    monkeypatch.setenv("ONE", "token-one-1")
    monkeypatch.setenv("TWO", "token-two-2")
    server.token = {"token-two-2": None}
    held = Held(workspace).night(live(server, token_env=["ONE", "TWO"]))
    assert of_files(workspace) == without(held.state, *UNLIKE_FILES)
    asked = live(server, NAME, "example/hidden", token_env=["ONE", "TWO"])
    hidden = github.instances(asked, workspace)[-1]
    assert "refuses the token in ONE" in str(hidden.options) or "refuses the token in ONE" in caplog.text
    server.token = {}
    with pytest.raises(SourceError, match="refuses the token in"):
        github.instances(asked, workspace)


# Names


@pytest.mark.parametrize("when", ["between", "meanwhile"])
def test_a_new_name_changes_nothing(server: GitHubServer, workspace: Path, when: str) -> None:
    """A renamed or transferred repository is followed by its permanent id, and stays the project that was named."""
    held = Held(workspace).night(live(server))
    known = held.state
    if when == "between":
        server.rename(NAME, "elsewhere/quickfs")
    (instance,) = github.instances(live(server), workspace)
    if when == "meanwhile":
        server.rename(NAME, "elsewhere/quickfs")
    held.added.clear()
    for stream in READ:
        held.take(instance, stream, NOW + DAY)
    assert [(NAME, NAME)] == [(instance.name, instance.project_id)]
    assert without(known, "repositories") == without(held.state, "repositories")
    assert {"repositories": 1} == +held.added
    (row,) = held.state["repositories"].values()
    assert ("elsewhere/quickfs" if when == "between" else NAME) == row["nameWithOwner"]


def test_two_names_of_one_repository(server: GitHubServer, workspace: Path) -> None:
    """The old and the new name are one repository: read once, and whoever named both is told; a glob is no fault."""
    server.rename(NAME, "example/quickfs")
    first, second = github.instances(live(server, "example/fastfs", "example/quickfs"), workspace)
    with pytest.raises(SourceError, match="it is the same repository as example/fastfs; name it once"):
        next(iter(github.read(second, "repositories", Context(workspace, NOW))))
    assert first.id != second.id == "example/quickfs"
    assert [first.id] == [one.id for one in github.instances(live(server, NAME, "example/*"), workspace)]
    assert 1 == len(github.instances(live(server, "Example/FastFS", NAME), workspace))


def test_a_repository_made_again_is_another(server: GitHubServer, workspace: Path) -> None:
    """The same name with another permanent id is another instance of the same project."""
    (before,) = github.instances(live(server), workspace)
    server.change(NAME, "repositories", databaseId=77, id="R_again")
    (after,) = github.instances(live(server), workspace)
    assert (before.id != after.id, before.project_id) == (True, after.project_id)


@pytest.mark.parametrize("place", ["live", "recorded"])
def test_a_glob_finds_the_repositories_of_its_owner(
    server: GitHubServer, workspace: Path, place: str
) -> None:
    """A glob is looked up through all pages, a name is taken as written, and other capitals are no other project."""
    names = [
        "example/block-one",
        "example/Block-Two",
        "other/block-three",
        *(f"person-1/tool-{n}" for n in range(105)),
    ]
    for number, name in enumerate(names):
        write_example(workspace / "github", name, **dict.fromkeys(FEW, 0))
        file = workspace / "github" / name / "repositories.jsonl"
        node = json.loads(file.read_text())
        node |= {
            "databaseId": number + 1,
            "id": f"R_{number}",
            "isArchived": number == 0,
            "isFork": number == 1,
        }
        file.write_text(json.dumps(node) + "\n")
    server.load(workspace / "github")
    projects = ["example/block-*", "Example/FastFS", "example/fastfs", "other/block-[a-z]*", "Person-1/*"]
    asked = live(server, *projects) if place == "live" else settings(projects, recorded="github")
    found = github.instances(asked, workspace)
    assert sorted(["Example/FastFS", *names]) == sorted(instance.name for instance in found)
    assert all(instance.name == instance.project_id for instance in found)
    assert len({instance.id for instance in found}) == len(found)
    for instance in found:
        Held(workspace).take(instance, "issues", NOW)


@pytest.mark.parametrize("place", ["live", "recorded"])
@pytest.mark.parametrize("glob", ["example/blok-*", "nobody/*"])
def test_a_glob_that_matches_nothing_names_its_line(
    server: GitHubServer, workspace: Path, place: str, glob: str
) -> None:
    """The error says which file, line, key and glob, and what to write instead."""
    (workspace / "ospo.toml").write_text(
        '[ospo]\nname = "Example OSPO"\n\n[[communities]]\nid = "storage"\nname = "Storage"\n'
        f'projects = ["{glob}"]\n'
    )
    both = [glob, NAME]
    asked = live(server, *both) if place == "live" else settings(both, recorded="github")
    other, instance = github.instances(asked, workspace)
    assert (NAME, glob, None, glob) == (other.name, instance.id, instance.project_id, instance.name)
    Held(workspace).take(other, "issues", NOW)
    with pytest.raises(SourceError) as caught:
        Held(workspace).take(instance, "issues", NOW)
    assert (
        f"{workspace / 'ospo.toml'}, line 7: 'projects' has {glob!r}, and its owner has no "
        "repository of such a name that we can see. Write a name or another glob."
    ) == str(caught.value)


def test_a_glob_is_looked_up_with_the_tokens_that_are_taken(
    server: GitHubServer, workspace: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One expired token stops no glob; where every token is refused, the glob says so and a name goes on."""
    monkeypatch.setenv("ONE", "token-one-1")
    monkeypatch.setenv("TWO", "token-two-2")
    server.token = {"token-two-2": None}
    (found,) = github.instances(live(server, "example/*", token_env=["ONE", "TWO"]), workspace)
    assert (NAME, True) == (found.name, "refuses the token in ONE" in caplog.text)
    server.fail_next("INSUFFICIENT_SCOPES")
    other, refused = github.instances(live(server, NAME, "example/*", token_env=["TWO"]), workspace)
    assert (NAME, "example/*", None) == (other.name, refused.id, refused.project_id)
    assert "the token in TWO lacks a scope" in str(refused.options)


def test_a_source_that_is_not_configured_has_no_instances(workspace: Path) -> None:
    """Without [sources.github] nothing is read from GitHub, whatever the communities name."""
    unset = settings(["example/fastfs"]).model_dump()
    unset["sources"]["github"] = None
    assert [] == github.instances(Settings.model_validate(unset), workspace)


def test_an_empty_repository_costs_only_the_pulse(server: GitHubServer, workspace: Path) -> None:
    """Where there is nothing, nothing is asked, on the first night as on the others; archived ones are read."""
    write_example(workspace / "github", **dict.fromkeys(FEW, 0), releases=0, forks=0, permission="READ")
    server.load(workspace / "github")
    repository = server.repositories[NAME]
    for stream in ("labels", "milestones"):
        for key in list(repository.streams[stream]):
            server.remove(NAME, stream, key)
    server.change(NAME, "repositories", isArchived=True)
    held = Held(workspace).night(live(server))
    assert {"pulse": 1} == server.operations
    assert {"graphql": 1} == server.counts
    assert ({"repositories"}, 0) == (held.state.keys(), held.claims["commits"].count)


def test_github_enterprise_has_a_prefix(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An API below /api/v3, as on GitHub Enterprise, is read the same way, traffic included."""
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with GitHubServer(workspace / "github", token=CANARY, prefix="/api/v3") as server:
        held = Held(workspace).night(live(server))
        assert {"/api/graphql"} == {asked.path for asked in server.asked if asked.kind == "graphql"}
    assert of_files(workspace) == without(held.state, *UNLIKE_FILES)


# Single streams


def test_stars_are_listed_only_where_github_lists_them(server: GitHubServer, workspace: Path) -> None:
    """Whom it does not let see who starred it tells how many in which week; traffic is not asked either."""
    server.change(NAME, "repositories", viewerPermission="READ")
    held = Held(workspace).night(live(server))
    assert {"stars", "traffic"} & held.state.keys() == set()
    assert of_files(workspace)["star_history"] == held.state["star_history"]
    assert {"stars": None, "traffic": None} == {s: held.claims[s].count for s in ("stars", "traffic")}
    assert "only to those who may write" in held.claims["stars"].how
    assert not {"stars", "traffic"} & server.operations.keys() | server.counts.keys() & {"traffic"}


def test_the_history_of_stars_is_read_back_to_what_is_known(server: GitHubServer, workspace: Path) -> None:
    """All pages at first, nothing while the number stays, one page for a new star, and all of it once a month."""
    weeks = [
        {"week": 1_672_531_200 + at * 604_800, "total": at % 5, "days": [at % 5, *[0] * 6]}
        for at in range(70)
    ]
    for week in weeks:
        server.put(NAME, "star_history", week)
    held = Held(workspace).night(live(server), streams=["star_history"])
    assert ({str(week["week"]): week for week in weeks}, 3) == (
        held.state["star_history"],
        server.counts["star_history"],
    )
    server.forget()
    server.put(NAME, "star_history", {**weeks[-1], "total": 9})
    server.put(NAME, "stars", {"starredAt": "2024-06-02T10:00:00Z", "node": {"id": "U_new", "login": "new"}})
    held.night(live(server), NOW + DAY, streams=["star_history"])
    assert (1, 1) == (server.counts["star_history"], held.added["star_history"])
    server.forget()
    held.night(live(server), NOW + 2 * DAY, streams=["star_history"])
    assert 0 == server.counts["star_history"]
    server.put(NAME, "star_history", {**weeks[2], "total": 1})
    until_swept(held, live(server), NOW + 2 * DAY)
    assert 1 == held.state["star_history"][str(weeks[2]["week"])]["total"]
    assert server.counts["star_history"] in (3, 6)


def test_traffic_is_kept_day_by_day(server: GitHubServer, workspace: Path) -> None:
    """Each of the last 14 days is a row that may grow; the lists are dated by the day they were asked for."""
    held = Held(workspace).night(live(server), streams=["traffic"])
    days = [key for key in held.state["traffic"] if key.startswith("views ")]
    assert (14, ["paths 2024-06-02", "referrers 2024-06-02"]) == (
        len(days),
        sorted(key for key in held.state["traffic"] if key.startswith(("paths", "referrers"))),
    )
    assert {"kind", "timestamp", "count", "uniques"} == held.state["traffic"][days[0]].keys()
    assert {"kind": "paths", "asOf": "2024-06-02"}.items() <= held.state["traffic"][
        "paths 2024-06-02"
    ].items()
    key, row = max(
        server.repositories[NAME].streams["traffic"].items(), key=lambda one: one[1].get("timestamp", "")
    )
    server.put(NAME, "traffic", {**row, "count": row["count"] + 5})
    server.forget()
    held.night(live(server), NOW + DAY, streams=["traffic"])
    assert (1, 1, 4) == (held.added["traffic"], server.rest_points, server.counts["traffic"])
    assert row["count"] + 5 == held.state["traffic"][key]["count"]


def test_traffic_that_a_token_may_not_see_is_told(server: GitHubServer, workspace: Path) -> None:
    """A token that may write and not see traffic gets a reject that says what it needs, and the rest is read."""
    server.fail_next(None, "FORBIDDEN")
    held = Held(workspace).night(live(server))
    (reject,) = held.rejects
    assert ("traffic", f"https://github.com/{NAME}/graphs/traffic") == (reject.stream, reject.location)
    assert "for traffic to administration" in reject.reason
    assert of_files(workspace)["issues"] == held.state["issues"]


def test_an_app_is_not_told_what_it_may_do(server: GitHubServer, workspace: Path) -> None:
    """GitHub tells no App its rights: its traffic is asked for, and where that is refused it is no fault."""
    server.change(NAME, "repositories", viewerPermission=None)
    held = Held(workspace).night(live(server))
    assert ([], 1, 0) == (held.rejects, server.counts["traffic"], server.operations["stars"])
    assert "only to those who may write" in held.claims["traffic"].how
    assert of_files(workspace)["issues"] == held.state["issues"]


def test_commits_are_read_from_a_new_head(server: GitHubServer, workspace: Path) -> None:
    """A push costs one request back to what is known; a branch that was forced to another place shows in a sweep."""
    held = Held(workspace).night(live(server), streams=["commits"])
    assert of_files(workspace)["commits"] == held.state["commits"]
    newest = next(iter(held.state["commits"].values()))
    server.put(NAME, "commits", newest | {"oid": "f" * 40, "committedDate": "2024-06-02T10:00:00Z"})
    server.forget()
    held.night(live(server), NOW + DAY, streams=["commits"])
    assert (1, {"pulse": 1, "commits": 1}) == (held.added["commits"], server.operations)
    server.forget()
    held.night(live(server), NOW + 2 * DAY, streams=["commits"])
    assert {"pulse": 1} == server.operations
    server.remove(NAME, "commits", "f" * 40)
    server.put(NAME, "commits", newest | {"oid": "e" * 40, "committedDate": "2024-07-20T10:00:00Z"})
    held.night(live(server), NOW + 50 * DAY, streams=["commits"])
    assert {"f" * 40} == held.gone["commits"]
    assert FEW["commits"] + 1 == held.claims["commits"].count == len(held.state["commits"])


def test_an_old_branch_that_is_merged_is_read(server: GitHubServer, workspace: Path) -> None:
    """Commits that are older than what is read anyway are looked for, down to the oldest."""
    for number in range(250):
        when = f"2023-{number // 28 + 1:02}-{number % 28 + 1:02}T00:00:00Z"
        old = server.held(NAME, "commits", f"{0xC0FFEE:040x}")
        server.put(NAME, "commits", old | {"oid": f"{number:040x}", "committedDate": when})
    newest = old | {"oid": "a" * 40, "committedDate": "2024-06-01T10:00:00Z"}
    for number in range(120):
        server.put(NAME, "commits", newest | {"oid": f"a{number:039x}"})
    held = Held(workspace).night(live(server), streams=["commits"])
    server.forget()
    server.put(NAME, "commits", newest | {"oid": "b" * 40, "committedDate": "2024-06-02T10:00:00Z"})
    held.night(live(server), NOW + DAY, streams=["commits"])
    assert (1, 3) == (held.added["commits"], server.operations["commits"])
    server.put(NAME, "commits", newest | {"oid": "c" * 40, "committedDate": "2019-06-02T10:00:00Z"})
    server.put(NAME, "commits", newest | {"oid": "d" * 40, "committedDate": "2024-06-03T10:00:00Z"})
    held.night(live(server), NOW + 2 * DAY, streams=["commits"])
    assert (2, held.claims["commits"].count) == (held.added["commits"], len(held.state["commits"]))


def test_forks_of_forks_are_not_missed(server: GitHubServer, workspace: Path) -> None:
    """The count of all its descendants is in the snapshot, and what is listed is held against its own forks."""
    server.change(NAME, "repositories", forkCount=99)
    held = Held(workspace).night(live(server)).night(live(server), NOW + DAY)
    assert 99 == next(iter(held.state["repositories"].values()))["forkCount"]
    assert len(of_files(workspace)["forks"]) == held.claims["forks"].count == len(held.state["forks"])


def test_a_release_has_all_its_assets(server: GitHubServer, workspace: Path) -> None:
    """More files than a page holds are all there; a new release costs one request, downloads alone none."""
    release = records_of(workspace / "github", "releases")[-1]
    asset = release["releaseAssets"]["nodes"][0]
    many = [{**asset, "name": f"file-{number}"} for number in range(230)]
    newer = {"databaseId": 5, "id": "RE_new", "tagName": "v9", "createdAt": "2024-06-01T00:00:00Z"}
    server.put(NAME, "releases", release | newer | {"releaseAssets": {"totalCount": 230, "nodes": many}})
    held = Held(workspace).night(live(server), streams=["releases"])
    assert {"totalCount": 230, "nodes": many} == held.state["releases"]["5"]["releaseAssets"]
    assert 3 == server.operations["releases"] + server.operations["assets"]
    newer = {"databaseId": 6, "id": "RE_newer", "tagName": "v10", "createdAt": "2024-06-02T09:00:00Z"}
    server.put(NAME, "releases", {**release, **newer})
    server.change(NAME, "releases", release["databaseId"], isPrerelease=False)
    server.forget()
    held.night(live(server), NOW + DAY, streams=["releases"])
    assert (2, 1) == (held.added["releases"], server.operations["releases"])


def test_labels_and_milestones_are_listed_when_they_differ(server: GitHubServer, workspace: Path) -> None:
    """One more label or a touched milestone is a new listing of these, and what is no longer there is marked."""
    held = Held(workspace).night(live(server))
    label = next(iter(held.state["labels"].values()))
    milestone = next(iter(held.state["milestones"]))
    server.remove(NAME, "labels", label["id"])
    server.touch(NAME, "milestones", milestone, "2024-06-02T10:00:00Z")
    server.forget()
    held.night(live(server), NOW + DAY)
    assert {"pulse": 1, "labels": 1, "milestones": 1} == server.operations
    assert ({label["id"]}, 1) == (held.gone["labels"], held.added["milestones"])


# Recorded answers


def test_a_recording_reads_like_the_server(server: GitHubServer, workspace: Path) -> None:
    """Recorded answers give the same rows as the network, under the same permanent id."""
    there = Held(workspace).night(live(server))
    here = Held(workspace).night(settings([NAME], recorded="github"))
    assert without(there.state, *UNLIKE_FILES) == without(here.state, *UNLIKE_FILES)
    assert there.rows["repositories"].keys() == here.rows["repositories"].keys()
    assert [] == here.rejects
    assert {stream: len(rows) for stream, rows in here.state.items()} == {
        stream: claim.count for stream, claim in here.claims.items()
    }
    assert {datetime.fromisoformat(RECORDED_AT)} == {claim.observed_until for claim in here.claims.values()}
    again = here.night(settings([NAME], recorded="github"), NOW + DAY)
    assert ({}, 0) == (again.added, again.checkpoints)


def test_a_recording_killed_at_any_checkpoint_goes_on(workspace: Path) -> None:
    """A long file is gone on with, not begun again."""
    write_example(workspace / "github", issues=50, pulls=1, comments=3_100)
    asked = settings([NAME], recorded="github")
    whole = Held(workspace).night(asked, streams=["issues"])
    for stop in range(1, whole.checkpoints + 1):
        held = Held(workspace).night(asked, streams=["issues"], stop_after=stop)
        before = held.added.total()
        held.night(asked, streams=["issues"])
        assert whole.state == held.state
        assert before + held.added.total() == sum(map(len, whole.state.values()))
        assert whole.claims == held.claims


def test_a_recording_with_bad_lines_gives_the_others(workspace: Path) -> None:
    """A broken line is set aside with file and line, and the claim counts it."""
    file = workspace / "github" / NAME / "issue_comments.jsonl"
    lines = file.read_bytes().splitlines()
    count = len(lines)
    lines[3] = b'{"id": 12, "body": "cut o'
    lines[10] = b'{"id": 13, "body": "\xff"}'
    lines[20] = b'{"id": 14, "size": NaN, "updatedAt": "2024-01-01T00:00:00Z"}'
    lines[30] = b"[]"
    lines[35] = b'{"fullDatabaseId": "15", "number": 1}'
    lines[40] = b""
    file.write_bytes(b"\n".join(lines))
    held = Held(workspace).night(settings([NAME], recorded="github"))
    place = "github/example/fastfs/issue_comments.jsonl"
    assert [("issue_comments", f"{place}:{line}") for line in (4, 11, 21, 31, 36)] == [
        (reject.stream, reject.location) for reject in held.rejects
    ]
    assert (count - 6, count - 1) == (len(held.state["issue_comments"]), held.claims["issue_comments"].count)


def test_a_newer_recording_brings_only_what_changed(workspace: Path) -> None:
    """A recording that replaces another is read where it differs, and a file that is missing is nothing."""
    asked = settings([NAME], recorded="github")
    held = Held(workspace).night(asked)
    file = workspace / "github" / NAME / "issues.jsonl"
    records = records_of(workspace / "github", "issues")
    new = {**records[0], "title": "edited", "updatedAt": "2024-07-01T00:00:00Z"}
    file.write_text("".join(json.dumps(record) + "\n" for record in [new, *records[1:]]))
    (workspace / "github" / NAME / "stars.jsonl").unlink()
    held.night(asked, NOW + DAY)
    assert ({"issues": 1}, new) == (+held.added, held.state["issues"][new["fullDatabaseId"]])


@pytest.mark.parametrize(
    ("spoil", "advice"),
    [
        (
            lambda folder: (folder / NAME / "repositories.jsonl").unlink(),
            "has no file github/example/fastfs/repositories.jsonl. Check 'recorded'",
        ),
        (
            lambda folder: (folder / NAME / "repositories.jsonl").write_text("{}\n"),
            "github/example/fastfs/repositories.jsonl holds no repository with its databaseId",
        ),
        (lambda folder: (folder / "recorded_at.txt").write_text("today"), "holds 'today'. Write an instant"),
    ],
)
def test_a_recording_that_is_not_whole_says_so(
    workspace: Path, spoil: Callable[[Path], object], advice: str
) -> None:
    """A recording that cannot be one is an error with what to check, never an empty listing."""
    spoil(workspace / "github")
    assert advice in until_it_breaks(Held(workspace), settings([NAME], recorded="github"))


# The whole path


def rows(workspace: Path, sql: str) -> list[Any]:
    with open_warehouse(workspace / "private" / "warehouse.duckdb", read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_collecting_holds_what_github_has(server: GitHubServer, workspace: Path) -> None:
    """Through collect into a warehouse: every count agrees, a quiet night adds a snapshot, what is gone is marked."""
    (workspace / "ospo.toml").write_text(
        f'[ospo]\nname = "T"\n[[communities]]\nid = "c"\nname = "C"\nprojects = ["{NAME}"]\n'
        f'[sources.github]\napi_url = "{server.url}"\n'
    )
    opened = open_workspace(workspace)
    first = collect(opened, github, "run-1", Quiet())  # type: ignore[arg-type]
    assert ([], [], 0, 0) == (first.failures, first.stopped, first.rejects, first.duplicates)
    gaps = dict(rows(workspace, "select stream, gap from meta.reconciliation"))
    assert {0} == set(gaps.values())
    counted = {stream.name for stream in github.STREAMS if stream.counted_in}
    assert (
        counted | {"repositories", "issues", "change_requests", "discussions", "releases", "commits"}
        <= gaps.keys()
    )
    spent = rows(workspace, "select sum(requests), sum(points) from meta.spending")
    assert [(len(server.asked), server.points)] == spent
    for stream, records in of_files(workspace).items():
        held = rows(workspace, f"select key, payload from raw.github__{stream}")
        assert records == {key: json.loads(payload) for key, payload in held}
    server.remove(NAME, "labels", next(iter(of_files(workspace)["labels"])))
    second = collect(opened, github, "run-2", Quiet())  # type: ignore[arg-type]
    assert ([], 1) == (second.failures, second.added)
    (gone,) = rows(workspace, "select stream, key from meta.deletions")
    assert ("labels", next(iter(of_files(workspace)["labels"]))) == gone


def test_one_failing_repository_holds_up_no_other(server: GitHubServer, workspace: Path) -> None:
    """Read side by side, with one that is refused meanwhile: the others are whole, and it alone is behind."""
    names = [f"example/fs-{number}" for number in range(6)]
    for name in names:
        write_example(workspace / "github", name, **FEW)
    server.load(workspace / "github")
    (workspace / "ospo.toml").write_text(
        '[ospo]\nname = "T"\n[[communities]]\nid = "c"\nname = "C"\nprojects = ["example/fs-*"]\n'
        f'[sources.github]\napi_url = "{server.url}"\n'
    )
    server.before = lambda path, query: (
        server.refuse(names[2], 403) if query.get("operation") == "change_requests" else None
    )
    result = collect(open_workspace(workspace), github, "run-1", Quiet())  # type: ignore[arg-type]
    (failure,) = result.failures
    assert "GitHub, example/fs-2: it forbids this" in failure
    held = rows(workspace, "select name, rows_held from meta.sources where stream = 'commits' order by name")
    assert [(name, 0 if name == names[2] else FEW["commits"]) for name in names] == held


# Real dumps

needs_dumps = pytest.mark.skipif(not DUMPS.is_dir(), reason=f"the real dumps are not here ({DUMPS.name})")
TOTALS = {
    "issues": 250,
    "issue_comments": 1_260,
    "change_requests": 392,
    "change_request_comments": 733,
    "reviews": 1_457,
    "review_comments": 1_552,
}


@needs_dumps
@pytest.mark.parametrize("place", ["live", "recorded"])
def test_a_real_dump_is_read_whole(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real project as of 2025-07-29: the numbers were counted independently, and the cost is what we promise."""
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    name = convert(DUMPS / "2025-07-29" / "archive.json", tmp_path / "github")
    with GitHubServer(tmp_path / "github", token=CANARY) as server:
        asked = live(server, name) if place == "live" else settings([name], recorded="github")
        held = Held(tmp_path).night(asked, datetime(2025, 8, 1, tzinfo=UTC))
    assert TOTALS == {stream: len(held.state[stream]) for stream in TOTALS}
    issues, changes = held.state["issues"].values(), held.state["change_requests"].values()
    assert (249, 323) == (sum(i["state"] == "CLOSED" for i in issues), sum(c["merged"] for c in changes))
    if place == "live":
        requests = {
            stream: held.requests[stream] * 1_000 / TOTALS[stream] for stream in ("issues", "change_requests")
        }
        assert max(requests.values()) <= 40
        assert held.points["change_requests"] * 1_000 / TOTALS["change_requests"] <= 200


@needs_dumps
@pytest.mark.parametrize("order", [["2024-06-09", "2025-07-29"], ["2025-07-29", "2024-06-09"]])
@pytest.mark.parametrize("place", ["live", "recorded"])
def test_two_real_dumps_in_either_order_hold_the_later_one(
    tmp_path: Path, order: list[str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of two dumps comes first, everything of the later one is held, as it is there."""
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    name = convert(DUMPS / "2025-07-29" / "archive.json", tmp_path / "expected")
    versions: dict[tuple[str, str], dict[str, Any]] = {}
    held = Held(tmp_path)
    for night, date in enumerate(order):
        convert(DUMPS / date / "archive.json", tmp_path / date)
        with GitHubServer(tmp_path / date, token=CANARY) as server:
            asked = live(server, name) if place == "live" else settings([name], recorded=date)
            held.night(asked, datetime(2025, 8, 1, tzinfo=UTC) + night * 50 * DAY)
        for stream in TOTALS:
            for key, payload in held.rows[stream].items():
                known = versions.get((stream, key))
                if known is None or payload["updatedAt"] >= known["updatedAt"]:
                    versions[stream, key] = payload
    for stream in TOTALS:
        for record in records_of(tmp_path / "expected", stream, name):
            assert record["updatedAt"] == versions[stream, record["fullDatabaseId"]]["updatedAt"]


def test_only_a_glob_still_means_what_is_no_longer_listed() -> None:
    """A name that was taken out of the settings means nothing any more."""
    communities = [SimpleNamespace(projects=["example/block-*", "example/fastfs"])]
    settings = SimpleNamespace(communities=communities, sources=SimpleNamespace(github=object()))

    meant = [
        github.still_named(settings, name) for name in ("Example/block-1", "example/fastfs", "other/block-1")
    ]

    assert meant == [True, False, False]
    assert not github.still_named(SimpleNamespace(sources=SimpleNamespace(github=None)), "example/block-1")
