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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

FAULTS = (
    "429",
    "429 with Retry-After",
    "403 secondary limit",
    "500",
    "502",
    "time-out",
    "cut-off body",
    "spliced body",
)
FILES = {"issues": "issues.jsonl", "pulls": "pulls.jsonl", "comments": "comments.jsonl"}

Record = dict[str, Any]


@dataclass
class Repository:
    """One repository as the server holds it: its object, and its listings by id."""

    object: Record
    listings: dict[str, dict[Any, Record]]


@dataclass(frozen=True)
class Asked:
    """One request, and how it ended."""

    method: str
    kind: str
    path: str
    query: dict[str, str]
    status: int
    fault: str | None = None
    token: str = ""

    @property
    def costs(self) -> bool:
        """Whether GitHub would take it off the hour's budget."""
        return self.fault is None and self.status != 304 and self.kind != "rate_limit"


@dataclass
class Answer:
    """What goes out; `cut` sends less of the body than promised, `silent` nothing at all."""

    status: int
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    silent: bool = False


class GitHubServer:
    """Serves a folder of recorded answers, counts what it is asked, and fails when told to.

    `token` is what a request must bring, if anything. `limit` is how many requests that cost something are
    answered before `refill`. `time_out` is how long a request hangs whose fault is a time-out.
    """

    def __init__(
        self,
        folder: Path | None = None,
        port: int = 0,
        token: str | None = None,
        limit: int = 5_000,
        time_out: float = 0.5,
        prefix: str = "",
    ) -> None:
        self.token, self.limit, self.time_out, self.prefix = token, limit, time_out, prefix
        self.repositories: dict[str, Repository] = {}
        self.refusals: dict[str, int] = {}
        self.asked: list[Asked] = []
        self.before: Callable[[str, dict[str, str]], None] | None = None
        self.retry_after = 1
        self.since_includes = True
        self.redirects_to: str | None = None
        self._renamed: dict[str, str] = {}
        self._faults: deque[str | None] = deque()
        self._chance: Iterator[str | None] | None = None
        self._remaining, self._reset = limit, time.time() + 3600
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
        for file in sorted(folder.glob("*/*/repository.json")):
            listings = {}
            for kind, name in FILES.items():
                lines = (file.parent / name).read_text(encoding="utf-8").split("\n")
                records = [json.loads(line) for line in lines if line.strip()]
                listings[kind] = {record["id"]: record for record in records}
            found = json.loads(file.read_text(encoding="utf-8"))
            with self._lock:
                self.repositories[f"{file.parts[-3]}/{file.parts[-2]}".casefold()] = Repository(
                    found, listings
                )

    def put(self, name: str, kind: str, record: Record) -> None:
        """Add a record to `issues`, `pulls` or `comments`, or change the one with its id."""
        with self._lock:
            self.repositories[name.casefold()].listings[kind][record["id"]] = record

    def rename(self, old: str, new: str) -> None:
        """Give a repository another name; the old one redirects to its permanent address, as on GitHub."""
        with self._lock:
            repository = self.repositories.pop(old.casefold())
            repository.object = {**repository.object, "full_name": new, "name": new.split("/")[1]}
            self.repositories[new.casefold()] = repository
            self._renamed[old.casefold()] = new

    def refuse(self, name: str, status: int) -> None:
        """Answer everything about a repository with an error."""
        self.refusals[name.casefold()] = status

    # Making it fail

    def fail_next(self, *faults: str | None) -> None:
        """The faults of the next requests, in order; None is a request that goes well."""
        self._faults.extend(faults)

    def fail_often(self, share: float, seed: int, faults: Sequence[str] = FAULTS) -> None:
        """Let a share of the requests fail from now on, always the same ones for a seed."""

        def chances() -> Iterator[str | None]:
            dice = random.Random(seed)
            while True:
                yield dice.choice(faults) if dice.random() < share else None

        self._chance = chances()

    def refill(self) -> None:
        """Begin a new hour of the budget."""
        with self._lock:
            self._remaining, self._reset = self.limit, time.time() + 3600

    # What it was asked

    @property
    def points(self) -> int:
        """How many requests a real GitHub would have charged for."""
        return sum(asked.costs for asked in self.asked)

    @property
    def counts(self) -> Counter[str]:
        """How many requests there were of each kind, those that failed included."""
        return Counter(asked.kind for asked in self.asked)

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
        query = dict(parse_qsl(parts.query))
        path = unquote(parts.path).removeprefix(self.prefix)
        with self._lock:
            fault = self._faults.popleft() if self._faults else next(self._chance) if self._chance else None
            if self.before is not None and fault is None:
                self.before(path, query)
            kind, answer = self._limited(method, path, query, headers, body)
            if answer.value is not None:
                text = json.dumps(answer.value, ensure_ascii=False)
                answer.body = text.replace("https://api.github.com", self.url).encode()
                answer.headers["Content-Type"] = "application/json; charset=utf-8"
            if method == "GET" and answer.status == 200:
                etag = f'W/"{hashlib.sha256(answer.body).hexdigest()}"'
                answer.headers["ETag"] = etag
                if headers.get("if-none-match") == etag:
                    answer = Answer(304, headers={"ETag": etag})
            if fault is not None:
                answer = self._faulty(fault, answer)
            asked = Asked(method, kind, path, query, answer.status, fault, _token(headers))
            self.asked.append(asked)
            self._remaining = max(self._remaining - int(asked.costs), 0)
            answer.headers |= self._limits()
        if answer.silent:
            self._stopped.wait(self.time_out)
        return answer

    def _limits(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self._remaining),
            "X-RateLimit-Reset": str(int(self._reset)),
            "X-RateLimit-Used": str(self.limit - self._remaining),
        }

    def _limited(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> tuple[str, Answer]:
        if time.time() > self._reset:
            self.refill()
        if self.token is not None and _token(headers) != self.token:
            return "refused", Answer(401, {"message": "Bad credentials", "status": "401"})
        if path == "/rate_limit":
            core = {"limit": self.limit, "remaining": self._remaining, "reset": int(self._reset)}
            return "rate_limit", Answer(200, {"resources": {"core": core, "graphql": core}, "rate": core})
        if method == "POST" and path in ("/graphql", "/api/graphql"):
            if self._remaining <= 0:
                error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded"}
                return "graphql", Answer(200, {"errors": [error]})
            return "graphql", self._graphql(json.loads(body))
        kind, answer = self._rest(path, query) if method == "GET" else ("unknown", _not_found())
        if self._remaining <= 0:
            return kind, Answer(403, {"message": "API rate limit exceeded for user ID 1."})
        return kind, answer

    def _rest(self, path: str, query: dict[str, str]) -> tuple[str, Answer]:
        if path == "/user":
            return "user", Answer(200, {"login": "tester", "id": 1, "type": "User"})
        if found := re.fullmatch(r"/(orgs|users)/([^/]+)/repos", path):
            return "repositories", self._repositories_of(found[1], found[2], path, query)
        if found := re.fullmatch(r"/users/([^/]+)", path):
            user = self._users().get(found[1].casefold())
            return "people", Answer(200, user) if user else _not_found()
        if found := re.fullmatch(r"/repositories/(\d+)(/.*)?", path):
            known = self.repositories.items()
            name = next((name for name, r in known if str(r.object["id"]) == found[1]), "")
            return self._of_repository(name, found[2] or "", path, query)
        if found := re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", path):
            return self._of_repository(found[1].casefold(), found[2] or "", path, query)
        return "unknown", _not_found()

    def _of_repository(self, name: str, rest: str, path: str, query: dict[str, str]) -> tuple[str, Answer]:
        kinds = {"": "repository", "/issues": "issues", "/pulls": "pulls", "/issues/comments": "comments"}
        kind = kinds.get(rest, "unknown")
        if status := self.refusals.get(name):
            return kind, Answer(status, {"message": HTTPStatus(status).phrase})
        if new := self._renamed.get(name):
            identifier = self.repositories[new.casefold()].object["id"]
            to = f"{self.redirects_to or self.url}/repositories/{identifier}{rest}" + (
                f"?{urlencode(query)}" if query else ""
            )
            return kind, Answer(301, {"message": "Moved Permanently", "url": to}, {"Location": to})
        repository = self.repositories.get(name)
        if repository is None or kind == "unknown":
            return kind, _not_found()
        if kind == "repository":
            return kind, Answer(200, repository.object)
        return kind, self._page(list(repository.listings[kind].values()), kind, path, query)

    def _page(self, records: list[Record], kind: str, path: str, query: dict[str, str]) -> Answer:
        """One page of a listing, ordered and cut as GitHub's parameters say."""
        state = query.get("state", "open")
        if kind in ("issues", "pulls") and state != "all":
            records = [record for record in records if record["state"] == state]
        if kind != "pulls" and "since" in query:
            since = query["since"]
            records = [
                record
                for record in records
                if record["updated_at"] > since or (self.since_includes and record["updated_at"] == since)
            ]
        if kind != "repositories":
            by = "updated_at" if query.get("sort") == "updated" else "created_at"
            newest_first = query.get("direction", "asc" if kind == "comments" else "desc") == "desc"
            records = sorted(records, key=lambda record: (record[by], record["id"]), reverse=newest_first)
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

    def _repositories_of(self, place: str, owner: str, path: str, query: dict[str, str]) -> Answer:
        owned = [
            repository.object
            for name, repository in sorted(self.repositories.items())
            if name.split("/")[0] == owner.casefold()
        ]
        types = {(record.get("owner") or {}).get("type", "Organization") for record in owned}
        if not owned or (place == "orgs" and "User" in types):
            return _not_found()
        return self._page(owned, "repositories", path, query)

    def _users(self) -> dict[str, Record]:
        people = (
            record.get("user")
            for repository in self.repositories.values()
            for listing in repository.listings.values()
            for record in listing.values()
        )
        return {person["login"].casefold(): person for person in people if person}

    def _graphql(self, asked: Record) -> Answer:
        """The totals of a repository: the only question that we ask in GraphQL."""
        variables = asked.get("variables") or {}
        name = f"{variables.get('owner')}/{variables.get('name')}".casefold()
        repository = self.repositories.get(self._renamed.get(name, name).casefold())
        if repository is None or name in self.refusals:
            error = {"type": "NOT_FOUND", "path": ["repository"], "message": f"Could not resolve {name!r}."}
            return Answer(200, {"data": {"repository": None}, "errors": [error]})
        issues = [r for r in repository.listings["issues"].values() if not r.get("pull_request")]
        held = {"issues": len(issues), "pullRequests": len(repository.listings["pulls"])}
        totals = {name: {"totalCount": held[name]} for name in held if name in asked["query"]}
        return Answer(200, {"data": {"repository": totals}})

    def _faulty(self, fault: str, answer: Answer) -> Answer:
        match fault:
            case "429":
                return Answer(429, body=b'{"message": "Too many requests"}')
            case "429 with Retry-After":
                told = {"Retry-After": str(self.retry_after)}
                return Answer(429, headers=told, body=b'{"message": "Too many requests"}')
            case "403 secondary limit":
                message = "You have exceeded a secondary rate limit. Please wait a few minutes."
                return Answer(403, body=json.dumps({"message": message}).encode())
            case "500" | "502":
                return Answer(int(fault), body=b"<html>Unicorn!</html>")
            case "time-out":
                return replace(answer, silent=True)
            case "cut-off body":
                return replace(answer, cut=True)
            case "spliced body":
                middle = len(answer.body) // 2
                spliced = answer.body[:middle] + b'{"message": "Server Error"' + answer.body[middle:]
                return replace(answer, body=spliced if answer.body else b"")
        raise ValueError(f"there is no fault {fault!r}; there are {', '.join(FAULTS)}")


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
    parser.add_argument("--limit", type=int, default=5_000, help="how many requests there are an hour")
    parser.add_argument("--faults", type=float, default=0, help="which share of the requests fails")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    server = GitHubServer(asked.folder, asked.port, asked.token, asked.limit)
    if asked.faults:
        server.fail_often(asked.faults, asked.seed)
    print(f"{server.url} serves {', '.join(server.repositories) or 'nothing'}", flush=True)
    try:
        server.serve()
    except KeyboardInterrupt:
        print(f"asked {len(server.asked)} times, {server.points} of them cost something")


if __name__ == "__main__":
    main()
