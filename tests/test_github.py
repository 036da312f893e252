"""GitHub as a source: complete, cheap, patient, and silent about its tokens."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from github_dumps import convert
from github_example import NAME, RECORDED_AT, records_of, write_example
from github_server import FAULTS, GitHubServer
from ospo_metrics.items import Checkpoint, Claim, Context, Instance, Item, Reject, SourceError
from ospo_metrics.settings import Settings
from ospo_metrics.sources import github
from ospo_metrics.web import Patience

NOW = datetime(2024, 6, 2, tzinfo=UTC)
CANARY = "canary-8f14e45fceea167a5a36dedd4bea2543"
FILES = {"issues": "issues.jsonl", "change_requests": "pulls.jsonl", "comments": "comments.jsonl"}
LISTINGS = tuple(FILES)
DUMPS = Path(__file__).parents[2] / "shared" / "data" / "B_github" / "tlswg+draft-ietf-tls-esni"


@dataclass
class Read:
    """What one reading of a stream handed over."""

    items: list[Item]
    rejects: list[Reject]
    checkpoints: list[Checkpoint]
    claims: list[Claim]

    @property
    def cursor(self) -> Mapping[str, Any]:
        return self.checkpoints[-1].cursor if self.checkpoints else {}

    @property
    def payloads(self) -> dict[str, Any]:
        return {item.key: json.loads(item.payload) for item in self.items}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace whose recording holds the example."""
    write_example(tmp_path / "github")
    return tmp_path


