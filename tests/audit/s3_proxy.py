"""A proxy before a real S3 server: it can fail for some objects, and it counts what the server hands out."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit


@dataclass(slots=True)
class Between:
    """``failing``: the ends of keys for which it answers 503. ``answers``: path and body bytes of each object request."""

    endpoint: str = ""
    failing: set[str] = field(default_factory=set)
    answers: list[tuple[str, int]] = field(default_factory=list)

    def of(self, suffix: str) -> list[tuple[str, int]]:
        """Answers for paths that end so."""
        return [answer for answer in self.answers if answer[0].endswith(suffix)]


@contextmanager
def proxy(endpoint: str) -> Iterator[Between]:
    """A proxy before the server at ``endpoint``."""
    state = Between()

    class Handler(_Proxy):
        to = urlsplit(endpoint).netloc
        between = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    to: ClassVar[str]
    between: ClassVar[Between]

    def do_GET(self) -> None:
        if any(urlsplit(self.path).path.endswith(key) for key in self.between.failing):
            self._answer(503, {"Content-Type": "application/xml"}, b"<Error><Code>SlowDown</Code></Error>")
            return
        self._forward()

    def do_HEAD(self) -> None:
        self._forward()

    def _forward(self) -> None:
        connection = http.client.HTTPConnection(self.to, timeout=30)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():  # Host among them: it is part of what was signed
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        headers = {name: value for name, value in answer.getheaders() if name.lower() != "transfer-encoding"}
        self._answer(answer.status, headers, body)
        connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.between.answers.append((urlsplit(self.path).path, len(body)))
        self.send_response_only(status)
        for name, value in headers.items():
            if self.command == "HEAD" or name.lower() != "content-length":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
