"""Talking politely to web APIs: patience, limits, and no secret in any text."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

_log = logging.getLogger(__name__)

_secrets: set[str] = set()
_LOOKS_SECRET = (
    (re.compile(r"\b(?:gh[pousr]_|github_pat_)\w{10,}"), "***"),
    (re.compile(r"(authorization\W+(?:(?:bearer|token|basic)\s+)?)[^\s'\",}]+", re.IGNORECASE), r"\1***"),
    (re.compile(r"(\w+://)[^\s/]*@"), r"\1***@"),
    (re.compile(r"([?&](?:access_)?(?:token|key|secret|password|auth)=)[^\s&#]+", re.IGNORECASE), r"\1***"),
)


_MOST_REDIRECTIONS = 5


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an answer is not to be had now, and how many seconds the server asks us to wait, if it does.

    `unreachable`: there is no connection. `slow`: there was no answer in time, from the server or within it.
    `broken`: the answer came, but cannot be read. `failing`: the server says that it fails. `limited`: we ask
    too fast or too much at once. `used up`: what we may ask in this hour is spent.
    """

    kind: Literal["unreachable", "slow", "broken", "failing", "limited", "used up"]
    why: str
    wait: float | None = None

    @property
    def is_limit(self) -> bool:
        return self.kind in ("limited", "used up")


