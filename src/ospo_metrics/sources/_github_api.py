"""GitHub through PyGithub: several tokens and their limits, a budget, and errors that say what to do."""

from __future__ import annotations

import json
import logging
import math
import os
import threading
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from urllib.parse import urlsplit

import requests
from requests.utils import parse_header_links

from ospo_metrics.items import Reject, SourceError, Spent, StoppedError, as_json
from ospo_metrics.web import (
    CarefulAdapter,
    Patience,
    Trouble,
    WebError,
    keep_secret,
    limit_ends_in,
    limit_in,
    redact,
    trouble_in,
    wait_before_asking_again,
)

if TYPE_CHECKING:
    from github.Auth import Auth
    from github.Requester import Requester

_log = logging.getLogger(__name__)

_Kind = Literal["REST", "GraphQL"]
_RESOURCES = {"REST": "core", "GraphQL": "graphql"}
_HEAVY_ATTEMPTS = 2
_PARTIAL_ATTEMPTS = 3
_TOO_MUCH = ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED")
_SHORT_WAIT = 10  # seconds that are waited without a word
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App as an organization installed it, and the variable that holds its private key."""

    id: int
    installation: int
    private_key_env: str


@dataclass(frozen=True, slots=True)
class Access:
    """Where GitHub answers, what holds its tokens, how much a run may spend, and how patient we are."""

    api_url: str
    token_env: tuple[str, ...]
    recorded: str | None = None
    requests_a_run: int | None = None
    when_limited: Literal["wait", "stop"] = "wait"
    app: App | None = None
    patience: Patience = field(default_factory=Patience, compare=False)

    @classmethod
    def of(cls, asked: Any) -> Access:
        """What the table `sources.github` of the settings asks for."""
        app = asked.app and App(asked.app.id, asked.app.installation, asked.app.private_key_env)
        return cls(
            asked.api_url.rstrip("/"),
            tuple(asked.token_env),
            asked.recorded,
            asked.requests_a_run,
            asked.when_limited,
            app,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer in REST; where its body cannot be read, there is a flaw and the value is empty."""

    value: Any
    url: str
    etag: str = ""
    next_url: str = ""
    is_unchanged: bool = False
    flaw: Reject | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One answer in GraphQL: the data, the errors about what is missing in it, its points, and whose token it took.

    The data may hold nulls, and are empty where GitHub refuses the whole query.
    """

    data: dict[str, Any]
    errors: list[dict[str, Any]]
    cost: int
    token: str


class RefusedError(SourceError):
    """GitHub answered with an error status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class RepositoryError(SourceError):
    """Nothing of a repository can be read, whatever of it is asked for."""


class TooHeavyError(SourceError):
    """GitHub does not get done with a query in its time; the same about fewer things may do."""


