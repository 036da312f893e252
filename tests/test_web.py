"""Patience with the web has bounds, and no secret gets into a text."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from ospo_metrics.web import (
    CarefulAdapter,
    Patience,
    PatientAdapter,
    Trouble,
    WebError,
    download,
    keep_secret,
    limit_ends_in,
    redact,
    trouble_in,
)
from scripted_server import Reply, ScriptedServer

GOOD = Reply({"answer": 42})
HASTY = Patience(timeout=2, sleep=lambda seconds: None)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A web server that answers well when its script is over."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ScriptedServer() as running:
        running.otherwise = lambda asked: GOOD
        yield running


def ask(
    server: ScriptedServer, patience: Patience, adapter: type[CarefulAdapter] = PatientAdapter
) -> requests.Response:
    with requests.Session() as session:
        session.mount("http://", adapter(patience))
        return session.get(f"{server.url}/thing", allow_redirects=False)


def test_a_secret_is_known_whatever_it_looks_like() -> None:
    """A token that was kept secret is struck out wherever it stands."""
    keep_secret("no pattern knows this one")
    assert "a *** b ***." == redact("a no pattern knows this one b no pattern knows this one.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bad token ghp_0123456789abcdefghij here", "bad token *** here"),
        ("github_pat_11AAAAAAA0_bbbbbbbbbbbbbbbb", "***"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("{'authorization': 'token abcdef', 'x': 1}", "{'authorization': 'token ***', 'x': 1}"),
        ("https://user:word@example.com/x", "https://***@example.com/x"),
        ("https://example.com/x?y=a@b", "https://example.com/x?y=a@b"),
        ("an author's organization", "an author's organization"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text: str, expected: str) -> None:
    """Tokens are recognised by their form even where nobody named them."""
    assert expected == redact(text)


def test_what_is_sent_as_authorization_is_a_secret(server: ScriptedServer) -> None:
    """A token that a library made for itself is struck out too, once it was sent."""
    with requests.Session() as session:
        session.mount("http://", CarefulAdapter(HASTY))
        session.get(f"{server.url}/thing", headers={"Authorization": "token made-a-minute-ago"})
    assert "it was ***" == redact("it was made-a-minute-ago")


def test_the_last_answer_is_given_when_patience_ends(server: ScriptedServer) -> None:
    """Where every attempt was answered, the caller gets to see the last answer."""
    server.script.extend([Reply({}, 500)] * 9)
    assert 500 == ask(server, HASTY).status_code
    assert HASTY.attempts == len(server.asked)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Reply(is_silent=True), "no answer in time"),
        (replace(GOOD, is_cut=True), "the answer is cut off"),
        (replace(GOOD, status=202), "its answer is still being made"),
    ],
)
def test_no_answer_at_all_is_an_error(server: ScriptedServer, fault: Reply, words: str) -> None:
    """Where no attempt was answered whole, the error says what, where and how often it was tried."""
    server.script.extend([fault] * 2)
    with pytest.raises(WebError) as caught:
        ask(server, replace(HASTY, attempts=2))
    assert f"GET {server.url}/thing: {words}, 2 times in a row" == str(caught.value)


def test_nobody_there_is_tried_less_often() -> None:
    """Where nothing listens, three attempts will do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with requests.Session() as session:
            session.mount("http://", PatientAdapter(HASTY))
            with pytest.raises(WebError) as caught:
                session.get(url, proxies={"http": ""})
    assert f"GET {url}: cannot connect, 3 times in a row" == str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=500),
        Reply(status=429),
        replace(GOOD, is_cut=True),
        Reply(is_silent=True),
        Reply({"message": "You have exceeded a secondary rate limit."}, 403),
        Reply(body=b'{"answer": {"message": "Server Error"42}'),
    ],
)
def test_one_fault_is_passed_over(server: ScriptedServer, fault: Reply) -> None:
    """Whatever goes wrong once is asked again, and nobody sees it."""
    server.script.append(fault)
    assert (200, {"answer": 42}) == ((answer := ask(server, HASTY)).status_code, answer.json())
    assert 2 == len(server.asked)