@pytest.fixture
def server(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """A GitHub that holds the example and wants the canary for a token."""
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with GitHubServer(workspace / "github", token=CANARY) as running:
        yield running


def settings(projects: list[str], **asked: Any) -> Settings:
    return Settings.model_validate(
        {
            "ospo": {"name": "Example OSPO"},
            "communities": [{"id": "storage", "name": "Storage", "projects": projects}],
            "sources": {"github": asked},
        }
    )


def instance_of(where: GitHubServer | str, name: str = NAME, **patience: Any) -> Instance:
    """The repository on the server or in a recording, read with waits that take no time."""
    asked = {"recorded": where} if isinstance(where, str) else {"api_url": where.url}
    (instance,) = github.instances(settings([name], **asked), Path())
    hasty = Patience(**({"timeout": 0.2, "sleep": lambda seconds: None} | patience))
    return replace(instance, options=replace(instance.options, patience=hasty))


def read(
    instance: Instance,
    stream: str,
    workspace: Path,
    cursor: Mapping[str, Any] | None = None,
    stop_after: int | None = None,
    now: datetime = NOW,
) -> Read:
    """Read a stream, if wanted only up to some checkpoint, as a run that is killed there."""
    result = Read([], [], [], [])
    kinds = {Item: result.items, Reject: result.rejects, Checkpoint: result.checkpoints, Claim: result.claims}
    for handed in github.read(instance, stream, Context(workspace, now, dict(cursor or {}))):
        kinds[type(handed)].append(handed)
        if isinstance(handed, Checkpoint):
            json.dumps(handed.cursor)
            if len(result.checkpoints) == stop_after:
                break
    return result


def held(workspace: Path, stream: str) -> dict[str, Any]:
    """What the example holds of a stream, by key."""
    return {str(record["id"]): record for record in records_of(workspace / "github", FILES[stream])}


def as_recorded(value: Any, server: GitHubServer) -> Any:
    """A payload with the addresses of the real GitHub instead of the server's."""
    return json.loads(json.dumps(value).replace(server.url, "https://api.github.com"))


@pytest.mark.parametrize("stream", LISTINGS)
def test_a_listing_is_complete_and_untouched(server: GitHubServer, workspace: Path, stream: str) -> None:
    """Every object arrives as GitHub has it, deleted accounts included, once."""
    result = read(instance_of(server), stream, workspace)
    assert held(workspace, stream) == as_recorded(result.payloads, server)
    assert len(result.items) == len(result.payloads)
    assert [] == result.rejects


def test_the_repository_is_keyed_by_its_permanent_id(server: GitHubServer, workspace: Path) -> None:
    """A repository is one object whose key survives a new name."""
    (repository,) = records_of(workspace / "github", "repository.json")
    before = read(instance_of(server), "repositories", workspace)
    server.rename(NAME, "example/quickfs")
    after = read(instance_of(server), "repositories", workspace)
    assert (
        [str(repository["id"])] == [item.key for item in before.items] == [item.key for item in after.items]
    )


@pytest.mark.parametrize("stream", ["repositories", *LISTINGS])
def test_a_recording_reads_like_the_server(server: GitHubServer, workspace: Path, stream: str) -> None:
    """Recorded answers give the same items as the network, one by one."""
    live = read(instance_of(server), stream, workspace)
    recorded = read(instance_of("github"), stream, workspace)

    def comparable(items: list[Item]) -> list[tuple[Any, ...]]:
        whole = [
            (i.key, i.updated_at, json.dumps(as_recorded(json.loads(i.payload), server)), i.location)
            for i in items
        ]
        return sorted((*rest, as_recorded(location, server)) for *rest, location in whole)

    if stream == "comments":  # the example's comments have no page of their own, so their line is named
        live.items = [replace(item, location="") for item in live.items]
        recorded.items = [replace(item, location="") for item in recorded.items]
    assert comparable(recorded.items) == comparable(live.items)


def test_a_page_costs_one_request(server: GitHubServer, workspace: Path) -> None:
    """A hundred items come with each request, and no item costs one of its own."""
    for stream in github.STREAMS:
        read(instance_of(server), stream.name, workspace)
    assert {
        "repository": 1,
        "issues": 3,  # 250, with the change requests among them
        "pulls": 2,  # 120
        "comments": 4,  # 340
        "graphql": 1,
    } == server.counts


def test_a_quiet_night_costs_one_point(server: GitHubServer, workspace: Path) -> None:
    """Where nothing changed, every listing is answered with 304, and only the totals are charged."""
    instance = instance_of(server)
    cursors = {stream.name: read(instance, stream.name, workspace).cursor for stream in github.STREAMS}
    for night in range(1, 3):
        server.forget()
        for stream in github.STREAMS:
            result = read(
                instance, stream.name, workspace, cursors[stream.name], now=NOW + timedelta(days=night)
            )
            assert [] == result.items
            cursors[stream.name] = result.cursor or cursors[stream.name]
        assert (1, 5) == (server.points, len(server.asked))


def test_a_nearly_full_page_is_left_behind(server: GitHubServer, workspace: Path) -> None:
    """What comes after a full page is found, although that page itself stays the same for ever."""
    write_example(workspace / "github", pulls=0, issues=100, comments=0)
    server.load(workspace / "github")
    first = read(instance_of(server), "issues", workspace)
    new = {
        **records_of(workspace / "github", "issues.jsonl")[0],
        "id": 1,
        "updated_at": "2024-06-01T12:00:00Z",
    }
    server.put(NAME, "issues", new)
    second = read(instance_of(server), "issues", workspace, first.cursor)
    assert (100, ["1"]) == (len(first.items), [item.key for item in second.items])


@pytest.mark.parametrize("stream", LISTINGS)
def test_the_next_night_brings_only_what_changed(server: GitHubServer, workspace: Path, stream: str) -> None:
    """New and edited things come with one request, and nothing else comes with them."""
    instance = instance_of(server)
    first = read(instance, stream, workspace)
    kind = {"change_requests": "pulls"}.get(stream, stream)
    old = records_of(workspace / "github", FILES[stream])
    edited = {**old[5], "body": "edited", "updated_at": "2024-06-02T10:00:00Z"}
    new = {**old[6], "id": 777, "body": "new", "updated_at": "2024-06-02T11:00:00Z"}
    server.put(NAME, kind, edited)
    server.put(NAME, kind, new)
    server.forget()
    second = read(instance, stream, workspace, first.cursor, now=NOW + timedelta(days=1))
    assert {str(old[5]["id"]): edited, "777": new} == as_recorded(second.payloads, server)
    assert 2 == len(second.items)
    assert 1 == server.counts[kind]
    third = read(instance, stream, workspace, second.cursor, now=NOW + timedelta(days=2))
    assert [] == third.items


@pytest.mark.parametrize("stream", LISTINGS)
def test_an_edit_within_the_same_second_is_found(server: GitHubServer, workspace: Path, stream: str) -> None:
    """GitHub's times are whole seconds: what changes again within one is still a new version."""
    first = read(instance_of(server), stream, workspace)
    newest = max(held(workspace, stream).values(), key=lambda record: (record["updated_at"], record["id"]))
    kind = {"change_requests": "pulls"}.get(stream, stream)
    server.put(NAME, kind, {**newest, "body": "edited once more"})
    second = read(instance_of(server), stream, workspace, first.cursor)
    assert {str(newest["id"]): "edited once more"} == {k: p["body"] for k, p in second.payloads.items()}


@pytest.mark.parametrize("stream", LISTINGS)
def test_more_than_a_page_within_one_second(server: GitHubServer, workspace: Path, stream: str) -> None:
    """A mass edit, with more items in one second than a page holds, neither loops nor loses."""
    kind = {"change_requests": "pulls"}.get(stream, stream)
    for record in held(workspace, stream).values():
        server.put(NAME, kind, {**record, "updated_at": "2024-05-01T00:00:00Z"})
    result = read(instance_of(server), stream, workspace)
    assert held(workspace, stream).keys() == result.payloads.keys()
    assert [] == read(instance_of(server), stream, workspace, result.cursor).items


@pytest.mark.parametrize("includes", [True, False])
def test_a_page_may_end_within_a_second(server: GitHubServer, workspace: Path, includes: bool) -> None:
    """Items of the second at which a page ends are found, whether `since` means from or after it."""
    server.since_includes = includes
    records = sorted(held(workspace, "comments").values(), key=lambda record: record["updated_at"])
    for record in records[95:105]:
        server.put(NAME, "comments", {**record, "updated_at": records[100]["updated_at"]})
    result = read(instance_of(server), "comments", workspace)
    assert held(workspace, "comments").keys() == result.payloads.keys()
    assert len(result.items) == len(result.payloads)


@pytest.mark.parametrize("stream", LISTINGS)
def test_a_listing_may_lag(server: GitHubServer, workspace: Path, stream: str) -> None:
    """What shows up half a minute late in a listing, behind newer things, is found by the next run."""
    kind = {"change_requests": "pulls"}.get(stream, stream)
    record = next(iter(held(workspace, stream).values()))
    server.put(NAME, kind, {**record, "id": 1, "updated_at": "2024-06-01T23:59:50Z"})
    first = read(instance_of(server), stream, workspace)
    server.put(NAME, kind, {**record, "id": 2, "updated_at": "2024-06-01T23:59:20Z"})
    second = read(instance_of(server), stream, workspace, first.cursor, now=NOW + timedelta(days=1))
    assert ["2"] == [item.key for item in second.items]


@pytest.mark.parametrize("stream", LISTINGS)
def test_what_is_touched_while_we_page_is_not_skipped(
    server: GitHubServer, workspace: Path, stream: str
) -> None:
    """Pages shift when something is touched meanwhile; after the next run nothing is missing or stale."""
    kind = {"change_requests": "pulls"}.get(stream, stream)
    records = sorted(held(workspace, stream).values(), key=lambda record: record["updated_at"])
    touched = iter(records[20:60:2])

    def touch(path: str, query: dict[str, str]) -> None:
        if path.endswith(("/issues", "/pulls", "/comments")):
            for record in [next(touched), next(touched)]:
                server.put(NAME, kind, {**record, "body": "touched", "updated_at": "2024-06-01T23:59:30Z"})

    server.before = touch
    first = read(instance_of(server), stream, workspace)
    server.before = None
    second = read(instance_of(server), stream, workspace, first.cursor, now=NOW + timedelta(days=1))
    truth = server.repositories[NAME].listings[kind].values()
    assert {str(r["id"]): r["body"] for r in truth} == {
        key: payload["body"] for key, payload in {**first.payloads, **second.payloads}.items()
    }


@pytest.mark.parametrize("place", ["live", "recorded"])
@pytest.mark.parametrize("stream", LISTINGS)
def test_a_run_killed_at_any_checkpoint_goes_on(
    server: GitHubServer, workspace: Path, stream: str, place: str
) -> None:
    """Whichever checkpoint a run gets to, the next one brings the rest, and neither starts all over."""
    if place == "recorded":
        write_example(workspace / "github", issues=0, pulls=1050, comments=1050)
    instance = instance_of(server if place == "live" else "github")
    whole = read(instance, stream, workspace)
    assert len(whole.checkpoints) >= 2
    for stop in range(1, len(whole.checkpoints) + 1):
        first = read(instance, stream, workspace, stop_after=stop)
        rest = read(instance, stream, workspace, first.cursor)
        assert whole.payloads == {**first.payloads, **rest.payloads}
        assert len(first.items) + len(rest.items) <= len(whole.items) + 100


def test_a_walk_whose_page_is_gone_begins_again(server: GitHubServer, workspace: Path) -> None:
    """A resumed walk whose page GitHub no longer gives starts from the top, and loses nothing."""
    first = read(instance_of(server), "change_requests", workspace, stop_after=1)
    cursor = json.loads(json.dumps(first.cursor))
    cursor["walk"]["url"] = "/repos/example/fastfs/no-such-page"
    rest = read(instance_of(server), "change_requests", workspace, cursor)
    assert held(workspace, "change_requests").keys() == rest.payloads.keys()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_nothing(server: GitHubServer, workspace: Path, fault: str) -> None:
    """After any fault the same request is asked again, and the items are those of an undisturbed run."""
    calm = read(instance_of(server), "comments", workspace)
    waits: list[float] = []
    server.fail_next(None, fault, fault, None, fault)
    shaken = read(instance_of(server, sleep=waits.append), "comments", workspace)
    assert calm.items == shaken.items
    assert [fault] * 3 == [asked.fault for asked in server.asked if asked.fault]
    expected = {
        "429": [60, 120, 60],
        "403 secondary limit": [60, 120, 60],
    }.get(fault, [1, 2, 1])
    assert expected == waits


def test_a_fifth_of_the_answers_fail(server: GitHubServer, workspace: Path) -> None:
    """With every kind of fault in a fifth of the answers, all streams end with the same items."""
    names = [stream.name for stream in github.STREAMS]
    calm = [read(instance_of(server), name, workspace) for name in names]
    server.forget()
    server.fail_often(0.2, seed=3)
    waits: list[float] = []
    for _ in range(3):
        shaken = [read(instance_of(server, sleep=waits.append), name, workspace) for name in names]
        assert [result.items for result in calm] == [result.items for result in shaken]
        assert [result.cursor for result in calm] == [result.cursor for result in shaken]
    faults = [asked.fault for asked in server.asked if asked.fault]
    assert len(set(faults)) >= 5
    assert len(server.asked) * 0.1 < len(faults) < len(server.asked) * 0.4
    assert sum(waits) < 600


def until_it_breaks(handed: Iterator[Any]) -> tuple[list[Any], str]:
    """What a source handed over before its error, and the error's sentence."""
    taken: list[Any] = []
    try:
        for thing in handed:
            taken.append(thing)
    except SourceError as error:
        return taken, str(error)
    raise AssertionError("no error came")


def test_patience_ends(server: GitHubServer, workspace: Path) -> None:
    """A server that only fails is asked a bounded number of times, and what came before is kept."""
    waits: list[float] = []
    server.fail_next(None, *["502"] * 8)
    instance = instance_of(server, sleep=waits.append)
    handed, error = until_it_breaks(github.read(instance, "comments", Context(workspace, NOW)))
    assert (
        "GitHub, example/fastfs (502): it fails at this again and again. "
        "Run again later; what was read is kept."
    ) == error
    assert 9 == len(server.asked)
    assert [1, 2, 4, 8, 16, 32, 64] == waits
    assert isinstance(handed[-1], Checkpoint)
    rest = read(instance_of(server), "comments", workspace, handed[-1].cursor)
    keys = {item.key for item in handed if isinstance(item, Item)} | rest.payloads.keys()
    assert held(workspace, "comments").keys() == keys


def test_a_server_that_is_not_there_costs_little_time(workspace: Path) -> None:
    """Where nobody answers, three attempts are enough to say so."""
    with GitHubServer() as gone:
        instance = instance_of(gone)
    with pytest.raises(SourceError, match=r"cannot connect, 3 times in a row. Run again later.*'api_url'"):
        read(instance, "issues", workspace)


def test_the_named_wait_is_kept(server: GitHubServer, workspace: Path) -> None:
    """`Retry-After` is obeyed as it stands."""
    waits: list[float] = []
    server.retry_after = 7
    server.fail_next("429 with Retry-After")
    read(instance_of(server, sleep=waits.append), "issues", workspace)
    assert [7] == waits


def test_a_wait_beyond_reason_is_refused(server: GitHubServer, workspace: Path) -> None:
    """A server that asks for a day ends the reading at once, and the error says until when."""
    server.retry_after = 86_400
    server.fail_next("429 with Retry-After")
    with pytest.raises(SourceError, match=r"asks us to wait until \d{4}-\d\d-\d\d \d\d:\d\d UTC"):
        read(instance_of(server), "issues", workspace)


def test_a_used_up_hour_is_waited_for(server: GitHubServer, workspace: Path) -> None:
    """When the hour's requests are gone, we wait until GitHub's own reset and lose nothing."""
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        server.refill()

    server.limit = 2
    server.refill()
    result = read(instance_of(server, sleep=wait), "issues", workspace)
    assert held(workspace, "issues").keys() == result.payloads.keys()
    assert [250] == [claim.count for claim in result.claims]
    assert all(3_500 < seconds < 3_700 for seconds in waits)
    assert waits


def test_a_page_that_stays_broken_is_asked_for_again_next_night(
    server: GitHubServer, workspace: Path
) -> None:
    """A page that is no JSON is set aside, the pages behind it are read, and the cursor stays before it."""
    server.fail_next(None, *["spliced body"] * 8)
    first = read(instance_of(server), "comments", workspace)
    assert ["the answer is no JSON"] == [reject.reason.split(":")[0] for reject in first.rejects]
    assert "Server Error" in first.rejects[0].excerpt
    assert 239 <= len(first.payloads) <= 241
    second = read(instance_of(server), "comments", workspace, first.cursor)
    assert held(workspace, "comments").keys() == first.payloads.keys() | second.payloads.keys()


def test_an_endless_body_is_refused(server: GitHubServer, workspace: Path) -> None:
    """An answer beyond the limit is not read to its end."""
    with pytest.raises(SourceError, match="larger than 5,000 bytes"):
        read(instance_of(server, largest_body=5_000), "issues", workspace)


def test_a_record_that_makes_no_sense_is_set_aside(server: GitHubServer, workspace: Path) -> None:
    """A record without id or time is a reject; the others on its page are handed over."""
    server.put(NAME, "comments", {"id": None, "body": "?", "updated_at": "2023-01-05T00:00:00Z"} | _created())
    server.put(NAME, "comments", {"id": 5, "body": "?", "updated_at": ""} | _created())
    result = read(instance_of(server), "comments", workspace)
    assert held(workspace, "comments").keys() == result.payloads.keys()
    assert {"a record without an id", "a record without the time of its last change"} == {
        reject.reason for reject in result.rejects
    }


def _created() -> dict[str, str]:
    return {"created_at": "2023-01-05T00:00:00Z"}


def test_totals_are_claimed(server: GitHubServer, workspace: Path) -> None:
    """What GitHub says it has can be held against what came, and is as of now."""
    counts = {
        stream.name: [
            (c.count, c.observed_until) for c in read(instance_of(server), stream.name, workspace).claims
        ]
        for stream in github.STREAMS
    }
    assert {
        "repositories": [(1, NOW)],
        "issues": [(250, NOW)],
        "change_requests": [(120, NOW)],
        "comments": [(None, NOW)],
    } == counts


def test_without_a_token_the_listings_still_come(
    server: GitHubServer, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public repository can be read without a token; only the totals stay unknown."""
    monkeypatch.delenv("GITHUB_TOKEN")
    server.token = None
    result = read(instance_of(server), "change_requests", workspace)
    assert (120, [None]) == (len(result.items), [claim.count for claim in result.claims])


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "refuses the token in GITHUB_TOKEN, which is mistyped, expired or revoked. Make a new one"),
        (403, "forbids this with the token in GITHUB_TOKEN. A token needs read access"),
        (404, "knows no such name, or hides it from us with the token in GITHUB_TOKEN. Check the spelling"),
        (410, "switched off or gone. What we hold of it stays; take it out of 'projects' in ospo.toml"),
        (451, "closed for legal reasons. What we hold of it stays; take it out of 'projects' in ospo.toml"),
        (418, "does not answer as expected. Check 'api_url' in ospo.toml"),
    ],
)
def test_a_refusal_says_what_to_do(server: GitHubServer, workspace: Path, status: int, advice: str) -> None:
    """Each error names the repository, what GitHub said, and what to do next, without asking again."""
    server.refuse(NAME, status)
    with pytest.raises(SourceError) as caught:
        read(instance_of(server), "issues", workspace)
    assert str(caught.value).startswith(f"GitHub, {NAME} ({status}): ")
    assert advice in str(caught.value)
    assert 1 == len(server.asked)


@pytest.mark.parametrize("trouble", ["wrong token", "404", "403", "502", "time-out", "odd letters", "none"])
def test_no_token_reaches_an_error_or_a_log(
    server: GitHubServer,
    workspace: Path,
    trouble: str,
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
            server.fail_next(*[trouble] * 3)
        case "odd letters":
            monkeypatch.setenv("GITHUB_TOKEN", f"{CANARY}\n{CANARY}é")
    texts: list[str] = []
    for stream in github.STREAMS:
        try:
            read(instance_of(server, attempts=3), stream.name, workspace)
        except SourceError as error:
            texts += [str(error), repr(error), repr(error.__cause__), str(error.__suppress_context__)]
    assert (trouble == "none") == (not texts)
    assert caplog.records or trouble == "odd letters"
    written = [record.getMessage() + str(record.args) + str(record.exc_text) for record in caplog.records]
    assert [] == [text for text in [*texts, *written] if CANARY in text]


def test_tokens_share_the_load(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several tokens are spread over the repositories, each keeping its own, on which its ETags depend."""
    monkeypatch.setenv("ONE", CANARY + "1")
    monkeypatch.setenv("TWO", CANARY + "2")
    monkeypatch.delenv("THREE", raising=False)
    names = [f"example/fs-{number}" for number in range(8)]
    for name in names:
        write_example(workspace / "github", name, issues=1, pulls=0, comments=0)
    with GitHubServer(workspace / "github") as server:
        asked = settings(names, api_url=server.url, token_env=["ONE", "TWO", "THREE"])
        for _ in range(2):
            for instance in github.instances(asked, workspace):
                read(instance, "repositories", workspace)
        of_path: dict[str, set[str]] = {}
        for request in server.asked:
            of_path.setdefault(request.path, set()).add(request.token)
    assert {1} == {len(tokens) for tokens in of_path.values()}
    assert {CANARY + "1", CANARY + "2"} == set.union(*of_path.values())


def test_a_renamed_repository_is_read_whole(server: GitHubServer, workspace: Path) -> None:
    """The old name redirects; the redirect keeps our question, so closed issues and later pages come too."""
    server.rename(NAME, "example/quickfs")
    for stream in LISTINGS:
        result = read(instance_of(server), stream, workspace)
        assert held(workspace, stream).keys() == result.payloads.keys()


def test_a_redirect_to_another_server_is_not_followed(server: GitHubServer, workspace: Path) -> None:
    """The token goes to the server that the settings name, and nowhere else."""
    with GitHubServer(workspace / "github") as other:
        server.rename(NAME, "example/quickfs")
        server.redirects_to = other.url
        with pytest.raises(SourceError, match="redirected to another server"):
            read(instance_of(server), "issues", workspace)
        assert [] == other.asked


def test_github_enterprise_has_a_prefix(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An API below /api/v3, as on GitHub Enterprise, is read the same way, totals included."""
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    with GitHubServer(workspace / "github", prefix="/api/v3") as server:
        result = read(instance_of(server), "issues", workspace)
    assert (250, [250]) == (len(result.items), [claim.count for claim in result.claims])


@pytest.mark.parametrize("place", ["live", "recorded"])
def test_a_glob_finds_the_repositories_of_its_owner(
    server: GitHubServer, workspace: Path, place: str
) -> None:
    """A glob is looked up, a name is taken as written, and other capitals are no other project."""
    for name in ("example/block-one", "example/Block-Two", "other/block-three"):
        write_example(workspace / "github", name, issues=1, pulls=1, comments=1)
    server.load(workspace / "github")
    asked = {"recorded": "github"} if place == "recorded" else {"api_url": server.url}
    projects = ["example/block-*", "Example/FastFS", "example/fastfs", "other/block-[a-z]*"]
    found = github.instances(settings(projects, **asked), workspace)
    expected = ["Example/FastFS", "example/Block-Two", "example/block-one", "other/block-three"]
    assert expected == sorted(instance.id for instance in found)
    assert all(instance.id == instance.project_id for instance in found)
    for instance in found:
        assert read(instance, "issues", workspace).items


def test_a_glob_finds_the_repositories_of_a_person(server: GitHubServer, workspace: Path) -> None:
    """An owner that is no organization is looked up as a user, through all pages."""
    for number in range(105):
        name = f"person-1/tool-{number}"
        target = write_example(workspace / "github", name, issues=0, pulls=0, comments=0)
        file = target / "repository.json"
        repository = json.loads(file.read_text())
        file.write_text(
            json.dumps({**repository, "id": number, "owner": {"login": "person-1", "type": "User"}})
        )
    server.load(workspace / "github")
    found = github.instances(settings(["person-1/*"], api_url=server.url), workspace)
    assert 105 == len(found)


def test_a_glob_that_matches_nothing_names_its_line(workspace: Path) -> None:
    """The error says which file, line, key and glob, and what to write instead."""
    (workspace / "ospo.toml").write_text(
        '[ospo]\nname = "Example OSPO"\n\n[[communities]]\nid = "storage"\nname = "Storage"\n'
        'projects = ["example/blok-*"]\n'
    )
    with pytest.raises(SourceError) as caught:
        github.instances(settings(["example/blok-*"], recorded="github"), workspace)
    assert (
        f"{workspace / 'ospo.toml'}, line 7: 'projects' has 'example/blok-*', and its owner has no "
        "repository of such a name that we can see. Write a name or another glob."
    ) == str(caught.value)


def test_a_source_that_is_not_configured_has_no_instances(workspace: Path) -> None:
    """Without [sources.github] nothing is read from GitHub, whatever the communities name."""
    unset = settings(["example/fastfs"]).model_dump()
    unset["sources"]["github"] = None
    assert [] == github.instances(Settings.model_validate(unset), workspace)


def test_a_recording_with_bad_lines_gives_the_others(workspace: Path) -> None:
    """A broken line is set aside with file and line, and the claim counts it."""
    file = workspace / "github" / NAME / "comments.jsonl"
    lines = file.read_bytes().splitlines()
    lines[3] = b'{"id": 12, "body": "cut o'
    lines[10] = b'{"id": 13, "body": "\xff"}'
    lines[20] = b'{"id": 14, "size": NaN, "updated_at": "2024-01-01T00:00:00Z"}'
    lines[30] = b"[]"
    lines[40] = b""
    file.write_bytes(b"\n".join(lines))
    result = read(instance_of("github"), "comments", workspace)
    where = [f"github/example/fastfs/comments.jsonl:{line}" for line in (4, 11, 21, 31)]
    assert where == [reject.location for reject in result.rejects]
    assert (335, [339]) == (len(result.items), [claim.count for claim in result.claims])
    assert [datetime.fromisoformat(RECORDED_AT)] == [claim.observed_until for claim in result.claims]


def test_a_newer_recording_brings_only_what_changed(workspace: Path) -> None:
    """A recording that replaces another is read from where the last one ended."""
    first = read(instance_of("github"), "issues", workspace)
    file = workspace / "github" / NAME / "issues.jsonl"
    records = records_of(workspace / "github", "issues.jsonl")
    new = {**records[0], "body": "edited", "updated_at": "2024-07-01T00:00:00Z"}
    file.write_text("".join(json.dumps(record) + "\n" for record in [new, *records[1:]]))
    second = read(instance_of("github"), "issues", workspace, first.cursor)
    assert {str(new["id"]): new} == second.payloads


@pytest.mark.parametrize(
    ("spoil", "advice"),
    [
        (
            lambda folder: (folder / NAME / "issues.jsonl").unlink(),
            "has no file github/example/fastfs/issues.jsonl. Check 'recorded'",
        ),
        (lambda folder: (folder / "recorded_at.txt").write_text("today"), "holds 'today'. Write an instant"),
    ],
)
def test_a_recording_that_is_not_whole_says_so(
    workspace: Path, spoil: Callable[[Path], object], advice: str
) -> None:
    """A missing file is an error with what to check, never an empty listing."""
    spoil(workspace / "github")
    with pytest.raises(SourceError, match=advice):
        read(instance_of("github"), "issues", workspace)


needs_dumps = pytest.mark.skipif(not DUMPS.is_dir(), reason=f"the real dumps are not here ({DUMPS.name})")


@needs_dumps
@pytest.mark.parametrize("place", ["live", "recorded"])
def test_a_real_dump_is_read_whole(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real project as of 2025-07-29: the numbers were counted independently."""
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    name = convert(DUMPS / "2025-07-29" / "archive.json", tmp_path / "github")
    with GitHubServer(tmp_path / "github", token=CANARY) as server:
        instance = instance_of(server if place == "live" else "github", name)
        streams = {stream.name: read(instance, stream.name, tmp_path) for stream in github.STREAMS}
    issues = [issue for issue in streams["issues"].payloads.values() if "pull_request" not in issue]
    changes = streams["change_requests"].payloads.values()
    assert (250, 249) == (len(issues), sum(issue["state"] == "closed" for issue in issues))
    assert (392, 323) == (len(changes), sum(change["merged_at"] is not None for change in changes))
    assert 1260 + 733 == len(streams["comments"].items)
    claims = {name: result.claims[0].count for name, result in streams.items()}
    assert {"repositories": 1, "issues": 642, "change_requests": 392} == {
        name: claims[name] for name in ("repositories", "issues", "change_requests")
    }


@needs_dumps
@pytest.mark.parametrize("order", [["2024-06-09", "2025-07-29"], ["2025-07-29", "2024-06-09"]])
def test_two_real_dumps_in_either_order_end_the_same(
    tmp_path: Path, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest version of every key is that of the later dump, whichever was served first."""
    monkeypatch.setenv("GITHUB_TOKEN", CANARY)
    expected = tmp_path / "expected"
    name = convert(DUMPS / "2025-07-29" / "archive.json", expected)
    versions: dict[str, dict[str, Any]] = {stream: {} for stream in LISTINGS}
    cursors: dict[str, Mapping[str, Any]] = {}
    with GitHubServer() as server:
        for date in order:
            convert(DUMPS / date / "archive.json", tmp_path / date)
            server.load(tmp_path / date)
            for stream in LISTINGS:
                result = read(
                    instance_of(server, name),
                    stream,
                    tmp_path,
                    cursors.get(stream),
                    now=datetime(2025, 8, 1, tzinfo=UTC),
                )
                cursors[stream] = result.cursor or cursors[stream]
                for key, payload in as_recorded(result.payloads, server).items():
                    if (
                        key not in versions[stream]
                        or payload["updated_at"] >= versions[stream][key]["updated_at"]
                    ):
                        versions[stream][key] = payload
    for stream in LISTINGS:
        records = records_of(expected, FILES[stream], name)
        assert {str(r["id"]): r["updated_at"] for r in records} == {
            key: payload["updated_at"] for key, payload in versions[stream].items()
        }
