"""A small HTTP server on loopback that serves archives of mail as their software does, and can misbehave."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


class MailServer:
    """Pages by their path; a page is bytes, or a function of the query that makes them.

    `asked` lists each request as path, query, range and answer. `breaks_off` holds, for a path, after how many
    bytes its next answers break off, and `refuses` with which status and Retry-After they are refused.
    """

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Callable[[dict[str, list[str]]], bytes | None]] = {}
        self.files: Path | None = None
        self.breaks_off: dict[str, list[int]] = {}
        self.refuses: dict[str, list[tuple[int, str]]] = {}
        self.asked: list[tuple[str, str, str, int]] = []
        self.has_versions = True
        self._busy = threading.Lock()
        self.was_asked_twice_at_once = False

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if not outer._busy.acquire(blocking=False):
                    outer.was_asked_twice_at_once = True
                    outer._busy.acquire()
                time.sleep(0.005)  # who asks several things at once does so now; who waits for answers cannot
                outer._busy.release()
                outer._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def statuses(self, ending: str) -> list[int]:
        """How each request for a path with this ending was answered."""
        return [status for path, _, _, status in self.asked if path.endswith(ending)]

    def _body(self, path: str, query: str) -> bytes | None:
        page = self.pages.get(path)
        if callable(page):
            return page(parse_qs(query))
        if page is None and self.files is not None and (file := self.files / path.lstrip("/")).is_file():
            return file.read_bytes()
        return page

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        wanted = request.headers.get("Range", "")

        def send(status: int, body: bytes = b"", **headers: str) -> None:
            self.asked.append((parts.path, parts.query, wanted, status))
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            if breaks := self.breaks_off.get(parts.path):
                request.wfile.write(body[: breaks.pop(0)])
                request.wfile.flush()
                request.close_connection = True
                return
            request.wfile.write(body)

        if refusals := self.refuses.get(parts.path):
            status, retry_after = refusals.pop(0)
            send(status, b"no", **({"Retry_After": retry_after} if retry_after else {}))
            return
        body = self._body(parts.path, parts.query)
        if body is None:
            send(404, b"not here")
            return
        version = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
        headers = {"ETag": version} if self.has_versions else {}
        if self.has_versions and request.headers.get("If-None-Match") == version:
            send(304, **headers)
        elif wanted and self.has_versions and request.headers.get("If-Range") == version:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                send(416)
            else:
                send(206, body[start:], Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}", **headers)
        else:
            send(200, body, **headers)
