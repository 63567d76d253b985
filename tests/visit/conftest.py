"""Fixtures for visits: small servers with the answers that the local hub never gives.

serve
    Serves answers by path on a loopback address of one's choice; returns the address.
start
    Starts a server for one of the stand-in's people; it ends with the test.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from hub_config.visit.server import Server

Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    servers: list[ThreadingHTTPServer] = []

    def begin(answer: Callable[[Any], Answer], host: str = "127.0.0.1") -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = answer(self)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer((host, 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://{host}:{server.server_port}"

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def start(person: Callable[[str], Any]) -> Iterator[Callable[[str, str], Server]]:
    servers: list[Server] = []

    def make(login: str, profile: str) -> Server:
        visitor = person(login)
        visitor.start_server(visitor.name, profile)
        servers.append(Server(visitor, visitor.name))
        return servers[-1]

    yield make
    for server in servers:
        if server.status():
            server.stop()
