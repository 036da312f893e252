"""Talking politely to web APIs: patience, limits, and no secret in any text."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError

_log = logging.getLogger(__name__)

_secrets: set[str] = set()
_LOOKS_SECRET = (
    (re.compile(r"\b(?:gh[pousr]_|github_pat_)\w{10,}"), "***"),
    (re.compile(r"(authorization\W+(?:(?:bearer|token|basic)\s+)?)[^\s'\",}]+", re.IGNORECASE), r"\1***"),
    (re.compile(r"(\w+://)[^\s/]*@"), r"\1***@"),
    (re.compile(r"([?&](?:access_)?(?:token|key|secret|password|auth)=)[^\s&#]+", re.IGNORECASE), r"\1***"),
)


class WebError(Exception):
    """The web gave no usable answer, for all our patience; the sentence says where and why."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to ask again, and how long to wait; durations are seconds, sizes bytes.

    Waits double from `first_wait` after a failure, and from `limit_wait` where a limit does not say when
    it ends. A wait longer than `longest_wait` is not begun. `sleep` does the waiting.
    """

    attempts: int = 8
    attempts_to_connect: int = 3
    first_wait: float = 1
    limit_wait: float = 60
    longest_wait: float = 3_900
    timeout: float = 30
    largest_body: int = 64 * 2**20
    sleep: Callable[[float], None] = time.sleep


def keep_secret(value: str) -> None:
    """Remember a token, so that `redact` knows it whatever it looks like."""
    if len(value) >= 8:
        _secrets.add(value)


def redact(text: str) -> str:
    """The text without tokens: those that were kept secret here, and whatever else looks like one."""
    for secret in _secrets:
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


class PatientAdapter(HTTPAdapter):
    """Sends each request of a session until there is an answer worth having, or patience ends.

    Asked again: no connection, time-outs, bodies that are cut off or are no JSON although they say so,
    5xx, 429, and 403 or GraphQL errors that are rate limits. All of it shares one count of attempts. The
    last answer is returned as it is; where there is none, `WebError`. Only for requests that change nothing.
    A redirection to another server is followed only where `anywhere` says that no secret can go with it.
    """

    def __init__(self, patience: Patience, *, anywhere: bool = False) -> None:
        super().__init__(max_retries=0)
        self._patience = patience
        self._anywhere = anywhere

    def send(  # noqa: PLR0917 - the signature of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        patience = self._patience
        where = f"{request.method} {redact(request.url or '')}"
        for attempt in range(1, patience.attempts + 1):
            attempts = patience.attempts
            backoff = patience.first_wait * 2 ** (attempt - 1)
            try:
                response = super().send(request, True, patience.timeout, verify, cert, proxies)
                _read(response, patience.largest_body)
                if elsewhere := _moved(response, self._anywhere):
                    request = request.copy()
                    request.url = elsewhere
                    continue
                pause = _pause(response, attempt, backoff, patience)
                if pause is None or attempt == attempts:
                    return response
                why, wait = pause
            except requests.exceptions.SSLError as error:
                raise WebError(f"{where}: the certificate does not hold ({_cause(error)})") from None
            except requests.RequestException as error:
                why, wait = _cause(error), backoff
                if error.args and isinstance(error.args[0], MaxRetryError):
                    attempts = min(attempts, patience.attempts_to_connect)
                if attempt >= attempts:
                    raise WebError(f"{where}: {why}, {attempt} times in a row") from None
            if wait > patience.longest_wait:
                until = datetime.now(UTC) + timedelta(seconds=wait)
                raise WebError(f"{where}: {why}, and asks us to wait until {until:%Y-%m-%d %H:%M} UTC")
            level = logging.WARNING if wait >= 10 else logging.INFO
            _log.log(level, "%s: %s; waiting %.0f s before asking again", where, why, wait)
            patience.sleep(wait)
        raise WebError(f"{where}: redirected {patience.attempts} times")


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


def _pause(
    response: requests.Response, attempt: int, backoff: float, patience: Patience
) -> tuple[str, float] | None:
    """Why and how long to wait before asking again; nothing where the answer stands."""
    status, told = response.status_code, _retry_after(response)
    if status >= 500:
        return f"it answers {status}", max(told or 0, backoff)
    if not _is_limit(response, told):
        if status == 200 and "json" in response.headers.get("Content-Type", "") and not _is_json(response):
            return "its answer is cut off or is no JSON", backoff
        return None
    if told is not None:
        return f"it limits us ({status})", max(told, backoff)
    reset = response.headers.get("X-RateLimit-Reset", "")
    if response.headers.get("X-RateLimit-Remaining") == "0" and reset.isdigit():
        # one second more: the second in which the limit ends is only named as a whole
        return "our requests of this hour are used up", max(int(reset) - time.time(), 0) + 1
    return f"it limits us ({status})", patience.limit_wait * 2 ** (attempt - 1)


def _is_limit(response: requests.Response, told: float | None) -> bool:
    """Whether an answer says "not now" rather than "no"."""
    match response.status_code:
        case 429:
            return True
        case 403:
            body = response.content.lower()
            return told is not None or b"rate limit" in body or b"abuse detection" in body
        case 200:  # GraphQL reports a limit inside a good answer
            return b'"RATE_LIMITED"' in response.content[:2000] and b'"errors"' in response.content[:2000]
    return False


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0)
    except (ValueError, TypeError):
        return None


def _is_json(response: requests.Response) -> bool:
    try:
        json.loads(response.content)
    except (ValueError, RecursionError):
        return False
    return True


def _cause(error: requests.RequestException) -> str:
    """A failed request in words of our own: a library's own text may quote what was sent."""
    match error:
        case requests.exceptions.ProxyError():
            return "the proxy does not answer"
        case requests.exceptions.ConnectTimeout() | requests.exceptions.ReadTimeout():
            return "no answer in time"
        case requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError():
            return "the answer is cut off"
        case requests.exceptions.ConnectionError():
            is_unreachable = error.args and isinstance(error.args[0], MaxRetryError)
            return "cannot connect" if is_unreachable else "the connection broke"
    return type(error).__name__


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched, and what its server said of its version (`etag`, `modified`)."""

    path: Path
    version: dict[str, str]


_VERSION_HEADERS = {"etag": "ETag", "modified": "Last-Modified"}


def fetch_file(
    url: str,
    folder: Path,
    known: Mapping[str, Any],
    patience: Patience = Patience(),
) -> Fetched | None:
    """Fetch a public file into a folder, or nothing where it is still the version that we know.

    What was interrupted, even by the end of the process, goes on where it stopped, if the server still has that
    version. One larger than `largest_body` is not fetched. `WebError` where it is not to be had, with the status
    of the answer as its second argument, if there was one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(url.encode()).hexdigest()[:16]
    partial, note, whole = (folder / f"{name}{ending}" for ending in (".part", ".json", ".whole"))
    why = "no answer"
    for attempt in range(1, patience.attempts + 1):
        wait = patience.first_wait * 2 ** (attempt - 1)
        try:
            got = _continue(url, partial, note, known, patience)
        except requests.exceptions.SSLError as error:
            raise WebError(f"{redact(url)}: the certificate does not hold ({_cause(error)})") from None
        except requests.RequestException as error:
            why = _cause(error)
            if attempt >= patience.attempts_to_connect and why in (
                "cannot connect",
                "the proxy does not answer",
            ):
                break
        else:
            if not isinstance(got, requests.Response):
                if got is None:
                    return None
                partial.replace(whole)
                note.unlink(missing_ok=True)
                return Fetched(whole, got)
            told = _retry_after(got)
            if got.status_code < 500 and got.status_code != 429 and told is None:
                raise WebError(f"{redact(url)} answers {got.status_code} {got.reason}", got.status_code)
            why, wait = f"it answers {got.status_code}", max(wait, told or 0)
        if wait > patience.longest_wait:
            raise WebError(f"{redact(url)}: {why}, and asks us to wait for {wait:,.0f} seconds")
        if attempt < patience.attempts:
            patience.sleep(wait)
    raise WebError(f"{redact(url)}: {why}, {attempt} times in a row")


