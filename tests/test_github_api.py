"""Asking GitHub with several tokens: limits, budgets and failures end as they should, and nothing secret is told."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ospo_metrics.items import SourceError, Spent, StoppedError
from ospo_metrics.settings import SettingsError, open_workspace
from ospo_metrics.sources._github_api import (
    Access,
    Answer,
    Api,
    App,
    Found,
    Hub,
    RefusedError,
    TooHeavyError,
    parse,
)
from ospo_metrics.web import Patience
from scripted_server import Asked, Reply, ScriptedServer

ALPHA, BETA = "alpha-alpha-alpha", "beta-beta-beta"
NAME = "example/fastfs"
QUERY = "query { rateLimit { cost limit remaining resetAt } }"
NOW = 1_800_000_000  # 2027-01-15 08:00:00 UTC


@dataclass
class Clock:
    """A time that goes on only when somebody sleeps."""

    now: float = NOW
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A GitHub that answers every query with one point spent, and two tokens for it in the environment."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("ALPHA", ALPHA)
    monkeypatch.setenv("BETA", BETA)
    with ScriptedServer() as running:
        running.otherwise = lambda asked: good()
        yield running


def hub(server: ScriptedServer, clock: Clock, tokens: tuple[str, ...] = ("ALPHA",), **access: Any) -> Hub:
    patience = Patience(timeout=2, sleep=clock.sleep, clock=lambda: clock.now)
    api_url = server.url + access.pop("prefix", "")
    return Hub(Access(api_url, tokens, patience=access.pop("patience", patience), **access))


def api_of(server: ScriptedServer, clock: Clock, tokens: tuple[str, ...] = ("ALPHA",), **access: Any) -> Api:
    return hub(server, clock, tokens, **access).api(NAME)


def good(cost: int = 1, remaining: int | None = None, **data: Any) -> Reply:
    return Reply({"data": {"rateLimit": {"cost": cost}, **data}}, headers=limits(remaining))


def limits(remaining: int | None, ends_in: int = 1390) -> dict[str, str]:
    if remaining is None:
        return {}
    return {"X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(NOW + ends_in)}


def used_up(ends_in: int = 1390) -> Reply:
    error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
    return Reply({"errors": [error]}, headers=limits(0, ends_in))


def failed(message: str = "Something went wrong while executing your query. Please include `A:B`.") -> Reply:
    return Reply({"data": None, "errors": [{"message": message}]})


def by_token(**replies: Callable[[], Reply]) -> Callable[[Asked], Reply]:
    secrets = {ALPHA: "alpha", BETA: "beta"}
    return lambda asked: replies[secrets[asked.token]]()


def tokens_of(server: ScriptedServer) -> list[str]:
    return [asked.token for asked in server.asked]


# Asking


def test_a_query_goes_out_whole_and_comes_back_with_what_it_cost(
    server: ScriptedServer, clock: Clock
) -> None:
    """One query is one request, and its points are those that GitHub names."""
    server.script.append(good(cost=3, repository={"id": "R_1"}))
    api = api_of(server, clock)

    assert Found({"rateLimit": {"cost": 3}, "repository": {"id": "R_1"}}, [], 3, "ALPHA") == api.graphql(
        QUERY, {"name": "fastfs"}
    )
    [asked] = server.asked
    assert ("POST", "/graphql", ALPHA, "1", {"query": QUERY, "variables": {"name": "fastfs"}}) == (
        asked.method,
        asked.path,
        asked.token,
        asked.headers["x-github-next-global-id"],
        asked.json,
    )
    assert Spent("issues", 1, 3) == api.spent("issues")
    assert Spent("issues", 0, 0) == api.spent("issues")


def test_on_enterprise_graphql_stands_beside_rest(server: ScriptedServer, clock: Clock) -> None:
    """Under /api/v3 there is REST, and GraphQL is under /api; a limit that is not told costs one point."""
    server.script.append(Reply({"data": {"rateLimit": None, "repository": None}}))
    server.script.append(
        Reply([1], headers={"Link": f'<{server.url}/api/v3/repositories/1/x?page=2>; rel="next"'})
    )
    api = api_of(server, clock, prefix="/api/v3")

    assert 1 == api.graphql(QUERY, {}).cost
    assert "/repositories/1/x?page=2" == api.get_list("/repos/example/fastfs/x").next_url
    assert ["/api/graphql", "/api/v3/repos/example/fastfs/x"] == [asked.path for asked in server.asked]


def test_part_of_an_answer_is_an_answer(server: ScriptedServer, clock: Clock) -> None:
    """What GitHub could not find is named beside what it found."""
    error = {"type": "NOT_FOUND", "path": ["b"], "message": "Could not resolve to 'example/timedout'."}
    server.script.append(
        Reply({"data": {"rateLimit": {"cost": 1}, "a": {"id": 1}, "b": None}, "errors": [error]})
    )
    found = api_of(server, clock).graphql(QUERY, {})

    assert ({"id": 1}, None, [error]) == (found.data["a"], found.data["b"], found.errors)
    assert 1 == len(server.asked)


def test_a_query_that_is_refused_whole_is_told_as_errors(server: ScriptedServer, clock: Clock) -> None:
    """A missing scope leaves no data at all, and the caller learns why."""
    error = {"type": "INSUFFICIENT_SCOPES", "message": "Your token has not been granted the required scopes."}
    server.script.append(Reply({"errors": [error]}))
    assert Found({}, [error], 1, "ALPHA") == api_of(server, clock).graphql(QUERY, {})


def test_without_a_token_there_is_rest_and_no_graphql(server: ScriptedServer, clock: Clock) -> None:
    """GraphQL answers nobody without a token; the error says how to get one."""
    server.otherwise = lambda asked: Reply({"id": 1})
    without = hub(server, clock, ("UNSET_ONE", "UNSET_TWO"))

    assert () == without.tokens
    assert {"id": 1} == without.api(NAME).get("/repos/example/fastfs").value
    with pytest.raises(SourceError) as caught:
        without.api(NAME).graphql(QUERY, {})
    assert (
        "GitHub, example/fastfs: there is no token, and without one GitHub does not answer. Make one there (for "
        "public repositories it needs no permission at all) and set it as UNSET_ONE or UNSET_TWO."
    ) == str(caught.value)
    assert [""] == tokens_of(server)


def test_a_variable_with_spaces_or_odd_letters_is_no_token(
    server: ScriptedServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence that was pasted in place of a token is not sent to anybody, nor repeated."""
    monkeypatch.setenv("ALPHA", "my secret token")
    with pytest.raises(
        SourceError, match=r"^GitHub: ALPHA holds no token but spaces or odd letters\. Set it"
    ):
        hub(server, clock)


