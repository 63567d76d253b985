"""Fixtures that several tests share.

hub
    The settings of this repository.
root
    The folder of this repository.
running
    A whole hub on this machine, started once for all tests that need one, on a state
    folder of its own: what `archive-hub local status --json` says of it.
hub_on
    Runs a hub of a test's own, on a state folder of its choice, while a block runs.
cloud, credentials
    A stand-in for AWS on the loopback address, and the credentials that it takes.
log_in, person
    Make a browser-like client that is logged in as one of the stand-in's people.
moved_clock
    A library that moves the clock of whoever loads it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub_config import settings
from hub_config.local import environments
from hub_config.local.commands import describe
from hub_config.local.state import State
from hub_config.visit.browser import Visitor

# Whoever starts the tests in the background of a shell lets them ignore interrupts, and
# so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def hub() -> settings.Hub:
    return settings.load()


def say(*words: str, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run `archive-hub` with `words`."""
    command = [str(Path(sys.executable).with_name("archive-hub")), *words]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=check, timeout=300
    )


@pytest.fixture(scope="session")
def archive_hub(root: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the command line."""

    def run(*words: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        return say(*words, cwd=root, check=check)

    return run


@contextmanager
def a_hub_on(state: Path, root: Path, *options: str) -> Iterator[dict[str, Any]]:
    """Run a hub on `state` while the block runs; print its log when it fails."""
    script = str(Path(sys.executable).with_name("archive-hub"))
    command = [script, "local", "up", "--state", str(state), "--port", "0", *options]
    launcher = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True)
    try:
        yield until_healthy(launcher, state)
    finally:
        launcher.send_signal(signal.SIGTERM)
        launcher.communicate(timeout=60)
        log = state / "logs" / "hub.log"
        if log.exists():
            print(log.read_text(errors="replace")[-20_000:])


@pytest.fixture(scope="session")
def hub_on() -> Callable[..., Any]:
    return a_hub_on


def until_healthy(launcher: subprocess.Popen[str], state: Path) -> dict[str, Any]:
    """Wait for the hub that `launcher` starts, and return its status."""
    place = State(state)
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if launcher.poll() is not None:
            pytest.fail(f"the hub did not start: {launcher.communicate()[1]}")
        if (run := place.run()) and (found := describe(place, run))["healthy"]:
            return found
        time.sleep(0.3)
    pytest.fail("the hub was not healthy after 180 s")


@pytest.fixture(scope="session")
def running(
    tmp_path_factory: pytest.TempPathFactory, root: Path
) -> Iterator[dict[str, Any]]:
    if not os.access(environments.user_python(), os.X_OK):
        pytest.skip("no user environment; `archive-hub local prepare` makes it")
    with a_hub_on(tmp_path_factory.mktemp("state"), root) as status:
        yield status


@pytest.fixture(scope="session")
def log_in(running: dict[str, Any]) -> Iterator[Callable[[str], Visitor]]:
    visitors: list[Visitor] = []

    def make(login: str) -> Visitor:
        visitor = Visitor(running["url"])
        visitors.append(visitor)
        visitor.log_in(login)
        return visitor

    yield make
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def person(log_in: Callable[[str], Visitor]) -> Callable[[str], Visitor]:
    return log_in


@pytest.fixture(scope="session")
def cloud() -> Iterator[str]:
    """Give the address of a stand-in for AWS, on the loopback address."""
    python = Path(__file__).parents[1] / ".envs/aws/bin/python"
    if not python.exists():
        pytest.skip("moto is not installed; `make aws-tools` does it")
    command = [str(python), str(Path(__file__).with_name("cloud_standin.py"))]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), "the stand-in did not start"
        yield address
        process.communicate(timeout=30)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the credentials that the stand-in takes; they open nothing else."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")


@pytest.fixture(scope="session")
def moved_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("a program's clock can only be moved on Linux with a C compiler")
    made = tmp_path_factory.mktemp("clock") / "moved_clock.so"
    source = Path(__file__).parent / "faults" / "moved_clock.c"
    words = ["-shared", "-fPIC", "-o", str(made), str(source), "-ldl"]
    subprocess.run([compiler, *words], check=True)
    return made
