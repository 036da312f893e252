"""GitHub through PyGithub: one page a request, conditional requests, and errors that say what to do."""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import requests
from requests.utils import parse_header_links

from ospo_metrics.items import Reject, SourceError, as_json
from ospo_metrics.web import Patience, PatientAdapter, WebError, keep_secret, redact

if TYPE_CHECKING:
    from github.Requester import Requester

PAGE = 100


@dataclass(frozen=True, slots=True)
class Access:
    """Where GitHub answers, which variables hold its tokens, and how patient we are."""

    api_url: str
    token_env: tuple[str, ...]
    recorded: str | None = None
    patience: Patience = field(default_factory=Patience, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; where its body cannot be read, there is a flaw and the value is empty."""

    value: Any
    url: str
    etag: str = ""
    next_url: str = ""
    is_unchanged: bool = False
    flaw: Reject | None = None


class RefusedError(SourceError):
    """GitHub answered with an error status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Api:
    """GitHub as one token sees it, asked about one repository or owner."""

    requester: Requester
    name: str
    variable: str

    def get(self, url: str, etag: str = "") -> Answer:
        """Ask for one thing; an error of GitHub becomes a `SourceError` that says what to do."""
        headers = {"Accept": "application/vnd.github+json"} | ({"If-None-Match": etag} if etag else {})
        try:
            status, received, body = self.requester.requestJson("GET", url, headers=headers)
        except (WebError, requests.RequestException, RuntimeError) as error:
            raise SourceError(
                f"GitHub, {self.name}: {redact(str(error))}. Run again later; what was read is kept. "
                "If it persists, check 'api_url' in ospo.toml."
            ) from None
        if status == 304:
            return Answer([], url, is_unchanged=True)
        if status != 200:
            raise RefusedError(status, self._refusal(status, received, body))
        next_url = self._next(received.get("link", ""))
        if next_url == url:
            raise SourceError(f"GitHub, {self.name}: the listing {url} names itself as its next page.")
        try:
            return Answer(parse(body), url, received.get("etag", ""), next_url)
        except ValueError as error:
            near = max(getattr(error, "pos", 0) - 80, 0)
            flaw = Reject(url, f"the answer is no JSON: {error}", redact(body[near : near + 200]))
            return Answer([], url, next_url=next_url, flaw=flaw)

    def get_list(self, url: str, etag: str = "") -> Answer:
        """Ask for one page of a listing."""
        answer = self.get(url, etag)
        if isinstance(answer.value, list):
            return answer
        flaw = Reject(url, "the answer is no list", redact(as_json(answer.value)[:200]))
        return replace(answer, value=[], etag="", flaw=flaw)

    def _next(self, link: str) -> str:
        """The path and query of the next page, as the Link header names it."""
        for page in parse_header_links(link) if link else []:
            if page.get("rel") == "next":
                parts = urlsplit(page["url"])
                prefix = urlsplit(self.requester.base_url).path.rstrip("/")
                return f"{parts.path.removeprefix(prefix)}?{parts.query}"
        return ""

    def _refusal(self, status: int, headers: Mapping[str, str], body: str) -> str:
        token = f"the token in {self.variable}" if self.variable else "no token"
        match status:
            case 401:
                what = f"it refuses {token}, which is mistyped, expired or revoked. Make a new one and set it"
            case 403 if "x-github-sso" in headers:
                what = f"the organization has not authorized {token}. Authorize it for single sign-on"
            case 403 | 429 if status == 429 or "rate limit" in body.lower():
                what = f"the limit of {token} does not end. Run again later, or add a token to 'token_env'"
            case 403:
                what = (
                    f"it forbids this with {token}. "
                    "A token needs read access to metadata, issues and pull requests"
                )
            case 404:
                what = (
                    f"it knows no such name, or hides it from us with {token}. Check the spelling under "
                    "'projects' in ospo.toml; what is private needs a token that may read it"
                )
            case 410 | 451:
                why = "closed for legal reasons" if status == 451 else "switched off or gone"
                what = (
                    f"it is {why}. What we hold of it stays; "
                    "take it out of 'projects' in ospo.toml if it is for good"
                )
            case _ if status >= 500:
                what = "it fails at this again and again. Run again later; what was read is kept"
            case _:
                what = "it does not answer as expected. Check 'api_url' in ospo.toml"
        return f"GitHub, {self.name} ({status}): {what}."


@contextmanager
def connected(access: Access, name: str) -> Iterator[Api]:
    """PyGithub with our patience instead of its own, and with the token whose turn this name is."""
    from github import Auth, Github
    from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

    variable, token = _token(access, name)
    adapter = PatientAdapter(access.patience)

    class Plain(HTTPRequestsConnectionClass):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.session.mount("http://", adapter)

    class Secure(HTTPSRequestsConnectionClass):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.session.mount("https://", adapter)

    with _building:
        Requester.injectConnectionClasses(Plain, Secure)
        try:
            github = Github(
                base_url=access.api_url,
                auth=Auth.Token(token) if token else None,
                user_agent="ospo-metrics",
                retry=None,
                seconds_between_requests=None,
                seconds_between_writes=None,  # GraphQL questions are sent as writes, and are none
                api_version="2022-11-28",
            )
        finally:
            Requester.resetConnectionClasses()
    try:
        yield Api(github.requester, name, variable)
    finally:
        github.close()


_building = threading.Lock()  # PyGithub takes its connection classes from a place that all its clients share


def _token(access: Access, name: str) -> tuple[str, str]:
    """The variable and the token for a name: always the same one, since ETags depend on it."""
    named = [(variable, os.environ.get(variable, "").strip()) for variable in access.token_env]
    held = [(variable, token) for variable, token in named if token]
    for variable, token in held:
        keep_secret(token)
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise SourceError(f"GitHub: {variable} holds no token but spaces or odd letters. Set it again.")
    return held[zlib.crc32(name.casefold().encode()) % len(held)] if held else ("", "")


def parse(text: str) -> Any:
    """JSON as the standard has it; `ValueError` where it is not."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