def test_careful_is_not_patient(server: ScriptedServer) -> None:
    """Who decides for himself when to ask again gets every answer, once, as it came."""
    server.script.extend([Reply({}, 500), Reply({}, 429), Reply(body=b"{")])
    assert [500, 429, 200] == [ask(server, HASTY, CarefulAdapter).status_code for _ in range(3)]
    assert 3 == len(server.asked)


def test_a_quiet_web_is_not_waited_for(server: ScriptedServer) -> None:
    """Where nothing is wrong, one request is one request, and nobody waits."""
    waits: list[float] = []
    assert {"answer": 42} == ask(server, replace(HASTY, sleep=waits.append)).json()
    assert ([], 1) == (waits, len(server.asked))


def test_a_wait_is_told(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever watches the log learns why nothing moves, and for how long."""
    server.script.append(Reply({}, 429))
    ask(server, HASTY)
    assert [
        f"GET {server.url}/thing: it limits us (429); waiting 60 s before asking again"
    ] == caplog.messages


def test_a_wait_that_is_too_long_is_not_begun(server: ScriptedServer) -> None:
    """A server that wants us to come back tomorrow is not waited for."""
    server.script.append(Reply({}, 503, {"Retry-After": "86400"}))
    with pytest.raises(WebError, match=r": it answers 503, and asks us to wait until 2027-01-16 08:00 UTC$"):
        ask(server, replace(HASTY, clock=lambda: 1_800_000_000))


def test_a_redirection_is_followed_at_home_only(server: ScriptedServer) -> None:
    """What moved on the same server is found there; another server might be told our token."""
    server.script.append(Reply({}, 301, {"Location": "/elsewhere"}))
    assert 200 == ask(server, HASTY).status_code
    assert ["/thing", "/elsewhere"] == [asked.path for asked in server.asked]

    server.script.append(Reply({}, 302, {"Location": "http://127.0.0.2:1/"}))
    with pytest.raises(WebError, match=r"redirected to another server, http://127.0.0.2:1/"):
        ask(server, HASTY)


def test_a_redirection_in_circles_ends(server: ScriptedServer) -> None:
    """Two addresses that name each other are not followed for ever."""
    server.otherwise = lambda asked: Reply({}, 301, {"Location": "/thing"})
    with pytest.raises(WebError, match=r"/thing: redirected more than 5 times$"):
        ask(server, HASTY)
    assert 6 == len(server.asked)


def test_a_download_has_a_largest_size(server: ScriptedServer) -> None:
    """A file that never ends does not fill the memory."""
    text = {"Content-Type": "text/plain"}
    server.script.append(Reply(headers=text, body=b"x" * 100))
    assert b"x" * 100 == download(f"{server.url}/file", 100)
    server.script.append(Reply(headers=text, body=b"x" * 101))
    with pytest.raises(WebError, match=r"/file: the answer is larger than 100 bytes$"):
        download(f"{server.url}/file", 100)


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (200, {}, '{"message": "rate limit"}', None),
        (403, {}, '{"message": "Resource not accessible"}', None),
        (404, {}, "", None),
        (500, {}, "", Trouble("failing", "it answers 500")),
        (502, {}, "", Trouble("slow", "it answers 502")),
        (504, {"retry-after": "7"}, "", Trouble("slow", "it answers 504", 7)),
        (429, {}, "", Trouble("limited", "it limits us (429)")),
        (403, {"retry-after": "30"}, "", Trouble("limited", "it limits us (403)", 30)),
        (
            429,
            {"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT"},
            "",
            Trouble("limited", "it limits us (429)", 60),
        ),
        (403, {}, "You have exceeded a secondary rate limit.", Trouble("limited", "it limits us (403)")),
        (
            403,
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000600"},
            "API rate limit exceeded",
            Trouble("used up", "our requests of this hour are used up", 601),
        ),
    ],
)
def test_not_now_is_told_from_no(
    status: int, headers: dict[str, str], body: str, expected: Trouble | None
) -> None:
    """Limits and failures are waited for; everything else stands."""
    assert expected == trouble_in(status, headers, body, NOW)


def test_the_clock_of_the_server_counts() -> None:
    """Where our clock is wrong by an hour, a limit still ends when the server says so."""
    headers = {"x-ratelimit-reset": "1800000600", "date": "Fri, 15 Jan 2027 08:00:00 GMT"}
    assert 601 == limit_ends_in(headers, NOW - 3600) == limit_ends_in(headers, NOW)