def test_one_token_in_two_variables_is_one_token(
    server: ScriptedServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub counts by token, whatever we call it."""
    monkeypatch.setenv("BETA", ALPHA)
    assert ("ALPHA",) == hub(server, clock, ("ALPHA", "BETA")).tokens


def test_an_unchanged_answer_costs_a_request_and_no_point(server: ScriptedServer, clock: Clock) -> None:
    """GitHub does not charge for what it need not send."""
    server.script.extend([Reply({"id": 1}, headers={"ETag": '"abc"'}), Reply(status=304, body=b"")])
    api = api_of(server, clock, requests_a_run=2)

    answer = api.get("/repos/example/fastfs")
    assert Answer({"id": 1}, "/repos/example/fastfs", '"abc"') == answer
    assert api.get("/repos/example/fastfs", answer.etag).is_unchanged
    assert Spent("x", 2, 1) == api.spent("x")
    assert not api.get("/repos/example/fastfs").is_unchanged  # the second of two


def test_a_listing_that_is_none_is_set_aside(server: ScriptedServer, clock: Clock) -> None:
    """Where a list was asked for, anything else is a flaw and not a crash."""
    server.script.append(Reply({"message": "hm"}))
    flaw = api_of(server, clock).get_list("/x").flaw
    assert flaw is not None
    assert ("the answer is no list", '{"message":"hm"}') == (flaw.reason, flaw.excerpt)


def test_a_listing_that_names_itself_next_is_refused(server: ScriptedServer, clock: Clock) -> None:
    """A page that leads to itself is not walked for ever."""
    server.script.append(Reply([], headers={"Link": f'<{server.url}/x?page=2>; rel="next"'}))
    with pytest.raises(SourceError, match=r"the listing /x\?page=2 names itself as its next page"):
        api_of(server, clock).get_list("/x?page=2")


def test_a_connection_is_kept(server: ScriptedServer, clock: Clock) -> None:
    """Twenty questions of one thread go through one connection, whichever way they are asked."""
    api = api_of(server, clock)
    for _ in range(10):
        api.graphql(QUERY, {})
        api.get("/x")
    assert 1 == server.connections


# Several tokens


def test_the_token_with_the_most_left_asks_next(server: ScriptedServer, clock: Clock) -> None:
    """Load goes where there is room; what was not told yet counts as full."""
    left = {ALPHA: 100, BETA: 102}

    def answer(asked: Asked) -> Reply:
        left[asked.token] -= 1
        return good(remaining=left[asked.token])

    server.otherwise = answer
    api = api_of(server, clock, ("ALPHA", "BETA"))
    found = [api.graphql(QUERY, {}).token for _ in range(6)]

    assert ["ALPHA", "BETA", "BETA", "BETA", "ALPHA", "BETA"] == found


def test_where_one_token_is_used_up_the_other_goes_on(server: ScriptedServer, clock: Clock) -> None:
    """Nobody waits while anybody may still ask."""
    server.otherwise = by_token(alpha=used_up, beta=good)
    api = api_of(server, clock, ("ALPHA", "BETA"))

    assert ["BETA"] * 5 == [api.graphql(QUERY, {}).token for _ in range(5)]
    assert [ALPHA, BETA, BETA, BETA, BETA, BETA] == tokens_of(server)
    assert [] == clock.waits


def test_a_token_known_to_be_used_up_is_not_asked_with(server: ScriptedServer, clock: Clock) -> None:
    """The last answer said that nothing is left: that is believed, and another begins anew in its hour."""
    server.otherwise = by_token(alpha=lambda: good(remaining=0), beta=lambda: good(remaining=0))
    api = api_of(server, clock, ("ALPHA", "BETA"))
    for _ in range(3):
        api.graphql(QUERY, {})

    assert [ALPHA, BETA, ALPHA] == tokens_of(server)
    assert 1391 == sum(clock.waits)


def test_the_limits_of_rest_and_of_graphql_are_two(server: ScriptedServer, clock: Clock) -> None:
    """A token that may ask no more in REST may go on in GraphQL."""
    server.script.append(Reply({"id": 1}, headers=limits(0)))
    api = api_of(server, clock)
    api.get("/x")
    api.graphql(QUERY, {})
    assert [] == clock.waits
    api.get("/x")
    assert 1391 == sum(clock.waits)


def test_a_name_keeps_its_token_in_rest(server: ScriptedServer, clock: Clock) -> None:
    """An ETag holds for one token only, so a name always asks with the same one, whatever is left of it."""
    server.otherwise = lambda asked: Reply({}, headers=limits(1 if asked.token == ALPHA else 4000))
    several = hub(server, clock, ("ALPHA", "BETA"))
    by_name = {}
    for name in ("example/a", "example/b", "example/c", "example/d", "EXAMPLE/A"):
        server.asked.clear()
        for _ in range(3):
            several.api(name).get("/x")
        [by_name[name]] = set(tokens_of(server))

    assert {ALPHA, BETA} == set(by_name.values())
    assert by_name["example/a"] == by_name["EXAMPLE/A"]


@pytest.mark.parametrize(("ends_in", "expected", "waited"), [(30, True, 31), (600, False, 0)])
def test_a_name_changes_its_token_in_rest_for_more_than_a_minute(
    server: ScriptedServer, clock: Clock, ends_in: int, expected: bool, waited: int
) -> None:
    """A short wait is cheaper than everything anew; a long one is not."""
    api = api_of(server, clock, ("ALPHA", "BETA"))
    api.get("/x")
    message = {"message": "API rate limit exceeded for user ID 1."}
    server.script.append(Reply(message, 403, limits(0, ends_in)))
    api.get("/x")

    first, second, third = tokens_of(server)
    assert (True, expected, waited) == (first == second, first == third, sum(clock.waits))


def test_only_tokens_that_may_see_it_are_asked_with(server: ScriptedServer, clock: Clock) -> None:
    """A private repository is not asked about with a token that does not know it, nor with one that is gone."""
    several = hub(server, clock, ("ALPHA", "BETA"))
    seeing, both = several.api(NAME, seen_by=("BETA",)), several.api(NAME)

    assert ("ALPHA", "BETA") == several.tokens
    assert ["BETA"] * 3 == [seeing.graphql(QUERY, {}).token for _ in range(3)]
    assert ["ALPHA", "BETA"] == [both.graphql(QUERY, {}, token=name).token for name in ("ALPHA", "BETA")]
    for n in range(3):
        seeing.get(f"/{n}")
    assert {BETA} == set(tokens_of(server)[-3:])
    with pytest.raises(SourceError, match=r"GAMMA may see it, and hold no token now"):
        several.api(NAME, seen_by=("GAMMA",))


# Limits


def test_where_all_are_used_up_the_run_waits_and_tells_how_long(
    server: ScriptedServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The person at the terminal sees a countdown, one line a minute, and the run goes on by itself."""
    caplog.set_level(logging.WARNING)
    server.otherwise = lambda asked: used_up() if clock.now < NOW + 1390 else good()

    assert "ALPHA" == api_of(server, clock, ("ALPHA", "BETA")).graphql(QUERY, {}).token
    assert ([60.0] * 23 + [11.0], [ALPHA, BETA, ALPHA]) == (clock.waits, tokens_of(server))
    assert [
        "waiting for GitHub's limit: 24 minutes left, until 08:23 UTC",
        "waiting for GitHub's limit: 23 minutes left, until 08:23 UTC",
        "waiting for GitHub's limit: 22 minutes left, until 08:23 UTC",
    ] == caplog.messages[:3]
    assert "waiting for GitHub's limit: 11 seconds left, until 08:23 UTC" == caplog.messages[-1]
    assert 24 == len(caplog.messages)


def test_where_all_are_used_up_the_run_stops_if_it_shall(server: ScriptedServer, clock: Clock) -> None:
    """Who does not want to wait gets what there is, and a sentence."""
    server.otherwise = lambda asked: used_up()
    with pytest.raises(StoppedError) as caught:
        api_of(server, clock, ("ALPHA", "BETA"), when_limited="stop").graphql(QUERY, {})
    assert (
        "GitHub: the limit of the token in ALPHA and the limit of the token in BETA are reached until 08:23 UTC, and "
        "'when_limited' in ospo.toml says to stop then; the rest follows in the next run."
    ) == str(caught.value)
    assert [] == clock.waits


def test_a_limit_ends_even_if_the_clock_stands_still(server: ScriptedServer, clock: Clock) -> None:
    """Once the time was slept, it is over: a clock that was put back does not make us wait again."""
    server.script.append(used_up(3600))
    waits: list[float] = []
    patience = Patience(sleep=waits.append, clock=lambda: NOW)
    api_of(server, clock, patience=patience).graphql(QUERY, {})
    assert 3601 == sum(waits)


def test_a_limit_that_ends_tomorrow_is_not_waited_for(server: ScriptedServer, clock: Clock) -> None:
    """A wait beyond patience is an error that names the time."""
    server.script.append(used_up(86_400))
    with pytest.raises(SourceError) as caught:
        api_of(server, clock).graphql(QUERY, {})
    assert (
        "GitHub: the limit of the token in ALPHA is reached until 2027-01-16 08:00 UTC, too long to wait for. "
        "Run again then; what was read is kept."
    ) == str(caught.value)


def test_a_limit_that_does_not_end_is_an_error(server: ScriptedServer, clock: Clock) -> None:
    """A GitHub that says no for ever is not asked for ever."""
    server.otherwise = lambda asked: Reply({}, 429)
    with pytest.raises(RefusedError) as caught:
        api_of(server, clock).get("/x")
    assert (
        "GitHub, example/fastfs (429): the limit of the token in ALPHA does not end. Run again later, or add a "
        "token to 'token_env'."
    ) == str(caught.value)
    assert 8 == len(server.asked)


SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}


