"""Patience with the web has bounds, and no secret gets into a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from github_example import NAME, write_example
from github_server import GitHubServer
from ospo_metrics.web import Patience, PatientAdapter, WebError, keep_secret, redact


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """A web API that fails when told to."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    write_example(tmp_path)
    with GitHubServer(tmp_path) as running:
        yield running


def ask(server: GitHubServer, patience: Patience) -> requests.Response:
    with requests.Session() as session:
        session.mount("http://", PatientAdapter(patience))
        return session.get(f"{server.url}/repos/{NAME}")


HASTY = Patience(timeout=0.2, sleep=lambda seconds: None)


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


def test_the_last_answer_is_given_when_patience_ends(server: GitHubServer) -> None:
    """Where every attempt was answered, the caller gets to see the last answer."""
    server.fail_next(*["500"] * 9)
    assert 500 == ask(server, HASTY).status_code
    assert HASTY.attempts == len(server.asked)


@pytest.mark.parametrize(
    ("fault", "words"), [("time-out", "no answer in time"), ("cut-off body", "the answer is cut off")]
)
def test_no_answer_at_all_is_an_error(server: GitHubServer, fault: str, words: str) -> None:
    """Where no attempt was answered whole, the error says what, where and how often it was tried."""
    server.fail_next(*[fault] * 2)
    with pytest.raises(WebError) as caught:
        ask(server, replace(HASTY, attempts=2))
    assert f"GET {server.url}/repos/{NAME}: {words}, 2 times in a row" == str(caught.value)


def test_a_quiet_web_is_not_waited_for(server: GitHubServer) -> None:
    """Where nothing is wrong, one request is one request, and nobody waits."""
    waits: list[float] = []
    assert NAME == ask(server, replace(HASTY, sleep=waits.append)).json()["full_name"]
    assert ([], 1) == (waits, len(server.asked))


def test_a_wait_is_told(server: GitHubServer, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever watches the log learns why nothing moves, and for how long."""
    server.fail_next("429")
    ask(server, HASTY)
    assert [
        f"GET {server.url}/repos/{NAME}: it limits us (429); waiting 60 s before asking again"
    ] == caplog.messages