class Hub:
    """Every token of a run, what each may still ask, and what the run may still spend; for any number of threads.

    A limit that one thread meets holds for all of them. Where no token can go on, every thread waits and one
    of them tells how long.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self._tokens = _tokens(access)
        self._lock = threading.Lock()
        self._spent = 0
        self._told_at = self._slept_until = -math.inf

    @property
    def tokens(self) -> tuple[str, ...]:
        """The variables that hold a token; the App goes by the one that holds its private key."""
        return tuple(token.variable for token in self._tokens if token.variable)

    def api(self, name: str, seen_by: tuple[str, ...] = ()) -> Api:
        """GitHub, to be asked about one repository or owner with the tokens that may see it; () is all of them."""
        tokens = [token for token in self._tokens if not seen_by or token.variable in seen_by]
        if not tokens:
            raise SourceError(
                f"GitHub, {name}: {' and '.join(seen_by)} may see it, and hold no token now. Set them again."
            )
        return Api(self, name, tokens)

    def _turn(self, kind: _Kind, among: Sequence[_Token], name: str, *, is_patient: bool = True) -> _Token:
        """The token whose turn it is, as soon as it may go on, with one request charged to the budget."""
        while True:
            with self._lock:
                budget, now = self.access.requests_a_run, self._now()
                if budget is not None and self._spent >= budget:
                    raise StoppedError(
                        f"GitHub: the budget of {budget:,} requests of this run is spent "
                        "('requests_a_run' in ospo.toml); the rest follows in the next run."
                    )
                live = [token for token in among if token.refusal is None]
                if not live:
                    raise among[0].refused(name)
                token = _next(kind, live, among, name, now)
                wait = token.wait(kind, now)
                if wait <= 0:
                    self._spent += 1
                    token.used += 1
                    token.under_way += 1
                    return token
                is_used_up = all(token.is_used_up(kind, now) for token in live)
            if not is_patient and wait > _MINUTE:
                raise SourceError(f"GitHub, {name}: {token.limit} is reached, and others go on without it.")
            self._wait(live, wait, is_used_up)

    def _wait(self, live: Sequence[_Token], wait: float, is_used_up: bool) -> None:
        """Wait for a limit, at most a minute before looking again; or stop, if that is asked for."""
        patience, now = self.access.patience, self._now()
        end = datetime.fromtimestamp(now + wait, UTC)
        until = f"{end:%H:%M} UTC" if wait < 86_400 else f"{end:%Y-%m-%d %H:%M} UTC"
        whose = " and ".join(token.limit for token in live)
        reached = f"{whose} {'is' if len(live) == 1 else 'are'} reached until {until}"
        if self.access.when_limited == "stop" and (is_used_up or wait > _MINUTE):
            raise StoppedError(
                f"GitHub: {reached}, and 'when_limited' in ospo.toml says to stop then; "
                "the rest follows in the next run."
            )
        if wait > patience.longest_wait:
            raise SourceError(
                f"GitHub: {reached}, too long to wait for. Run again then; what was read is kept."
            )
        self._tell(wait, until, now)
        step = min(wait, _MINUTE)
        patience.sleep(step)
        with self._lock:
            self._slept_until = max(self._slept_until, now + step)

    def _tell(self, wait: float, until: str, now: float) -> None:
        left = f"{math.ceil(wait / _MINUTE)} minutes" if wait > _MINUTE else f"{math.ceil(wait)} seconds"
        level = logging.INFO
        if wait >= _SHORT_WAIT:
            level = logging.WARNING
            with self._lock:
                if now - self._told_at < _MINUTE - 1:
                    return
                self._told_at = now
        _log.log(level, "waiting for GitHub's limit: %s left, until %s", left, until)

    def _now(self) -> float:
        """The time, and not before the end of our last sleep, even if somebody puts back the clock."""
        return max(self.access.patience.clock(), self._slept_until)

    def _charge(self, points: int) -> None:
        with self._lock:
            self._spent += points

    def _send(
        self, kind: _Kind, token: _Token, url: str, headers: Mapping[str, str], question: Any
    ) -> tuple[_Reply | None, Trouble | None]:
        """Send a request once: the answer, if there is one, and what is wrong with it, if anything."""
        try:
            with token.client(self.access) as client:
                trouble = token.refresh(client, self._now())
                if trouble or token.refusal:
                    return None, trouble
                verb, where = ("POST", client.graphql_url) if kind == "GraphQL" else ("GET", url)
                status, received, body = client.requestJson(
                    verb, where, headers=dict(headers), input=question
                )
        except WebError as error:
            if error.trouble is None:
                raise
            return None, error.trouble
        finally:
            with self._lock:
                token.under_way -= 1
        reply = _Reply(kind, status, received, body)
        now = self._now()
        trouble = reply.read(now)
        with self._lock:
            token.learn(reply, now)
        return reply, trouble

    def _hold(self, kind: _Kind, token: _Token, trouble: Trouble, attempt: int) -> None:
        """Let a token rest, whichever thread would use it."""
        with self._lock:
            until = self._now() + self.access.patience.wait(trouble, attempt)
            if trouble.kind == "used up":
                token.left[kind] = (0, until)
            else:
                token.paused_until = max(token.paused_until, until)


class Api:
    """GitHub, asked about one repository or owner; for one thread at a time."""

    def __init__(self, hub: Hub, name: str, tokens: Sequence[_Token]) -> None:
        self.name = name
        self._hub = hub
        self._tokens = tokens
        self._requests = self._points = 0

    def graphql(
        self,
        query: str,
        variables: Mapping[str, Any],
        *,
        token: str = "",
        is_heavy: bool = False,
        must_see: Sequence[str] = (),
        is_patient: bool = True,
    ) -> Found:
        """Ask in GraphQL, with any token or with that of one variable; limits and failures are waited for.

        A heavy query that GitHub does not get done with is `TooHeavyError` after two attempts, so that the
        caller asks for less at once. Of another one that fails in parts, the rest is taken after three.
        Where one token is refused what the caller `must_see`, the others are asked with too. Who is not patient
        gets an error where a limit lasts for more than a minute.
        """
        among = [held for held in self._tokens if held.variable and token in ("", held.variable)]
        if not among:
            variable = token or " or ".join(self._hub.access.token_env) or "a variable that 'token_env' names"
            raise SourceError(
                f"GitHub, {self.name}: there is no token, and without one GitHub does not answer. Make one there "
                f"(for public repositories it needs no permission at all) and set it as {variable}."
            )
        question = {"query": query, "variables": dict(variables)}
        best = found = self._graphql(among, question, is_heavy, is_patient)
        while hidden := _hidden(found, must_see):
            if hidden < _hidden(best, must_see):
                best = found
            among = [held for held in among if held.variable != found.token and held.refusal is None]
            if not among:
                return best
            try:
                found = self._graphql(among, question, is_heavy, is_patient=False)
            except (StoppedError, TooHeavyError):
                raise
            except SourceError:
                return best
        return found

    def _graphql(self, among: Sequence[_Token], question: Any, is_heavy: bool, is_patient: bool) -> Found:
        reply, asked = self._ask(
            "GraphQL",
            among,
            "",
            {"X-Github-Next-Global-ID": "1"},
            question,
            is_heavy=is_heavy,
            is_patient=is_patient,
        )
        data, errors = reply.value.get("data") or {}, reply.value.get("errors") or []
        cost = max(int((data.get("rateLimit") or {}).get("cost") or 1), 1)
        self._charge(cost - 1)
        if is_heavy and any(error.get("type") in _TOO_MUCH for error in errors):
            raise self._too_heavy(str(errors[0].get("message")))
        return Found(data, errors, cost, asked.variable)

    def get(self, url: str, etag: str = "") -> Answer:
        """Ask for one thing in REST; an error of GitHub becomes a `SourceError` that says what to do."""
        headers = {"Accept": "application/vnd.github+json"} | ({"If-None-Match": etag} if etag else {})
        reply, _ = self._ask("REST", self._tokens, url, headers)
        if reply.status == 304:
            self._charge(-1)
            return Answer([], url, is_unchanged=True)
        next_url = self._next(reply.headers.get("link", ""))
        if next_url == url:
            raise SourceError(f"GitHub, {self.name}: the listing {url} names itself as its next page.")
        if reply.error is None:
            return Answer(reply.value, url, reply.headers.get("etag", ""), next_url)
        near = max(getattr(reply.error, "pos", 0) - 80, 0)
        flaw = Reject(url, f"the answer is no JSON: {reply.error}", redact(reply.body[near : near + 200]))
        return Answer([], url, next_url=next_url, flaw=flaw)

    def get_list(self, url: str, etag: str = "") -> Answer:
        """Ask for one page of a listing in REST."""
        answer = self.get(url, etag)
        if isinstance(answer.value, list):
            return answer
        flaw = Reject(url, "the answer is no list", redact(as_json(answer.value)[:200]))
        return replace(answer, value=[], etag="", flaw=flaw)

    def spent(self, what: str) -> Spent:
        """What was spent since this was last asked: requests sent, and the points that GitHub charges for them."""
        spent = Spent(what, self._requests, self._points)
        self._requests = self._points = 0
        return spent

    def _charge(self, points: int) -> None:
        self._points += points
        self._hub._charge(points)

    def _ask(
        self,
        kind: _Kind,
        among: Sequence[_Token],
        url: str,
        headers: Mapping[str, str],
        question: Any = None,
        *,
        is_heavy: bool = False,
        is_patient: bool = True,
    ) -> tuple[_Reply, _Token]:
        """An answer worth having and the token that brought it, after as many attempts as patience has."""
        hub, patience = self._hub, self._hub.access.patience
        where = f"GET {redact(url)}" if url else kind
        failures: list[Trouble] = []
        limits, renewed = Counter[str](), set[str]()
        while True:
            token = hub._turn(kind, among, self.name, is_patient=is_patient)
            self._requests += 1
            self._points += 1
            try:
                reply, trouble = hub._send(kind, token, url, headers, question)
            except (WebError, requests.RequestException, RuntimeError) as error:
                raise self._lost(error) from None
            if trouble is None:
                if reply is not None and reply.status in (200, 304):
                    return reply, token
                if reply is not None and reply.status == 401 and token.app and token.variable not in renewed:
                    renewed.add(token.variable)  # it may have run out before its time
                    token.forget()
                    continue
                refused = self._refused(token, reply)
                if token.refusal and any(other.refusal is None for other in among):
                    _log.warning("%s", refused)
                    continue
                raise refused
            if trouble.is_limit:
                limits[token.variable] += 1
                if patience.is_over(trouble, limits[token.variable]):
                    raise RefusedError(
                        429, _sentence(self.name, 429, f"{token.limit} does not end. {_LATER}")
                    )
                hub._hold(kind, token, trouble, limits[token.variable])
                continue
            failures.append(trouble)
            is_over = patience.is_over(trouble, len(failures))
            slow = sum(failure.kind == "slow" for failure in failures)
            if is_heavy and (slow >= _HEAVY_ATTEMPTS or (is_over and trouble.kind == "broken")):
                raise self._too_heavy(f"{trouble.why}, {len(failures)} times in a row")
            if slow >= _PARTIAL_ATTEMPTS and reply is not None and reply.is_partial:
                return reply, token
            if is_over:
                return self._at_last(where, token, reply, failures), token
            try:
                wait_before_asking_again(f"GitHub, {self.name}: {where}", trouble, len(failures), patience)
            except WebError as error:
                raise self._lost(error) from None

    def _at_last(
        self, where: str, token: _Token, reply: _Reply | None, failures: Sequence[Trouble]
    ) -> _Reply:
        """What is left when patience has ended: an answer in REST to be set aside, or an error."""
        if reply is not None and (reply.status >= 500 or failures[-1].kind == "slow"):
            raise self._refused(token, replace(reply, status=max(reply.status, 500)))
        if reply is not None and reply.kind == "REST":
            return reply
        raise self._lost(WebError(f"{where}: {failures[-1].why}, {len(failures)} times in a row"))

    def _refused(self, token: _Token, reply: _Reply | None) -> RefusedError:
        """What an error status means, and what to do about it; nothing more is asked with a token that is none."""
        if reply is None:
            return token.refused(self.name)
        what = _refusal(reply, token)
        if reply.status == 401:
            token.refusal = (401, what)
        return RefusedError(reply.status, _sentence(self.name, reply.status, what))

    def _too_heavy(self, why: str) -> TooHeavyError:
        return TooHeavyError(
            f"GitHub, {self.name}: a query is too heavy: {redact(why)}. Run again later; what was read is kept."
        )

    def _lost(self, error: Exception) -> RepositoryError:
        own = f"GitHub, {self.name}: "
        return RepositoryError(
            f"{own}{redact(str(error)).removeprefix(own)}. Run again later; what was read is kept. "
            "If it persists, check 'api_url' in ospo.toml."
        )

    def _next(self, link: str) -> str:
        """The path and query of the next page, as the Link header names it."""
        for page in parse_header_links(link) if link else []:
            if page.get("rel") == "next":
                parts = urlsplit(page["url"])
                prefix = urlsplit(self._hub.access.api_url).path.rstrip("/")
                return f"{parts.path.removeprefix(prefix)}?{parts.query}"
        return ""


def _hidden(found: Found, names: Sequence[str]) -> int:
    """How many of these GitHub does not let this token see."""
    kinds = ("FORBIDDEN", "NOT_FOUND")
    refused = {error["path"][0] for error in found.errors if error.get("path") and error.get("type") in kinds}
    return sum(name in refused and found.data.get(name) is None for name in names)


def _sentence(name: str, status: int, what: str) -> str:
    return f"GitHub, {name} ({status}): {what}."


def _refusal(reply: _Reply, token: _Token) -> str:
    match reply.status:
        case 401:
            what = (
                f"it refuses {token.shown}, which is mistyped, expired or revoked. Make a new one and set it"
            )
        case 403 if "x-github-sso" in reply.headers:
            what = f"the organization has not authorized {token.shown}. Authorize it for single sign-on"
        case 403:
            what = (
                f"it forbids this with {token.shown}. A token needs read access to metadata, contents, issues, "
                "pull requests and discussions, and for traffic to administration"
            )
        case 404 if reply.kind == "REST":
            what = (
                f"it knows no such name, or hides it from us with {token.shown}. Check the spelling under "
                "'projects' in ospo.toml; what is private needs a token that may read it"
            )
        case 410 | 451:
            why = "closed for legal reasons" if reply.status == 451 else "switched off or gone"
            what = f"it is {why}. What we hold of it stays; take it out of 'projects' in ospo.toml if it is for good"
        case status if status >= 500:
            what = "it fails at this again and again. Run again later; what was read is kept"
        case _:
            what = "it does not answer as expected. Check 'api_url' in ospo.toml"
    return what


@dataclass(slots=True)
class _Reply:
    """What came back from one request."""

    kind: _Kind
    status: int
    headers: Mapping[str, str]
    body: str
    value: Any = None
    error: ValueError | None = None

    @property
    def is_partial(self) -> bool:
        """Whether there are data, and every error says which part of them is missing."""
        value = self.value if isinstance(self.value, dict) else {}
        data, errors = value.get("data") or {}, value.get("errors") or []
        is_told = any(part is not None for name, part in data.items() if name != "rateLimit")
        return is_told and all(error.get("path") for error in errors)

    def read(self, now: float) -> Trouble | None:
        """Take the body apart, and see whether the answer is worth having."""
        if self.status != 200:
            return trouble_in(self.status, self.headers, self.body, now)
        try:
            self.value = parse(self.body)
        except ValueError as error:
            self.error = error
            is_json = "json" in self.headers.get("content-type", "")
            if self.kind == "GraphQL" or (is_json and isinstance(error, json.JSONDecodeError)):
                return Trouble("broken", "its answer is cut off or is no JSON")
            return None
        return self._trouble_within(now) if self.kind == "GraphQL" else None

    def _trouble_within(self, now: float) -> Trouble | None:
        """GraphQL tells of limits and failures inside of good answers."""
        value = self.value if isinstance(self.value, dict) else {}
        data, errors = value.get("data") or {}, value.get("errors") or []
        is_shaped = isinstance(data, dict) and isinstance(errors, list)
        if not is_shaped or not (data or errors) or not all(isinstance(error, dict) for error in errors):
            return Trouble("broken", "its answer holds neither data nor errors")
        for error in errors:
            kind, message = str(error.get("type") or ""), str(error.get("message") or "").lower()
            if kind.startswith("RATE_LIMIT") or "secondary rate limit" in message:
                limit = limit_in(200, self.headers, now)
                is_hourly = limit.wait is None and "secondary" not in message
                return Trouble("used up", limit.why) if is_hourly else limit
            is_undone = kind != "NOT_FOUND" and any(words in message for words in _UNDONE)
            if is_undone or kind.lower() == "timedout":
                return Trouble("slow", "it did not get done with the query in time")
        return None


_LATER = "Run again later, or add a token to 'token_env'"
_UNDONE = ("something went wrong while executing your query", "timedout", "respond to your request in time")


class _Token:
    """One token or App: what it may still ask, as GitHub last told, and the clients that ask with it.

    PyGithub's clients are not made for threads, so a client is lent to one of them at a time.
    """

    def __init__(self, variable: str, secret: str, app: App | None = None) -> None:
        self.variable, self.app = variable, app
        self.used = self.under_way = 0
        self.left: dict[str, tuple[int, float]] = {}
        self.paused_until = -math.inf
        self.refusal: tuple[int, str] | None = None
        self._secret = secret
        self._auth: Auth | None = None
        self._idle: list[Requester] = []
        self._lock = threading.Lock()

    @property
    def shown(self) -> str:
        if self.app:
            return f"the App {self.app.id} with the key in {self.variable}"
        return f"the token in {self.variable}" if self.variable else "no token"

    @property
    def limit(self) -> str:
        return f"the limit of {self.shown}" if self.variable else "the limit of those without a token"

    def refused(self, name: str) -> RefusedError:
        """Why GitHub takes nothing more from this token."""
        status, what = self.refusal or (401, f"it refuses {self.shown}")
        return RefusedError(status, _sentence(name, status, what))

    # What it may still ask

    def remaining(self, kind: _Kind, now: float) -> float:
        """How much may still be asked in this hour; a new hour, and one never told of, count as full."""
        remaining, until = self.left.get(kind, (0, 0.0))
        return remaining if until > now else math.inf

    def is_used_up(self, kind: _Kind, now: float) -> bool:
        return self.remaining(kind, now) <= 0

    def wait(self, kind: _Kind, now: float) -> float:
        """How long until this token may go on; 0 where it may now."""
        until = self.left[kind][1] if self.is_used_up(kind, now) else now
        return max(until, self.paused_until) - now if max(until, self.paused_until) > now else 0

    def learn(self, reply: _Reply, now: float) -> None:
        """Note what an answer tells of the limit."""
        headers, resource = reply.headers, _RESOURCES[reply.kind]
        if headers.get("x-ratelimit-resource", resource) != resource:
            return
        remaining, ends_in = headers.get("x-ratelimit-remaining", ""), limit_ends_in(headers, now)
        if remaining.isdigit() and ends_in is not None:
            self.left[reply.kind] = (int(remaining), now + ends_in)

    # Asking with it

    @contextmanager
    def client(self, access: Access) -> Iterator[Requester]:
        """A client of PyGithub, with its connection, that nobody else uses meanwhile."""
        with self._lock:
            client = self._idle.pop() if self._idle else None
        if client is None:
            client = self._connect(access)
        try:
            yield client
        finally:
            with self._lock:
                if client.auth is self._auth:
                    self._idle.append(client)

    def refresh(self, client: Requester, now: float) -> Trouble | None:
        """Let PyGithub make a new installation token where an App has none that holds."""
        if self.app is None or client.auth is None:
            return None
        import jwt
        from github import GithubException

        try:
            with self._lock:
                keep_secret(client.auth.token)
        except GithubException as error:
            headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
            if trouble := trouble_in(error.status, headers, as_json(error.data), now):
                return trouble
            self.refusal = (error.status, _refused_app(self.app, self.variable, error.status))
        except json.JSONDecodeError:
            return Trouble("broken", "its answer is cut off or is no JSON")
        except (jwt.PyJWTError, ValueError, TypeError):
            self.refusal = (
                401,
                f"{self.variable} holds no private key in PEM form. Set it again, as GitHub gave it for the App",
            )
        return None

    def forget(self) -> None:
        """Begin anew with the App's installation token."""
        with self._lock:
            self._auth = None
            self._idle.clear()

    def _connect(self, access: Access) -> Requester:
        from github import Auth, Github
        from github.Requester import (
            HTTPRequestsConnectionClass,
            HTTPSRequestsConnectionClass,
            Requester,
        )

        adapter = CarefulAdapter(access.patience)

        class Plain(HTTPRequestsConnectionClass):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.session.mount("http://", adapter)

        class Secure(HTTPSRequestsConnectionClass):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.session.mount("https://", adapter)

        with _building:
            if self._auth is None and self.app:
                app = Auth.AppAuth(self.app.id, self._secret)
                self._auth = app.get_installation_auth(self.app.installation)
            elif self._auth is None and self._secret:
                self._auth = Auth.Token(self._secret)
            Requester.injectConnectionClasses(Plain, Secure)
            try:
                return Github(
                    base_url=access.api_url,
                    auth=self._auth,
                    user_agent="ospo-metrics",
                    retry=None,
                    seconds_between_requests=None,
                    seconds_between_writes=None,  # GraphQL questions are sent as writes, and are none
                    api_version="2022-11-28",
                ).requester
            finally:
                Requester.resetConnectionClasses()


