"""A proxy is used where the environment names one, and no more once it does not."""

from __future__ import annotations

import shutil
import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from archive_data import transport
from archive_data.blob import HttpBlob

DATA = bytes(range(256)) * 16


class Tunnel(socketserver.StreamRequestHandler):
    """Does as it is told by CONNECT."""

    asked: list[str]

    def handle(self) -> None:
        target = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        self.asked.append(target)
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port))) as there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(
                target=shutil.copyfileobj, args=(there.makefile("rb", 0), self.wfile)
            )
            back.start()
            while sent := self.connection.recv(65536):
                there.sendall(sent)
            there.shutdown(socket.SHUT_RDWR)
            back.join()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a proxy, and the list of what it was asked for."""
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    asked: list[str] = []
    handler = type("Asked", (Tunnel,), {"asked": asked})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        # What is kept open would keep its thread, and so the server.
        transport.alone().close()
        server.shutdown()


def read_anew(url: str) -> bytes:
    transport.alone().close()
    return HttpBlob(url, len(DATA)).read(0, len(DATA))


def test_a_change_of_the_environment_counts_from_the_next_connection(
    s3: Any, proxy: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, (address, asked) = s3.put("x", DATA), proxy
    server = url.split("/")[2]
    assert read_anew(url) == DATA
    assert asked == []
    monkeypatch.setenv("http_proxy", address)
    assert read_anew(url) == DATA
    assert asked == [server]
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert read_anew(url) == DATA
    assert asked == [server]