class WebError(Exception):
    """The web gave no usable answer, for all our patience; the sentence says where and why.

    Without `trouble`, asking again would not help. `status` is that of the answer, where there was one.
    """

    def __init__(self, sentence: str, trouble: Trouble | None = None, status: int | None = None) -> None:
        super().__init__(sentence)
        self.trouble, self.status = trouble, status


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to ask again, and how long to wait; durations are seconds, sizes bytes.

    Waits double from `first_wait` after a failure, and from `limit_wait` where a limit does not say when
    it ends. A wait longer than `longest_wait` is not begun. `sleep` does the waiting, `clock` tells the time.
    """

    attempts: int = 8
    attempts_to_connect: int = 3
    first_wait: float = 1
    limit_wait: float = 60
    longest_wait: float = 3_900
    timeout: float = 30
    largest_body: int = 64 * 2**20
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time

    def wait(self, trouble: Trouble, attempt: int) -> float:
        """How long to wait after an attempt that ended in trouble; the first attempt is 1."""
        if trouble.kind == "used up" and trouble.wait is not None:
            return trouble.wait
        if trouble.is_limit and trouble.wait is None:
            return self.limit_wait * 2.0 ** (attempt - 1)
        return max(trouble.wait or 0, self.first_wait * 2.0 ** (attempt - 1))

    def is_over(self, trouble: Trouble, attempt: int) -> bool:
        """Whether this attempt was the last one."""
        of_connecting = trouble.kind == "unreachable" and attempt >= self.attempts_to_connect
        return of_connecting or attempt >= self.attempts


def keep_secret(value: str) -> None:
    """Remember a token, so that `redact` knows it whatever it looks like."""
    if len(value) >= 8:
        _secrets.add(value)


def redact(text: str) -> str:
    """The text without tokens: those that were kept secret here, and whatever else looks like one."""
    for secret in tuple(_secrets):  # another thread may add one
        text = text.replace(secret, "***")
    for pattern, instead in _LOOKS_SECRET:
        text = pattern.sub(instead, text)
    return text


def download(url: str, limit_bytes: int) -> bytes:
    """Fetch one public file; `WebError` where it is not to be had or larger than the limit."""
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, PatientAdapter(Patience(largest_body=limit_bytes), anywhere=True))
        answer = session.get(url, headers={"User-Agent": "ospo-metrics"}, allow_redirects=False)
    if answer.status_code != 200:
        raise WebError(f"{redact(url)} answers {answer.status_code} {answer.reason}")
    return answer.content


def post(url: str, value: object) -> None:
    """Hand a value to a webhook, once, as JSON; `WebError` where it is not taken. The address is kept secret."""
    keep_secret(url)
    keep_secret(urlsplit(url).path)
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, CarefulAdapter(Patience(largest_body=2**20), may_be_later=True))
        try:
            answer = session.post(
                url, json=value, headers={"User-Agent": "ospo-metrics"}, allow_redirects=False
            )
        except requests.RequestException as error:  # such as an address that is none
            raise WebError(f"POST ***: {cause(error).why}") from None
    if not answer.ok:
        raise WebError(
            f"POST ***: it answers {answer.status_code} {answer.reason}", status=answer.status_code
        )


class CarefulAdapter(HTTPAdapter):
    """Sends each request of a session once: within a time, up to a size, and telling its secret to nobody.

    A redirection to another server is followed only where `anywhere` says that no secret can go with it.
    Where there is no whole answer, `WebError`; with `may_be_later`, a promise of one is enough.
    """

    def __init__(self, patience: Patience, *, anywhere: bool = False, may_be_later: bool = False) -> None:
        super().__init__(max_retries=0)
        self._patience = patience
        self._anywhere = anywhere
        self._may_be_later = may_be_later

    def send(  # noqa: PLR0917 - the signature of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        where = _place(request)
        keep_secret(str(request.headers.get("Authorization", "")).split(" ")[-1])
        try:
            for _ in range(_MOST_REDIRECTIONS + 1):
                response = super().send(request, True, self._patience.timeout, verify, cert, proxies)
                _read(response, self._patience.largest_body)
                if response.status_code == 202 and not self._may_be_later:
                    trouble = Trouble("failing", "its answer is still being made")
                    raise WebError(f"{where}: {trouble.why}", trouble)
                elsewhere = _moved(response, self._anywhere)
                if not elsewhere:
                    return response
                request = request.copy()
                request.url = elsewhere
        except requests.exceptions.SSLError:
            raise WebError(f"{where}: the certificate does not hold") from None
        except requests.RequestException as error:
            trouble = cause(error)
            raise WebError(f"{where}: {trouble.why}", trouble) from None
        raise WebError(f"{where}: redirected more than {_MOST_REDIRECTIONS} times")


class PatientAdapter(CarefulAdapter):
    """Sends each request of a session until there is an answer worth having, or patience ends.

    Asked again: no connection, time-outs, bodies that are cut off or are no JSON although they say so,
    5xx, 429, and 403 that is a rate limit. All of it shares one count of attempts. The last answer is
    returned as it is; where there is none, `WebError`. Only for requests that change nothing.
    """

    def send(  # noqa: PLR0917 - the signature of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        patience, where, attempt = self._patience, _place(request), 0
        while True:
            attempt += 1
            response = None
            try:
                response = super().send(request, stream, timeout, verify, cert, proxies)
                found = _trouble_of(response, patience.clock())
            except WebError as error:
                found = error.trouble
                if found is None:
                    raise
            if response is not None and (found is None or patience.is_over(found, attempt)):
                return response
            assert found is not None  # noqa: S101 - without an answer there is trouble
            if patience.is_over(found, attempt):
                raise WebError(f"{where}: {found.why}, {attempt} times in a row", found)
            wait_before_asking_again(where, found, attempt, patience)


def wait_before_asking_again(where: str, trouble: Trouble, attempt: int, patience: Patience) -> None:
    """Wait as long as patience has it, and tell so; `WebError` where that is too long."""
    wait = patience.wait(trouble, attempt)
    if wait > patience.longest_wait:
        until = datetime.fromtimestamp(patience.clock() + wait, UTC)
        raise WebError(f"{where}: {trouble.why}, and asks us to wait until {until:%Y-%m-%d %H:%M} UTC")
    level = logging.WARNING if wait >= 10 else logging.INFO
    _log.log(level, "%s: %s; waiting %.0f s before asking again", where, trouble.why, wait)
    patience.sleep(wait)


def trouble_in(status: int, headers: Mapping[str, str], body: str, now: float) -> Trouble | None:
    """Whether an answer says "not now" rather than yes or no; `now` is our time of its arrival."""
    told = asked_to_wait(headers, now)
    if status >= 500:
        kind: Literal["slow", "failing"] = "slow" if status in (502, 504) else "failing"
        return Trouble(kind, f"it answers {status}", told)
    text = body.lower() if status == 403 else ""
    if status == 429 or (
        status == 403 and (told is not None or "rate limit" in text or "abuse detection" in text)
    ):
        return limit_in(status, headers, now)
    return None


def limit_in(status: int, headers: Mapping[str, str], now: float) -> Trouble:
    """What the headers tell of a limit that was reached."""
    told = asked_to_wait(headers, now)
    if told is not None:
        return Trouble("limited", f"it limits us ({status})", told)
    if headers.get("x-ratelimit-remaining") == "0" and (end := limit_ends_in(headers, now)) is not None:
        return Trouble("used up", "our requests of this hour are used up", max(end, 1))
    return Trouble("limited", f"it limits us ({status})")


def limit_ends_in(headers: Mapping[str, str], now: float) -> float | None:
    """In how many seconds a new hour of requests begins; below zero if it has begun.

    The server's own clock counts where it tells it, for ours may be wrong. One second more, since the second
    in which the limit ends is only named as a whole.
    """
    reset = headers.get("x-ratelimit-reset", "")
    if not reset.isdigit():
        return None
    there = _instant(headers.get("date", ""))
    return int(reset) - (now if there is None else there) + 1


def _place(request: requests.PreparedRequest) -> str:
    return f"{request.method} {redact(request.url or '')}"


def _read(response: requests.Response, largest: int) -> None:
    """Read the body into the response, or fail when it is cut off or has no end."""
    body = bytearray()
    for chunk in response.iter_content(2**16):
        body += chunk
        if len(body) > largest:
            response.close()
            raise WebError(f"{redact(response.url)}: the answer is larger than {largest:,} bytes")
    response._content = bytes(body)  # what requests does itself, without a limit


def _moved(response: requests.Response, anywhere: bool) -> str | None:
    """Where an answer says its subject is now, if we may follow it there."""
    if response.status_code not in (301, 302, 307, 308) or "Location" not in response.headers:
        return None
    target = urljoin(response.url, response.headers["Location"])
    if urlsplit(target).scheme not in ("http", "https") or (
        not anywhere and _origin(target) != _origin(response.url)
    ):
        raise WebError(f"{redact(response.url)}: redirected to another server, {redact(target)}")
    return target


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _trouble_of(response: requests.Response, now: float) -> Trouble | None:
    found = trouble_in(
        response.status_code, response.headers, response.content.decode("utf-8", "replace"), now
    )
    is_json = "json" in response.headers.get("Content-Type", "")
    if found is None and response.status_code == 200 and is_json and not _is_json(response.content):
        return Trouble("broken", "its answer is cut off or is no JSON")
    return found


def asked_to_wait(headers: Mapping[str, str], now: float) -> float | None:
    """How many seconds a server asks us to wait with `Retry-After`; nothing where it does not."""
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    until = _instant(text)
    return None if until is None else max(until - now, 0)


def _instant(text: str) -> float | None:
    """A date as HTTP writes it, in seconds since 1970."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return None


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def cause(error: requests.RequestException) -> Trouble:
    """A failed request in words of our own: a library's own text may quote what was sent."""
    inner = error.args[0] if error.args else None
    match error:
        case requests.exceptions.ProxyError():
            return Trouble("unreachable", "the proxy does not answer")
        case requests.exceptions.ConnectTimeout():
            return Trouble("unreachable", "no answer in time")
        case requests.exceptions.ConnectionError() if isinstance(inner, MaxRetryError):
            return Trouble("unreachable", "cannot connect")
        case (
            requests.exceptions.ReadTimeout()
            | requests.exceptions.ConnectionError(args=(ReadTimeoutError(),))
        ):
            return Trouble("slow", "no answer in time")
        case requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError():
            return Trouble("broken", "the answer is cut off")
    is_lost = isinstance(error, requests.exceptions.ConnectionError)
    return Trouble("broken", "the connection broke" if is_lost else type(error).__name__)
