"""A GitHub on loopback: real HTTP over a folder of recorded answers, with limits, and faults on demand.

    with GitHubServer(folder) as server:
        ...  # ask server.url as you would ask https://api.github.com
        assert server.points == 7

As a program it serves until it is stopped: `python tests/github_server.py FOLDER --port 8080`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from graphql import GraphQLError

from github_graphql import (
    KEYS,
    NODE_LIMIT,
    WRITERS,
    Asking,
    GraphQL,
    Record,
    Repository,
    broken_once,
    refused,
    understood,
    went_wrong,
)

FAULTS = (
    "429",
    "429 with Retry-After",
    "403 secondary limit",
    "500",
    "502",
    "504",
    "time-out",
    "cut-off body",
    "spliced body",
)
"""What passes if one asks again."""

GRAPHQL_FAULTS = (
    "partial answer",
    "something went wrong",
    "secondary limit in 200",
    "RESOURCE_LIMITS_EXCEEDED",
    "FORBIDDEN",
    "INSUFFICIENT_SCOPES",
)
"""What GitHub says inside an answer with status 200."""

TRAFFIC = re.compile("/traffic/(views|clones|popular/referrers|popular/paths)")
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

Visible = None | set[str] | Mapping[str, str | None]


@dataclass(frozen=True)
class Asked:
    """One request, how it ended, and what it cost. Of GraphQL `query` holds the variables."""

    method: str
    kind: str
    path: str
    query: dict[str, Any]
    status: int
    fault: str | None = None
    token: str = ""
    points: int = 0
    operation: str = ""
    text: str = field(default="", repr=False)

    @property
    def costs(self) -> bool:
        """Whether GitHub would take it off the hour's budget."""
        return self.points > 0


@dataclass
class Answer:
    """What goes out; `cut` sends less of the body than promised, `silent` nothing at all."""

    status: int
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    silent: bool = False
    points: int = 1


@dataclass
class Budget:
    """What a token may still spend in this hour, on REST or on GraphQL."""

    limit: int
    remaining: int
    reset: float


