"""Fixtures for what happens in a user server.

start
    Starts a server for one of the stand-in's people; it ends with the test.
base
    Ada's Base server, started once for all tests that leave it running.
small_disk
    Makes a folder a small disk, which ends with the test.
fill
    Writes into a folder until nothing fits.
ill
    Tells which parts of a hub are ill.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub_config.local import environments
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


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path, str], Path]]:
    if os.geteuid() != 0:
        pytest.skip("a small disk can only be mounted by root")
    if not os.access(environments.user_python(), os.X_OK):
        pytest.skip("no user environment; `archive-hub local prepare` makes it")
    made: list[Path] = []

    def make(folder: Path, size: str) -> Path:
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none"]
        if subprocess.run([*mount, str(folder)], capture_output=True).returncode:
            pytest.skip("nothing can be mounted here")
        made.append(folder)
        return folder

    yield make
    for folder in made:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def filler_of(folder: Path) -> Path:
    """Write until nothing fits; return what was written."""
    filler = folder / "filler"
    for size in (65536, 1):
        with suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"x" * size)
    return filler


@pytest.fixture(scope="session")
def fill() -> Callable[[Path], Path]:
    return filler_of


@pytest.fixture(scope="session")
def ill() -> Callable[[str], set[str]]:
    def of(url: str) -> set[str]:
        answer = httpx.get(f"{url}/hub/health/parts", timeout=30)
        return {name for name, sign in answer.json().items() if not sign["ok"]}

    return of