@pytest.mark.parametrize(
    ("reply", "waited"),
    [
        (Reply(SECONDARY, 403), 60),
        (Reply(SECONDARY, 403, {"Retry-After": "45"}), 45),
        (Reply({"message": "Too many requests"}, 429, {"Retry-After": "7"}), 7),
        (Reply({"errors": [SECONDARY]}, headers={"Retry-After": "20"}), 20),
        (Reply({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}), 60),
    ],
)
def test_a_secondary_limit_is_waited_for(
    server: ScriptedServer, clock: Clock, caplog: pytest.LogCaptureFixture, reply: Reply, waited: int
) -> None:
    """As long as GitHub says, or a minute where it does not; a short wait is not told."""
    caplog.set_level(logging.WARNING)
    server.script.append(reply)
    api = api_of(server, clock)
    api.graphql(QUERY, {})

    assert (waited, Spent("x", 2, 2)) == (sum(clock.waits), api.spent("x"))
    assert [f"waiting for GitHub's limit: {waited} seconds left"] * (waited > 10) == [
        line.split(",")[0] for line in caplog.messages
    ]


def test_a_secondary_limit_pauses_its_token_for_everybody_and_everything(
    server: ScriptedServer, clock: Clock
) -> None:
    """What one reading was told holds for the others, in REST too; another token goes on meanwhile."""
    names = [f"example/{n}" for n in range(8)]
    several = hub(server, clock, ("ALPHA", "BETA"))

    def ask_all() -> Counter[str]:
        server.asked.clear()
        for name in names:
            several.api(name).get("/x")
            several.api(name).graphql(QUERY, {})
        return Counter(tokens_of(server))

    server.script.append(Reply(SECONDARY, 403, {"Retry-After": "300"}))
    assert "BETA" == several.api(NAME).graphql(QUERY, {}).token
    assert {BETA: 16} == ask_all()
    assert [] == clock.waits
    clock.now += 301
    assert {ALPHA, BETA} == set(ask_all())