_building = threading.Lock()  # PyGithub takes its connection classes from a place that all its clients share


def _refused_app(app: App, variable: str, status: int) -> str:
    if status == 401:
        return (
            f"it does not accept the key in {variable} for the App {app.id}. Check 'app' in ospo.toml, the key, "
            "and this machine's clock"
        )
    return (
        f"it gives the App {app.id} no token for its installation {app.installation}. Check 'app' in ospo.toml, and "
        "at GitHub whether the installation is there and not suspended"
    )


def _next(kind: _Kind, live: Sequence[_Token], among: Sequence[_Token], name: str, now: float) -> _Token:
    """The token whose turn it is: in GraphQL the one with the most left, in REST always the same one for a name.

    A name keeps its token in REST since ETags depend on it, unless it would have to wait for more than a minute.
    """
    if kind == "GraphQL":
        ready = [token for token in live if token.wait(kind, now) <= 0]
        if ready:
            return max(ready, key=lambda token: (token.remaining(kind, now) - token.under_way, -token.used))
    else:
        first = zlib.crc32(name.casefold().encode()) % len(among)
        live = [token for token in (*among[first:], *among[:first]) if token in live]
        if live[0].wait(kind, now) <= _MINUTE:
            return live[0]
    return min(live, key=lambda token: token.wait(kind, now))


def _tokens(access: Access) -> list[_Token]:
    """Every token that the environment holds, each once; where there is none, a token that is none."""
    found: dict[str, _Token] = {}
    for variable in access.token_env:
        secret = os.environ.get(variable, "").strip()
        keep_secret(secret)
        if secret and not (secret.isascii() and secret.isprintable() and " " not in secret):
            raise SourceError(f"GitHub: {variable} holds no token but spaces or odd letters. Set it again.")
        if secret:
            found.setdefault(secret, _Token(variable, secret))
    if access.app:
        variable = access.app.private_key_env
        key = os.environ.get(variable, "").strip().replace("\\n", "\n")
        for line in (key, *key.splitlines()):
            if line == key or not line.startswith("-----"):
                keep_secret(line)
        if not key:
            raise SourceError(
                f"GitHub: the environment variable {variable} ('private_key_env' in ospo.toml) is empty. "
                f"Set it to the private key of the App {access.app.id}."
            )
        found.setdefault(key, _Token(variable, key, access.app))
    return list(found.values()) or [_Token("", "")]


def parse(text: str) -> Any:
    """JSON as the standard has it; `ValueError` where it is not."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
