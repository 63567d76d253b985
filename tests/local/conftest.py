"""Fixtures for what happens in a user server.

start
    Starts a server for one of the stand-in's people; it ends with the test.
base
    Ada's Base server, started once for all tests that leave it running.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import websocket


@dataclass
class Output:
    """What a cell printed, and how it ended."""

    text: str = ""
    status: str = ""
    error: str = ""

    def take(self, kind: str, content: dict[str, Any]) -> None:
        """Add one message of the kernel."""
        if kind == "stream" and content["name"] == "stdout":
            self.text += content["text"]
        elif kind == "execute_result":
            self.text += content["data"].get("text/plain", "")
        elif kind == "error":
            self.error = f"{content['ename']}: {content['evalue']}"
        elif kind == "execute_reply":
            self.status = content["status"]


@dataclass
class Server:
    """One user server, seen from its owner's browser."""

    visitor: httpx.Client
    name: str
    kernel: str = field(default="", init=False)

    @property
    def url(self) -> str:
        return f"/user/{self.name}/"

    @property
    def headers(self) -> dict[str, str]:
        for cookie in self.visitor.cookies.jar:
            if cookie.name == "_xsrf" and cookie.path == self.url:
                return {"X-XSRFToken": cookie.value or ""}
        return {}

    def get(self, path: str) -> httpx.Response:
        return self.visitor.get(f"{self.url}{path}")

    def start_kernel(self) -> None:
        self.get("lab")  # sets the server's own cookies
        answer = self.visitor.post(
            f"{self.url}api/kernels", json={"name": "python3"}, headers=self.headers
        )
        assert answer.status_code == 201, answer.text
        self.kernel = answer.json()["id"]

    def run(self, code: str, timeout_s: float = 120) -> Output:
        """Run one cell and wait for it, as a notebook does."""
        if not self.kernel:
            self.start_kernel()
        address = str(self.visitor.base_url).rstrip("/").replace("http", "ws", 1)
        cookies = "; ".join(
            f"{one.name}={one.value}"
            for one in self.visitor.cookies.jar
            if self.url.startswith(one.path)
        )
        channel = websocket.create_connection(
            f"{address}{self.url}api/kernels/{self.kernel}/channels",
            cookie=cookies,
            timeout=timeout_s,
            origin=str(self.visitor.base_url).rstrip("/"),
        )
        try:
            return _execute(channel, code, timeout_s)
        finally:
            channel.close()

    def stop(self) -> None:
        answer = self.visitor.delete(
            f"/hub/api/users/{self.name}/server",
            headers={"X-XSRFToken": self.visitor.xsrf},
        )
        assert answer.status_code in {202, 204}, answer.text
        wait_for(lambda: not self.status(), 30, "the server to stop")

    def status(self) -> dict[str, Any]:
        answer = self.visitor.get(f"/hub/api/users/{self.name}")
        servers: dict[str, Any] = answer.json()["servers"]
        return servers


def _execute(channel: websocket.WebSocket, code: str, timeout_s: float) -> Output:
    message_id = uuid.uuid4().hex
    header = {
        "msg_id": message_id,
        "msg_type": "execute_request",
        "username": "",
        "session": uuid.uuid4().hex,
        "version": "5.3",
        "date": "2026-01-01T00:00:00Z",
    }
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
    }
    message = {"header": header, "parent_header": {}, "metadata": {}}
    channel.send(json.dumps({**message, "content": content, "channel": "shell"}))
    output, deadline, idle = Output(), time.monotonic() + timeout_s, False
    while time.monotonic() < deadline:
        received = json.loads(channel.recv())
        if received["parent_header"].get("msg_id") != message_id:
            continue
        output.take(received["msg_type"], received["content"])
        idle = idle or received["content"].get("execution_state") == "idle"
        if idle and output.status:
            return output
    pytest.fail(f"no end of the cell after {timeout_s} s; so far: {output}")


def wait_for(condition: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """Poll until `condition` holds."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    pytest.fail(f"waited {timeout_s} s for {what}")


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], Any], float, str], Any]:
    return wait_for


def started(visitor: Any, profile: str) -> Server:
    """Start a server from the API and wait until it is ready."""
    name = visitor.get("/hub/api/user").json()["name"]
    server = Server(visitor, name)
    answer = visitor.post(
        f"/hub/api/users/{name}/server",
        json={"profile": profile},
        headers={"X-XSRFToken": visitor.xsrf},
    )
    assert answer.status_code in {201, 202}, answer.text
    wait_for(lambda: server.status().get("", {}).get("ready"), 120, "the server")
    return server


@pytest.fixture
def start(person: Callable[[str], Any]) -> Iterator[Callable[[str, str], Server]]:
    servers: list[Server] = []

    def make(login: str, profile: str) -> Server:
        servers.append(started(person(login), profile))
        return servers[-1]

    yield make
    for server in servers:
        if server.status():
            server.stop()


@pytest.fixture(scope="session")
def base(log_in: Callable[[str], Any]) -> Server:
    return started(log_in("ada"), "base")
