"""A web server on loopback that answers as a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").split(" ")[-1]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """One answer: a value as JSON, or a body as it is; `is_cut` sends half of it, `is_silent` nothing."""

    value: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    is_cut: bool = False
    is_silent: bool = False

    def written(self) -> bytes:
        body = json.dumps(self.value).encode() if self.body is None else self.body
        head = {"Content-Type": "application/json; charset=utf-8", **self.headers}
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in head.items()]
        if self.status != 304:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + (body[: len(body) // 2] if self.is_cut else body)


class ScriptedServer:
    """Gives the answers of `script` in their order, and those of `otherwise` when there are none left."""

    def __init__(self) -> None:
        self.script: deque[Reply] = deque()
        self.otherwise: Callable[[Asked], Reply] = lambda asked: Reply({})
        self.asked: list[Asked] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            reply = self.script.popleft() if self.script else None
        reply = reply or self.otherwise(asked)
        if reply.is_silent:
            self._stopped.wait(10)  # longer than any test waits for an answer
        return reply


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            with server._lock:
                server.connections += 1

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            reply = server.answer(Asked(self.command, self.path, headers, body))
            self.close_connection = self.close_connection or reply.is_cut or reply.is_silent
            if not reply.is_silent:
                self.wfile.write(reply.written())

        do_POST = do_GET  # noqa: N815 - the name is the library's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            del format, args

    return Handler