class GitHubServer:
    """Serves a folder of recorded answers, counts what it is asked, and fails when told to.

    `token` is what a request must bring: None is any, a dict tells of each token what it may see (None: everything;
    a set of names; or names with the permission there). GraphQL answers nobody without a token.
    `limit` is how many points every token has for REST, and again for GraphQL, before `refill`.
    `time_out` is how long a request hangs whose fault is a time-out. Set `heavy_over`, and a query for more nodes
    than that gets a 502; put node ids into `broken`, and they are null with an error wherever they would stand.
    """

    def __init__(
        self,
        folder: Path | None = None,
        port: int = 0,
        token: str | dict[str, Visible] | None = None,
        limit: int = 5_000,
        time_out: float = 0.5,
        prefix: str = "",
    ) -> None:
        self.token, self.limit, self.time_out, self.prefix = token, limit, time_out, prefix
        self.repositories: dict[str, Repository] = {}
        self.refusals: dict[str, tuple[int, str, Record]] = {}
        self.asked: list[Asked] = []
        self.before: Callable[[str, dict[str, Any]], None] | None = None
        self.retry_after = 1
        self.heavy_over: int | None = None
        self.redirects_to: str | None = None
        self.issued: set[str] = set()
        self._renamed: dict[str, str] = {}
        self._faults: deque[str | None] = deque()
        self._chance: Iterator[str | None] | None = None
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._people: dict[str, Record] = {}
        self.broken: set[str] = set()
        self._graphql = GraphQL(self._find, self._visible, self._people, self.broken)
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        if folder is not None:
            self.load(folder)

    # Filling it

    def load(self, folder: Path) -> None:
        """Take up every repository of a folder of recorded answers, in place of what is held of it."""
        for file in sorted(folder.glob("*/*/repositories.jsonl")):
            repository = Repository(_lines(file)[-1])
            for stream in KEYS:
                path = file.with_name(f"{stream}.jsonl")
                if stream != "repositories" and path.exists():
                    for payload in _lines(path):
                        repository.put(stream, payload)
            with self._lock:
                self.repositories[f"{file.parts[-3]}/{file.parts[-2]}".casefold()] = repository
                for person in repository.streams["people"].values():
                    self._know(person)

    def put(self, name: str, stream: str, payload: Mapping[str, Any]) -> None:
        """Add a payload to a stream of a repository, or change the one with its key.

        What is nested says by number, reviewId and replyTo where it stands. A commit becomes the head.
        """
        with self._lock:
            if stream == "repositories":
                self.repositories.setdefault(name.casefold(), Repository(payload))
            repository = self.repositories[name.casefold()]
            repository.put(stream, payload)
            if stream == "people":
                self._know(payload)
            if stream == "commits":
                branch = repository.node.get("defaultBranchRef") or {"name": "main"}
                self.change(
                    name, "repositories", defaultBranchRef={**branch, "target": {"oid": payload["oid"]}}
                )

    def held(self, name: str, stream: str, key: str | int = "") -> Record:
        """A payload as the server holds it now."""
        repository = self.repositories[name.casefold()]
        found = repository.node if stream == "repositories" else repository.streams[stream][str(key)]
        return dict(found)

    def change(self, name: str, stream: str, key: str | int = "", **fields: Any) -> None:
        """Change fields of a payload, and say nothing of it in its updatedAt."""
        with self._lock:
            self.repositories[name.casefold()].put(stream, {**self.held(name, stream, key), **fields})

    def touch(self, name: str, stream: str, key: str | int, updated_at: str) -> None:
        """Let a payload have changed at a time, as when somebody comments on a thread."""
        self.change(name, stream, key, updatedAt=updated_at)

    def remove(self, name: str, stream: str, key: str | int) -> None:
        """Delete a payload and what stands beneath it; nothing else tells of it."""
        with self._lock:
            self.repositories[name.casefold()].remove(stream, str(key))

    def rename(self, old: str, new: str) -> None:
        """Give a repository another name; the old one redirects to its permanent address, as on GitHub."""
        with self._lock:
            repository = self.repositories.pop(old.casefold())
            node = repository.node
            owner = {**(node.get("owner") or {}), "login": new.split("/")[0]}
            url = f"https://github.com/{new}"
            repository.put("repositories", {**node, "nameWithOwner": new, "owner": owner, "url": url})
            self.repositories[new.casefold()] = repository
            self._renamed[old.casefold()] = new

    def refuse(self, name: str, status: int, message: str = "", **extensions: Any) -> None:
        """Answer everything about a repository with an error; `saml_failure=True` is an organization's."""
        self.refusals[name.casefold()] = (status, message, extensions)

    def _know(self, person: Mapping[str, Any]) -> None:
        kind = person.get("__typename") or "User"
        self._people[f"{kind} {person['login']}".casefold()] = dict(person)

    # Making it fail

    def fail_next(self, *faults: str | None) -> None:
        """The faults of the next requests, in order; None is a request that goes well."""
        for fault in faults:
            if fault is not None and fault not in FAULTS + GRAPHQL_FAULTS:
                raise ValueError(
                    f"there is no fault {fault!r}; there are {', '.join(FAULTS + GRAPHQL_FAULTS)}"
                )
        self._faults.extend(faults)

    def fail_often(self, share: float, seed: int, faults: Sequence[str] = FAULTS) -> None:
        """Let a share of the requests fail from now on, always the same ones for a seed."""

        def chances() -> Iterator[str | None]:
            dice = random.Random(seed)
            while True:
                yield dice.choice(faults) if dice.random() < share else None

        self._chance = chances()

    def refill(self) -> None:
        """Begin a new hour of every budget."""
        with self._lock:
            self._budgets.clear()

    def budget(self, resource: str = "graphql", token: str = "") -> Budget:
        """What a token has left of `core` or `graphql`; change it to make it run out."""
        with self._lock:
            found = self._budgets.get((resource, token))
            if found is None or time.time() > found.reset:
                found = self._budgets[resource, token] = Budget(self.limit, self.limit, time.time() + 3600)
            return found

    # What it was asked

    @property
    def points(self) -> int:
        """What a real GitHub would have charged for everything."""
        return sum(asked.points for asked in self.asked)

    @property
    def rest_points(self) -> int:
        """What a real GitHub would have charged for REST."""
        return sum(asked.points for asked in self.asked if asked.kind != "graphql")

    @property
    def graphql_points(self) -> int:
        """What a real GitHub would have charged for GraphQL."""
        return sum(asked.points for asked in self.asked if asked.kind == "graphql")

    @property
    def counts(self) -> Counter[str]:
        """How many requests there were of each kind, those that failed included."""
        return Counter(asked.kind for asked in self.asked)

    @property
    def operations(self) -> Counter[str]:
        """How many GraphQL requests there were of each operation, those that failed included."""
        return Counter(asked.operation for asked in self.asked if asked.kind == "graphql")

    def forget(self) -> None:
        """Count from zero again."""
        with self._lock:
            self.asked.clear()

    # Running it

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}{self.prefix}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()

    def serve(self) -> None:
        """Serve in this thread, until it is interrupted."""
        self._http.serve_forever()

    # Answering

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """One request's answer, limits and faults included."""
        parts = urlsplit(target)
        query: dict[str, Any] = dict(parse_qsl(parts.query))
        path = unquote(parts.path)
        token = _token(headers)
        operation = text = ""
        with self._lock:
            fault = self._faults.popleft() if self._faults else next(self._chance) if self._chance else None
            if method == "POST" and path in ("/graphql", "/api/graphql"):
                question = json.loads(body)
                query, text = dict(question.get("variables") or {}), question["query"]
                operation = question.get("operationName") or _operation(text)
                if self.before is not None and fault is None:
                    self.before(path, {**query, "query": text, "operation": operation})
                kind, answer = (
                    "graphql",
                    self._asked_graphql(text, query, question.get("operationName"), token),
                )
            else:
                path = path.removeprefix(self.prefix)
                if self.before is not None and fault is None:
                    self.before(path, query)
                kind, answer = self._limited(method, path, query, token)
            if answer.value is not None:
                written = json.dumps(answer.value, ensure_ascii=False)
                answer.body = written.replace("https://api.github.com", self.url).encode()
                answer.headers["Content-Type"] = "application/json; charset=utf-8"
            if method == "GET" and answer.status == 200 and kind != "rate_limit":
                etag = f'W/"{hashlib.sha256(answer.body).hexdigest()}"'
                answer.headers["ETag"] = etag
                if headers.get("if-none-match") == etag:
                    answer = Answer(304, headers={"ETag": etag}, points=0)
            if fault is not None:
                answer = replace(self._faulty(fault, answer, kind), points=0)
            budget = self.budget("graphql" if kind == "graphql" else "core", token)
            budget.remaining = max(budget.remaining - answer.points, 0)
            answer.headers |= _limits(budget, "graphql" if kind == "graphql" else "core")
            status = answer.status
            self.asked.append(
                Asked(method, kind, path, query, status, fault, token, answer.points, operation, text)
            )
        if answer.silent:
            self._stopped.wait(self.time_out)
        return answer

    def _is_known(self, token: str) -> bool:
        if self.token is None or token in self.issued:
            return True
        return token in self.token if isinstance(self.token, dict) else token == self.token

    # REST

    def _limited(self, method: str, path: str, query: dict[str, Any], token: str) -> tuple[str, Answer]:
        if method == "POST" and (found := re.fullmatch(r"/app/installations/(\d+)/access_tokens", path)):
            return "access_tokens", self._access_token(found[1], token)
        if not self._is_known(token):
            return "refused", Answer(401, {"message": "Bad credentials", "status": "401"})
        if path == "/rate_limit":
            left = {}
            for resource in ("core", "graphql"):
                budget = self.budget(resource, token)
                left[resource] = {
                    "limit": budget.limit,
                    "remaining": budget.remaining,
                    "used": budget.limit - budget.remaining,
                    "reset": int(budget.reset),
                }
            return "rate_limit", Answer(200, {"resources": left, "rate": left["core"]}, points=0)
        kind, answer = self._rest(path, query, token) if method == "GET" else ("unknown", _not_found())
        if self.budget("core", token).remaining <= 0:
            return kind, Answer(403, {"message": "API rate limit exceeded for user ID 1."}, points=0)
        return kind, answer

    def _rest(self, path: str, query: dict[str, Any], token: str) -> tuple[str, Answer]:
        if path == "/user":
            return "user", Answer(403, {"message": "Resource not accessible by integration", "status": "403"})
        if found := re.fullmatch(r"/(orgs|users)/([^/]+)/repos", path):
            return "repositories", self._repositories_of(found[1], found[2], path, query, token)
        if found := re.fullmatch(r"/repositories/(\d+)(/.*)?", path):
            known = self.repositories.items()
            name = next((name for name, r in known if str(r.node["databaseId"]) == found[1]), "")
            return self._of_repository(name, found[2] or "", path, query, token)
        if found := re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", path):
            return self._of_repository(found[1].casefold(), found[2] or "", path, query, token)
        return "unknown", _not_found()

    def _of_repository(
        self, name: str, rest: str, path: str, query: dict[str, Any], token: str
    ) -> tuple[str, Answer]:
        traffic = TRAFFIC.fullmatch(rest)
        kinds = {"": "repository", "/stargazers/history": "star_history"}
        kind = "traffic" if traffic else kinds.get(rest, "unknown")
        if name in self.refusals:
            status, message, _ = self.refusals[name]
            return kind, Answer(status, {"message": message or HTTPStatus(status).phrase})
        if name not in self.repositories and (new := self._renamed.get(name)):
            identifier = self.repositories[new.casefold()].node["databaseId"]
            to = f"{self.redirects_to or self.url}/repositories/{identifier}{rest}" + (
                f"?{urlencode(query)}" if query else ""
            )
            return kind, Answer(301, {"message": "Moved Permanently", "url": to}, {"Location": to})
        repository = self.repositories.get(name)
        if repository is None or kind == "unknown" or not self._sees(token, repository):
            return kind, _not_found()
        if kind == "repository":
            return kind, Answer(200, _rest_object(repository))
        if traffic:
            return kind, self._traffic(repository, traffic[1].removeprefix("popular/"), token)
        weeks = sorted(repository.streams["star_history"].values(), key=lambda week: -week["week"])
        if int(query.get("page", 1)) > 100:
            message = "In order to keep the API fast for everyone, pagination is limited for this resource."
            return kind, Answer(422, {"message": message})
        return kind, self._page([dict(week) for week in weeks], path, query)

    def _traffic(self, repository: Repository, kind: str, token: str) -> Answer:
        """The last 14 days that are held, or the newest list; only for those who may write."""
        if self._permission(token, repository) not in WRITERS:
            return Answer(403, {"message": "Must have push access to repository", "status": "403"})
        held = [record for record in repository.streams["traffic"].values() if record["kind"] == kind]
        if kind in ("referrers", "paths"):
            newest: Record = max(held, key=lambda record: str(record["asOf"]), default={"list": []})
            return Answer(200, newest["list"])
        days = [
            {name: record[name] for name in ("timestamp", "count", "uniques")}
            for record in sorted(held, key=lambda record: record["timestamp"])[-14:]
        ]
        counts = sum(day["count"] for day in days)
        return Answer(
            200, {"count": counts, "uniques": max([day["uniques"] for day in days], default=0), kind: days}
        )

    def _page(self, records: list[Record], path: str, query: dict[str, Any]) -> Answer:
        """One page of a listing, cut as GitHub's parameters say, with links to its neighbours."""
        size, number = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        last = max(-(-len(records) // size), 1)
        others = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        links = [
            f'<{self.url}{path}?{urlencode({**query, "page": other})}>; rel="{name}"'
            for name, other in others.items()
            if 1 <= other <= last and not (other == number and name in ("first", "last"))
        ]
        page = records[(number - 1) * size : number * size]
        return Answer(200, page, {"Link": ", ".join(links)} if links else {})

    def _repositories_of(
        self, place: str, owner: str, path: str, query: dict[str, Any], token: str
    ) -> Answer:
        owned = [
            _rest_object(repository)
            for name, repository in sorted(self.repositories.items())
            if name.split("/")[0] == owner.casefold() and self._sees(token, repository)
        ]
        types = {record["owner"]["type"] for record in owned}
        if not owned or (place == "orgs" and "User" in types):
            return _not_found()
        return self._page(owned, path, query)

    def _access_token(self, installation: str, token: str) -> Answer:
        """A token of an app's installation, for whoever brings a JSON web token."""
        if token.count(".") != 2:
            return Answer(
                401, {"message": "A JSON web token could not be decoded", "status": "401"}, points=0
            )
        made = f"ghs_{installation}_{len(self.issued) + 1}"
        self.issued.add(made)
        expires = datetime.fromtimestamp(time.time() + 3600, UTC)
        value = {
            "token": made,
            "expires_at": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
            "permissions": {"metadata": "read"},
            "repository_selection": "all",
        }
        return Answer(201, value, points=0)

    # GraphQL

    def _asked_graphql(self, text: str, variables: Record, operation: str | None, token: str) -> Answer:
        if not token or not self._is_known(token):
            message = "Bad credentials" if token else "This endpoint requires you to be authenticated."
            return Answer(401, {"message": message, "status": "401"}, points=0)
        budget = self.budget("graphql", token)
        if budget.remaining <= 0:
            error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
            return Answer(200, {"errors": [error]}, points=0)
        document = understood(text)
        if isinstance(document, list):
            return Answer(200, {"errors": document})
        try:
            price = self._graphql.price(document, variables, operation)
        except GraphQLError as error:
            return Answer(200, {"errors": [{"message": error.message}]})
        if price.nodes > NODE_LIMIT:
            message = (
                f"This query requests up to {price.nodes:,} possible nodes which exceeds the maximum limit of"
            )
            limited = {"type": "MAX_NODE_LIMIT_EXCEEDED", "message": f"{message} {NODE_LIMIT:,}."}
            return Answer(200, {"errors": [limited]})
        if self.heavy_over is not None and price.nodes > self.heavy_over:
            return Answer(
                502, {"data": None, "errors": [{"message": went_wrong().message}]}, points=price.cost
            )
        remaining = max(budget.remaining - price.cost, 0)
        rate = {
            "cost": price.cost,
            "limit": budget.limit,
            "nodeCount": price.nodes,
            "remaining": remaining,
            "used": budget.limit - remaining,
            "resetAt": f"{datetime.fromtimestamp(budget.reset, UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        asking = Asking(token, lambda repository: self._permission(token, repository), rate)
        return Answer(200, self._graphql.execute(document, variables, operation, asking), points=price.cost)

    def _permission(self, token: str, repository: Repository) -> str | None:
        visible = self.token.get(token) if isinstance(self.token, dict) else None
        if isinstance(visible, Mapping):
            return visible[next(name for name in visible if name.casefold() == repository.name.casefold())]
        found = repository.node.get("viewerPermission")
        return str(found) if found else None

    def _sees(self, token: str, repository: Repository) -> bool:
        visible = self.token.get(token) if isinstance(self.token, dict) else None
        return visible is None or repository.name.casefold() in {name.casefold() for name in visible}

    def _visible(self, asking: Asking) -> Iterable[Repository]:
        return (
            repository for repository in self.repositories.values() if self._sees(asking.token, repository)
        )

    def _find(self, name: str, follow_renames: bool, asking: Asking) -> Repository:
        low = name.casefold()
        if low not in self.repositories and follow_renames:
            low = self._renamed.get(low, low).casefold()
        status, message, extensions = self.refusals.get(low, (0, "", {}))
        repository = self.repositories.get(low)
        if status == 404 or repository is None or (not status and not self._sees(asking.token, repository)):
            raise refused("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
        if status in (403, 451):
            default = (
                "Resource not accessible by personal access token"
                if status == 403
                else "Repository access blocked"
            )
            raise refused("FORBIDDEN", message or default, **extensions)
        if status:
            raise went_wrong()
        return repository

    # Faults

    def _faulty(self, fault: str, answer: Answer, kind: str) -> Answer:
        match fault:
            case "429":
                return Answer(429, body=b'{"message": "Too many requests"}')
            case "429 with Retry-After":
                told = {"Retry-After": str(self.retry_after)}
                return Answer(429, headers=told, body=b'{"message": "Too many requests"}')
            case "403 secondary limit":
                return Answer(403, body=json.dumps({"message": SECONDARY}).encode())
            case "500" | "502" | "504":
                return Answer(int(fault), body=b"<html>Unicorn!</html>")
            case "time-out":
                return replace(answer, silent=True)
            case "cut-off body":
                return replace(answer, cut=True)
            case "spliced body":
                middle = len(answer.body) // 2
                spliced = answer.body[:middle] + b'{"message": "Server Error"' + answer.body[middle:]
                return replace(answer, body=spliced if answer.body else b"")
        if kind != "graphql":
            return Answer(403, body=json.dumps({"message": fault}).encode())
        return replace(answer, body=json.dumps(self._said(fault, answer)).encode())

    def _said(self, fault: str, answer: Answer) -> Record:
        """A GraphQL answer that tells of a fault inside."""
        scopes = (
            "Your token has not been granted the required scopes to execute this query. The 'repository' field "
            "requires one of the following scopes: ['repo'], but your token has only been granted the: [''] scopes. "
            "Please modify your token's scopes at: https://github.com/settings/tokens."
        )
        errors: dict[str, Record] = {
            "something went wrong": {"message": went_wrong().message},
            "secondary limit in 200": {"message": SECONDARY},
            "RESOURCE_LIMITS_EXCEEDED": {
                "type": fault,
                "message": "Resource limits for this query exceeded.",
            },
            "FORBIDDEN": {"type": fault, "message": "Resource not accessible by personal access token"},
            "INSUFFICIENT_SCOPES": {"type": fault, "message": scopes},
        }
        if fault == "partial answer":
            return broken_once(answer.value or {})
        return {"data": None, "errors": [errors[fault]]}


def _limits(budget: Budget, resource: str) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(budget.limit),
        "X-RateLimit-Remaining": str(budget.remaining),
        "X-RateLimit-Reset": str(int(budget.reset)),
        "X-RateLimit-Used": str(budget.limit - budget.remaining),
        "X-RateLimit-Resource": resource,
    }


def _rest_object(repository: Repository) -> Record:
    """A repository as REST lists it, as far as anybody asks."""
    node = repository.node
    name = repository.name
    owner = node.get("owner") or {}
    return {
        "id": node["databaseId"],
        "node_id": node["id"],
        "name": name.split("/")[1],
        "full_name": name,
        "owner": {"login": name.split("/")[0], "type": owner.get("__typename") or "Organization"},
        "private": bool(node.get("isPrivate")),
        "fork": bool(node.get("isFork")),
        "archived": bool(node.get("isArchived")),
        "disabled": bool(node.get("isDisabled")),
        "url": f"https://api.github.com/repos/{name}",
        "html_url": f"https://github.com/{name}",
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
        "pushed_at": node.get("pushedAt"),
    }


def _lines(file: Path) -> list[Record]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]


def _operation(text: str) -> str:
    found = re.match(r"\s*query\s+(\w+)", text)
    return found[1] if found else ""


def _token(headers: dict[str, str]) -> str:
    return headers.get("authorization", "").split(" ")[-1]


def _not_found() -> Answer:
    return Answer(404, {"message": "Not Found", "status": "404"})


def _handler(server: GitHubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            answer = server.answer(self.command, self.path, headers, body)
            if answer.silent:
                self.close_connection = True
                return
            lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
            lines += [f"{name}: {value}" for name, value in answer.headers.items()]
            if answer.status != 304:
                lines.append(f"Content-Length: {len(answer.body)}")
            body = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
            self.close_connection = self.close_connection or answer.cut
            # in one piece: a head and a body apart cost 40 ms each, for the delayed acknowledgement
            self.wfile.write("\r\n".join([*lines, "", ""]).encode() + body)

        do_POST = do_GET  # noqa: N815 - the name is the library's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            del format, args

    return Handler


def main() -> None:
    """Serve a folder from the command line."""
    parser = argparse.ArgumentParser(description="Serve a folder of recorded answers as GitHub would.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", help="what requests have to bring")
    parser.add_argument("--limit", type=int, default=5_000, help="how many points there are an hour")
    parser.add_argument("--faults", type=float, default=0, help="which share of the requests fails")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    server = GitHubServer(asked.folder, asked.port, asked.token, asked.limit)
    if asked.faults:
        server.fail_often(asked.faults, asked.seed)
    names = [repository.name for repository in server.repositories.values()]
    print(f"{server.url} serves {', '.join(names) or 'nothing'}", flush=True)
    try:
        server.serve()
    except KeyboardInterrupt:
        print(f"asked {len(server.asked)} times, for {server.points} points")


if __name__ == "__main__":
    main()