def test_a_minute_has_one_line_however_many_wait(
    server: ScriptedServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Four threads that wait for the same limit do not tell it four times."""
    caplog.set_level(logging.WARNING)
    all_wait = threading.Barrier(4, timeout=20)

    def sleep(seconds: float) -> None:
        all_wait.wait()
        clock.now = NOW + 61

    server.otherwise = lambda asked: good() if clock.now > NOW else used_up(59)
    patience = Patience(sleep=sleep, clock=lambda: clock.now)
    shared = hub(server, clock, patience=patience)
    with ThreadPoolExecutor(4) as pool:
        assert 4 == len(list(pool.map(lambda n: shared.api(f"example/{n}").graphql(QUERY, {}), range(4))))
    assert ["waiting for GitHub's limit: 60 seconds left, until 08:01 UTC"] == caplog.messages


# The budget


def test_a_budget_is_kept(server: ScriptedServer, clock: Clock) -> None:
    """Requests in REST and points in GraphQL count against one budget, and at its end the run stops."""
    server.otherwise = lambda asked: good(cost=3) if asked.path == "/graphql" else Reply({})
    shared = hub(server, clock, requests_a_run=500)
    for _ in range(100):
        shared.api("example/a").graphql(QUERY, {})
    for _ in range(200):
        shared.api("example/b").get("/x")
    for ask in (lambda api: api.get("/x"), lambda api: api.graphql(QUERY, {})):
        with pytest.raises(StoppedError) as caught:
            ask(shared.api("example/c"))
        assert (
            "GitHub: the budget of 500 requests of this run is spent ('requests_a_run' in ospo.toml); the rest follows "
            "in the next run."
        ) == str(caught.value)
    assert 300 == len(server.asked)


def test_attempts_that_fail_are_charged_too(server: ScriptedServer, clock: Clock) -> None:
    """A GitHub that fails does not make us ask without end."""
    server.otherwise = lambda asked: Reply({}, 500)
    with pytest.raises(StoppedError):
        api_of(server, clock, requests_a_run=4).get("/x")
    assert 4 == len(server.asked)


def test_a_budget_holds_for_threads_together(server: ScriptedServer, clock: Clock) -> None:
    """Eight threads at once do not send one request more than one would."""
    shared, stopped = hub(server, clock, requests_a_run=100), Counter[bool]()

    def work(number: int) -> None:
        try:
            shared.api(f"example/{number}").get("/x")
            stopped[False] += 1
        except StoppedError:
            stopped[True] += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(150)))
    assert ({False: 100, True: 50}, 100) == (stopped, len(server.asked))


# Failures


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500, body=b"<html>Unicorn!</html>"),
        Reply(status=502, body=b"<html>Unicorn!</html>"),
        Reply({"message": "We couldn't respond to your request in time."}, 504),
        Reply(is_silent=True),
        failed(),
        Reply({"data": {"a": None}, "errors": [{"type": "timedout", "message": "timedout", "path": ["a"]}]}),
        Reply({"data": {"rateLimit": {"cost": 1}, "a": {"id": 1}}}, is_cut=True),
        Reply(body=b'{"data": {"a": {"id": {"message": "Server Error"}1}}}'),
        Reply({}),
        Reply([1]),
        Reply({"data": [1]}),
    ],
)
def test_one_failure_is_passed_over(server: ScriptedServer, clock: Clock, reply: Reply) -> None:
    """Whatever goes wrong once in GraphQL is asked again, and nobody sees it, heavy or not."""
    for is_heavy in (False, True):
        server.script.append(reply)
        found = api_of(server, clock).graphql(QUERY, {}, is_heavy=is_heavy)
        assert Found({"rateLimit": {"cost": 1}}, [], 1, "ALPHA") == found
    assert ([1, 1], 4) == (clock.waits, len(server.asked))


@pytest.mark.parametrize(
    "reply", [Reply(status=502), Reply(status=504), Reply(is_silent=True), failed()], ids=str
)
def test_a_heavy_query_is_given_up_after_two_attempts(
    server: ScriptedServer, clock: Clock, reply: Reply
) -> None:
    """GitHub ends a query after ten seconds: asking for less is quicker than asking again."""
    server.otherwise = lambda asked: reply
    api = api_of(server, clock)
    with pytest.raises(
        TooHeavyError, match=r"^GitHub, example/fastfs: a query is too heavy: .*2 times in a row"
    ):
        api.graphql(QUERY, {}, is_heavy=True)
    assert (2, Spent("x", 2, 2)) == (len(server.asked), api.spent("x"))


def test_a_heavy_query_is_given_up_at_once_where_github_says_so(server: ScriptedServer, clock: Clock) -> None:
    """A query beyond GitHub's resources will not do better the next time; who did not call it heavy sees why."""
    error = {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
    server.otherwise = lambda asked: Reply({"data": {"a": None}, "errors": [error]})
    api = api_of(server, clock)
    with pytest.raises(TooHeavyError, match=r"Resource limits for this query exceeded"):
        api.graphql(QUERY, {}, is_heavy=True)
    assert [error] == api.graphql(QUERY, {}).errors
    assert 2 == len(server.asked)


def test_a_heavy_query_whose_answer_never_arrives_whole_is_too_heavy(
    server: ScriptedServer, clock: Clock
) -> None:
    """A smaller page may come through where a large one is always cut off."""
    server.otherwise = lambda asked: Reply({"data": {"a": "b" * 1000}}, is_cut=True)
    with pytest.raises(TooHeavyError, match=r"the answer is cut off, 8 times in a row"):
        api_of(server, clock).graphql(QUERY, {}, is_heavy=True)
    with pytest.raises(
        SourceError, match=r"^GitHub, example/fastfs: GraphQL: the answer is cut off, 8 times in"
    ):
        api_of(server, clock).graphql(QUERY, {})


def test_patience_ends(server: ScriptedServer, clock: Clock) -> None:
    """A GitHub that fails again and again is an error that says so; waits double."""
    server.otherwise = lambda asked: Reply(status=502)
    with pytest.raises(RefusedError) as caught:
        api_of(server, clock).graphql(QUERY, {})
    assert (
        "GitHub, example/fastfs (502): it fails at this again and again. Run again later; what was read is kept."
    ) == str(caught.value)
    assert ([1, 2, 4, 8, 16, 32, 64], 8) == (clock.waits, len(server.asked))


def test_a_body_that_is_no_json_is_set_aside_in_the_end(server: ScriptedServer, clock: Clock) -> None:
    """An error text spliced into the body leaves a flaw with its place, and the listing goes on."""
    spliced = b'[{"id": 1}, {"id": {"message": "Server Error"2}]'
    link = {"Link": f'<{server.url}/x?page=2>; rel="next"'}
    server.otherwise = lambda asked: Reply(body=spliced, headers=link)
    answer = api_of(server, clock).get_list("/x")

    assert ([], "/x?page=2", 8) == (answer.value, answer.next_url, len(server.asked))
    assert answer.flaw is not None
    assert "the answer is no JSON: Expecting ',' delimiter" in answer.flaw.reason
    assert spliced.decode() == answer.flaw.excerpt


def test_a_number_that_is_none_is_not_asked_for_again(server: ScriptedServer, clock: Clock) -> None:
    """A body that arrived whole and is wrong will be wrong again."""
    server.script.append(Reply(body=b"[NaN]"))
    flaw = api_of(server, clock).get("/x").flaw
    assert flaw is not None
    assert ("the answer is no JSON: NaN is no number", 1) == (flaw.reason, len(server.asked))
    with pytest.raises(ValueError, match="nested too deeply"):
        parse("[" * 100_000)


def test_nobody_there_is_an_error_that_says_where_to_look(
    server: ScriptedServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong address is the likely cause, and it stands in the settings."""
    patience = Patience(sleep=clock.sleep)
    nowhere = Hub(Access("http://127.0.0.1:1", ("ALPHA",), patience=patience)).api(NAME)
    with pytest.raises(SourceError) as caught:
        nowhere.get("/x")
    assert (
        "GitHub, example/fastfs: GET /x: cannot connect, 3 times in a row. Run again later; what was read is kept. "
        "If it persists, check 'api_url' in ospo.toml."
    ) == str(caught.value)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            Reply({}, 403),
            "it forbids this with the token in ALPHA. A token needs read access to metadata, contents, issues, pull "
            "requests and discussions, and for traffic to administration",
        ),
        (
            Reply({}, 403, {"X-GitHub-SSO": "required"}),
            "the organization has not authorized the token in ALPHA. Authorize it for single sign-on",
        ),
        (
            Reply({}, 404),
            "it knows no such name, or hides it from us with the token in ALPHA. Check the spelling under "
            "'projects' in ospo.toml; what is private needs a token that may read it",
        ),
        (
            Reply({}, 410),
            "it is switched off or gone. What we hold of it stays; "
            "take it out of 'projects' in ospo.toml if it is for good",
        ),
        (
            Reply({}, 451),
            "it is closed for legal reasons. What we hold of it stays; "
            "take it out of 'projects' in ospo.toml if it is for good",
        ),
        (Reply({}, 400), "it does not answer as expected. Check 'api_url' in ospo.toml"),
    ],
)
def test_an_error_says_what_to_do(server: ScriptedServer, clock: Clock, reply: Reply, words: str) -> None:
    """Each status has its sentence, and is asked for once."""
    server.script.append(reply)
    with pytest.raises(RefusedError) as caught:
        api_of(server, clock).get("/x")
    assert (f"GitHub, example/fastfs ({reply.status}): {words}.", reply.status) == (
        str(caught.value),
        caught.value.status,
    )
    assert 1 == len(server.asked)


def test_graphql_at_a_wrong_address_is_told(server: ScriptedServer, clock: Clock) -> None:
    """No repository is missing where the whole service is."""
    server.script.append(Reply({}, 404))
    with pytest.raises(RefusedError, match=r"\(404\): it does not answer as expected. Check 'api_url'"):
        api_of(server, clock).graphql(QUERY, {})


def test_a_token_that_is_revoked_is_named_and_not_used_again(
    server: ScriptedServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """In the middle of a run: it is warned of once, and the other token answers that question and the rest."""
    server.otherwise = by_token(alpha=lambda: Reply({"message": "Bad credentials"}, 401), beta=good)
    several = hub(server, clock, ("ALPHA", "BETA"))
    expected = (
        "GitHub, example/{} (401): it refuses the token in ALPHA, which is mistyped, expired or revoked. "
        "Make a new one and set it."
    )

    assert "BETA" == several.api("example/a").graphql(QUERY, {}).token
    assert [expected.format("a")] == caplog.messages
    assert ["BETA"] * 3 == [several.api("example/b").graphql(QUERY, {}).token for _ in range(3)]
    for n in range(5):
        several.api(f"example/{n}").get("/x")
    assert [ALPHA] + [BETA] * 9 == tokens_of(server)
    with pytest.raises(RefusedError) as caught:
        several.api("example/c", seen_by=("ALPHA",)).graphql(QUERY, {})
    assert (expected.format("c"), 401) == (str(caught.value), caught.value.status)


def test_what_one_token_may_not_see_is_asked_with_another(server: ScriptedServer, clock: Clock) -> None:
    """A refusal is taken only from the last token; where all refuse, it is the answer with the least refused."""
    error = {"type": "FORBIDDEN", "path": ["node"], "message": "no"}
    no = Reply({"data": {"rateLimit": {"cost": 1}, "node": None}, "errors": [error]})
    server.otherwise = by_token(alpha=lambda: no, beta=lambda: good(node={"id": 1}))
    found = api_of(server, clock, ("ALPHA", "BETA")).graphql(QUERY, {}, must_see=["node"])
    assert ({"id": 1}, [], [ALPHA, BETA]) == (found.data["node"], found.errors, tokens_of(server))
    server.otherwise = lambda asked: no
    server.asked.clear()
    found = api_of(server, clock, ("ALPHA", "BETA")).graphql(QUERY, {}, must_see=["node"])
    assert (None, [error], 2) == (found.data["node"], found.errors, len(server.asked))


# A GitHub App


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def pem(key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> str:
    """The App's key, in the environment as one line, as CI systems like it."""
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    monkeypatch.setenv("APP_KEY", text.replace("\n", "\\n"))
    return text


APP = App(12, 34, "APP_KEY")
MINT = "/app/installations/34/access_tokens"


@dataclass
class Minting:
    """A GitHub that gives an App its tokens, one after the other, each for some seconds."""

    lasts: list[float]
    jwts: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def __call__(self, asked: Asked) -> Reply:
        if asked.path != MINT:
            return Reply({}, 401) if asked.token in self.refused else good()
        self.jwts.append(asked.token)
        seconds = self.lasts.pop(0) if self.lasts else 3600
        ends = datetime.now(UTC) + timedelta(seconds=seconds)
        return Reply({"token": f"ghs_number{len(self.jwts)}", "expires_at": ends.isoformat()}, 201)


def test_an_app_signs_in_and_gets_a_new_token_in_time(
    server: ScriptedServer, clock: Clock, key: rsa.RSAPrivateKey, pem: str
) -> None:
    """The App proves itself with its key, and its token is made anew before it runs out."""
    server.otherwise = minting = Minting([20.5])  # PyGithub takes one for run out 20 s before
    api = api_of(server, clock, (), app=APP)

    assert ["APP_KEY"] * 2 == [api.graphql(QUERY, {}).token for _ in range(2)]
    time.sleep(0.6)
    api.graphql(QUERY, {})
    api.get("/x")

    assert ["ghs_number1"] * 2 + ["ghs_number2"] * 2 == [t for t in tokens_of(server) if t.startswith("ghs_")]
    assert 2 == len(minting.jwts)
    claims = jwt.decode(minting.jwts[0], key.public_key(), algorithms=["RS256"])
    assert "12" == claims["iss"]
    assert Spent("x", 4, 4) == api.spent("x")


def test_an_app_whose_token_runs_out_too_early_gets_another_once(
    server: ScriptedServer, clock: Clock, pem: str
) -> None:
    """Where a token is refused in spite of its date, a new one is made; if that is refused too, it is an error."""
    server.otherwise = minting = Minting([])
    minting.refused = {"ghs_number1"}
    api = api_of(server, clock, (), app=APP)
    assert "APP_KEY" == api.graphql(QUERY, {}).token

    minting.refused = {"ghs_number2", "ghs_number3"}
    with pytest.raises(
        RefusedError, match=r"\(401\): it refuses the App 12 with the key in APP_KEY, which is"
    ):
        api.graphql(QUERY, {})
    assert 3 == len(minting.jwts)


def test_an_app_stands_beside_tokens(server: ScriptedServer, clock: Clock, pem: str) -> None:
    """Its limit is its own, so it shares the load."""
    server.otherwise = Minting([])
    both = hub(server, clock, ("ALPHA",), app=APP)
    assert ("ALPHA", "APP_KEY") == both.tokens
    assert ["ALPHA", "APP_KEY"] * 2 == [both.api(NAME).graphql(QUERY, {}).token for _ in range(4)]


def test_an_app_makes_its_token_on_a_failing_github(server: ScriptedServer, clock: Clock, pem: str) -> None:
    """What goes wrong once when signing in is tried again like everything else."""
    server.otherwise = Minting([])
    server.script.extend(
        [
            Reply(status=502),
            Reply(body=b'{"token": "ghs_', status=201),
            Reply(SECONDARY, 403, {"Retry-After": "30"}),
        ]
    )
    assert "APP_KEY" == api_of(server, clock, (), app=APP).graphql(QUERY, {}).token
    assert [1, 2, 30] == clock.waits


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            401,
            "it does not accept the key in APP_KEY for the App 12. Check 'app' in ospo.toml, the key, and this "
            "machine's clock",
        ),
        (
            404,
            "it gives the App 12 no token for its installation 34. Check 'app' in ospo.toml, and at GitHub whether "
            "the installation is there and not suspended",
        ),
    ],
)
def test_an_app_that_github_does_not_know_is_told(
    server: ScriptedServer, clock: Clock, pem: str, status: int, words: str
) -> None:
    """The sentence names the App, the installation and the variable; nothing more is asked with it."""
    server.otherwise = lambda asked: Reply({"message": "no"}, status)
    api = api_of(server, clock, (), app=APP)
    for _ in range(2):
        with pytest.raises(RefusedError) as caught:
            api.graphql(QUERY, {})
        assert f"GitHub, example/fastfs ({status}): {words}." == str(caught.value)
    assert 1 == len(server.asked)


