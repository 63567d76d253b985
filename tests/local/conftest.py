"""Fixtures for what happens in a user server.

start
    Starts a server for one of the stand-in's people; it ends with the test.
base
    Ada's Base server, started once for all tests that leave it running.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub_config.visit.browser import Visitor
from hub_config.visit.server import Server


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


def started(visitor: Visitor, profile: str) -> Server:
    """Start a server from the API and wait until it is ready."""
    name = visitor.name
    visitor.start_server(name, profile)
    return Server(visitor, name)


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