def _continue(
    url: str, partial: Path, note: Path, known: Mapping[str, Any], patience: Patience
) -> dict[str, str] | requests.Response | None:
    """One attempt: the version once the file is whole, nothing if it is known, or the answer that is no file."""
    headers = {"User-Agent": "ospo-metrics", "Accept-Encoding": "identity"}
    begun = _begun(partial, note)
    if begun:
        headers |= {
            "Range": f"bytes={partial.stat().st_size}-",
            "If-Range": begun.get("etag") or begun["modified"],
        }
    else:
        asked = {"etag": "If-None-Match", "modified": "If-Modified-Since"}
        headers |= {header: known[key] for key, header in asked.items() if known.get(key)}
    with requests.get(url, headers=headers, stream=True, timeout=patience.timeout) as answer:
        if answer.status_code == 304:
            return None
        if answer.status_code == 416:  # what we have is of another length; begin anew
            note.unlink(missing_ok=True)
            raise requests.exceptions.ChunkedEncodingError
        if answer.status_code not in (200, 206):
            return answer
        version = {
            key: answer.headers[header]
            for key, header in _VERSION_HEADERS.items()
            if header in answer.headers
        }
        goes_on = answer.status_code == 206
        if not goes_on:
            note.write_text(json.dumps({"url": url, **version}), encoding="utf-8")
        with partial.open("ab" if goes_on else "wb") as file:
            size = file.tell()
            expected = answer.headers.get("Content-Length", "")
            end = size + int(expected) if expected.isdigit() else None
            if (end or 0) > patience.largest_body:
                raise WebError(
                    f"{redact(url)}: the file has {end:,} bytes, more than {patience.largest_body:,}"
                )
            answer.raw.enforce_content_length = False  # we do, and keep what came before it broke off
            for chunk in answer.iter_content(1 << 18):
                size += file.write(chunk)
                if size > patience.largest_body:
                    raise WebError(f"{redact(url)}: the file is larger than {patience.largest_body:,} bytes")
        if end is not None and size < end:
            raise requests.exceptions.ChunkedEncodingError
        return version


def _begun(partial: Path, note: Path) -> dict[str, str]:
    """The version of which we already have a part; nothing where there is none to go on with."""
    if not (partial.is_file() and note.is_file() and partial.stat().st_size):
        return {}
    try:
        version: dict[str, str] = json.loads(note.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    is_weak = version.get("etag", "").startswith("W/")
    return {
        key: version[key]
        for key in ("etag", "modified")
        if version.get(key) and not (key == "etag" and is_weak)
    }