def test_an_app_needs_its_key(server: ScriptedServer, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is empty, or holds something else, is named, and what it holds is not repeated."""
    monkeypatch.delenv("APP_KEY", raising=False)
    with pytest.raises(SourceError) as caught:
        hub(server, clock, (), app=APP)
    assert (
        "GitHub: the environment variable APP_KEY ('private_key_env' in ospo.toml) is empty. "
        "Set it to the private key of the App 12."
    ) == str(caught.value)

    monkeypatch.setenv(
        "APP_KEY", "-----BEGIN RSA PRIVATE KEY-----\\nbm9uc2Vuc2U=\\n-----END RSA PRIVATE KEY-----"
    )
    with pytest.raises(RefusedError) as refused:
        api_of(server, clock, (), app=APP).graphql(QUERY, {})
    assert (
        "GitHub, example/fastfs (401): APP_KEY holds no private key in PEM form. Set it again, as GitHub gave it for "
        "the App."
    ) == str(refused.value)
    assert [] == server.asked


# Many at once


def test_many_threads_share_one_hub(server: ScriptedServer, clock: Clock, pem: str) -> None:
    """Each gets the answer to its own question, connections are kept, and the load is shared."""
    minting = Minting([])

    def answer(asked: Asked) -> Reply:
        if asked.path == MINT:
            return minting(asked)
        if asked.method == "GET":
            return Reply({"path": asked.path})
        return good(echo=asked.json["variables"]["n"])

    server.otherwise = answer
    shared = hub(server, clock, ("ALPHA", "BETA"), app=APP)

    def work(worker: int) -> list[Any]:
        api = shared.api(f"example/{worker}")
        told = [api.graphql(QUERY, {"n": f"{worker}.{n}"}).data["echo"] for n in range(20)]
        return [*told, api.get(f"/{worker}").value["path"], api.spent("x")]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(24)))

    expected = [
        [*(f"{worker}.{n}" for n in range(20)), f"/{worker}", Spent("x", 21, 21)] for worker in range(24)
    ]
    assert expected == results
    by_token = Counter(asked.token for asked in server.asked if asked.path == "/graphql")
    assert 480 == by_token.total()
    assert all(140 <= count <= 180 for count in by_token.values()), by_token
    assert (1, 3) == (len(minting.jwts), len(by_token))
    assert server.connections <= 3 * 8 + 1


# Nothing secret


@pytest.mark.parametrize(("tokens", "app"), [(("ALPHA",), None), ((), APP)], ids=["token", "app"])
def test_nothing_secret_is_told(
    server: ScriptedServer,
    clock: Clock,
    pem: str,
    caplog: pytest.LogCaptureFixture,
    tokens: tuple[str, ...],
    app: App | None,
) -> None:
    """A GitHub that repeats what it was sent finds it neither in an error nor in a flaw nor in our log."""
    caplog.set_level(logging.DEBUG)
    minting = Minting([])

    def answer(asked: Asked) -> Reply:
        if asked.path == MINT:
            return minting(asked)
        sent = asked.headers["authorization"]
        match asked.path.removeprefix("/"):
            case "spliced":
                return Reply(body=f'{{"a": {{"message": "{sent}"1}}'.encode())
            case "object":
                return Reply({"message": sent})
            case "moved":
                return Reply({}, 302, {"Location": f"http://{asked.token}@x.example/?token={asked.token}"})
            case "graphql":
                return Reply({"errors": [{"type": "MAX_NODE_LIMIT_EXCEEDED", "message": sent}]})
            case status:
                return Reply({"message": sent}, int(status))

    server.otherwise = answer
    api = api_of(server, clock, tokens, app=app)
    flaws = [api.get_list(url).flaw for url in ("/spliced", "/object")]
    told = [f"{flaw.reason} {flaw.excerpt}" for flaw in flaws if flaw]
    with pytest.raises(TooHeavyError) as heavy:
        api.graphql(QUERY, {}, is_heavy=True)
    told.append(str(heavy.value))
    for url in ("/moved", "/400", "/403", "/404", "/429", "/500", "/401"):
        with pytest.raises(SourceError) as refused:
            api.get(url)
        told.append(f"{refused.value} {refused.value!r}")

    assert [True] * 4 + [False] * 6 == ["***" in text for text in told]
    text = "\n".join([*told, *caplog.messages])
    secrets = [ALPHA, "ghs_number1", "ghs_number2", *minting.jwts, *pem.splitlines()[1:-1]]
    assert [] == [secret for secret in secrets if secret in text]


def test_the_log_of_pygithub_hides_the_token(
    server: ScriptedServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Who turns on the log of the library does not find the token in it."""
    caplog.set_level(logging.DEBUG, "github")
    api_of(server, clock).graphql(QUERY, {})
    [line] = [record.getMessage() for record in caplog.records if record.name == "github.Requester"]
    assert ("token (oauth token removed)" in line, ALPHA in line) == (True, False)


# Settings


def test_pygithub_is_imported_when_it_is_asked() -> None:
    """The command line does not wait for a library that it may not need."""
    code = "import sys, ospo_metrics.sources._github_api; sys.exit('github' in sys.modules or 'jwt' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


TOML = """\
[ospo]
name = "Example OSPO"

[[communities]]
id = "storage"
name = "Storage"
projects = ["example/fastfs"]

[sources.github]
api_url = "https://github.example.com/api/v3/"
token_env = ["ALPHA", "BETA"]
requests_a_run = 500
when_limited = "stop"

[sources.github.app]
id = 12
installation = 34
private_key_env = "APP_KEY"
"""


def settings_of(folder: Path, text: str) -> Any:
    (folder / "ospo.toml").write_text(text, encoding="utf-8")
    return open_workspace(folder).settings.sources.github


def test_settings_become_an_access(tmp_path: Path) -> None:
    """What ospo.toml says is what is done, and what it does not say has a default."""
    assert Access(
        "https://github.example.com/api/v3", ("ALPHA", "BETA"), None, 500, "stop", App(12, 34, "APP_KEY")
    ) == Access.of(settings_of(tmp_path, TOML))
    short = TOML.split("[sources.github]")[0] + "[sources.github]\n"
    assert Access("https://api.github.com", ("GITHUB_TOKEN",)) == Access.of(settings_of(tmp_path, short))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "requests_a_run = 500",
            "requests_a_run = 0",
            "ospo.toml, line 12: 'sources.github.requests_a_run' is 0: input should be greater than or equal to 1. "
            "Write for example: requests_a_run = 5000 (without this line there is no budget)",
        ),
        (
            'when_limited = "stop"',
            'when_limited = "hurry"',
            "ospo.toml, line 13: 'sources.github.when_limited' is 'hurry': input should be 'wait' or 'stop'. "
            'Write for example: when_limited = "wait"',
        ),
        (
            "installation = 34\n",
            "",
            "ospo.toml, line 15: 'sources.github.app.installation' is missing; add it, for example: "
            "installation = 67890 (the last part of the installation's address at GitHub)",
        ),
        (
            "id = 12\n",
            'id = "twelve"\n',
            "ospo.toml, line 16: 'sources.github.app.id' is 'twelve': input should be a valid integer. "
            "Write for example: id = 12345 (the App's number)",
        ),
        (
            "private_key_env",
            "private_key",
            "ospo.toml, line 15: 'sources.github.app.private_key_env' is missing; add it, for example: "
            'private_key_env = "GITHUB_APP_KEY" (the name of a variable, never the key)',
        ),
        (
            '"APP_KEY"',
            '"-----BEGIN PRIVATE KEY-----"',
            "ospo.toml, line 18: 'sources.github.app.private_key_env' is no name of a variable. Write for example: "
            'private_key_env = "GITHUB_APP_KEY" (the name of a variable, never the key)',
        ),
        (
            "[sources.github.app]\n",
            "app = 12\n[sources.github.apps]\n",
            "ospo.toml, line 15: 'sources.github.app' is 12: input should be a valid dictionary or instance of "
            "GitHubApp. Write for example: "
            'app = {id = 12345, installation = 67890, private_key_env = "GITHUB_APP_KEY"}',
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """File, line, key, and what to write instead."""
    with pytest.raises(SettingsError) as caught:
        settings_of(tmp_path, TOML.replace(old, new))
    assert expected == str(caught.value).splitlines()[0].replace(f"{tmp_path}/", "")


def test_the_text_of_a_query_is_sent_as_it_is(server: ScriptedServer, clock: Clock) -> None:
    """Letters of any script survive the way there and back."""
    server.otherwise = lambda asked: good(echo=json.loads(asked.body)["variables"]["text"])


def test_one_broken_part_does_not_cost_the_others(server: ScriptedServer, clock: Clock) -> None:
    """What GitHub fails to get done is missing with its place; a failure without a place is asked again to the end."""
    error = {"message": "Something went wrong while executing your query.", "path": ["repository", "issue"]}
    partial = Reply({"data": {"repository": {"id": 1, "issue": None}}, "errors": [error]})
    server.otherwise = lambda asked: partial
    api = api_of(server, clock)

    found = api.graphql(QUERY, {})

    assert (found.data["repository"]["id"], found.errors[0]["path"]) == (1, ["repository", "issue"])
    assert len(server.asked) == 3
    with pytest.raises(TooHeavyError):
        api.graphql(QUERY, {}, is_heavy=True)
    server.otherwise = lambda asked: Reply({"data": {"repository": None}, "errors": [error]})
    with pytest.raises(RefusedError):
        api.graphql(QUERY, {})
