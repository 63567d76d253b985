"""A hub with as many servers as LOAD says, and the figures that are printed at the end.

crowded
    The hub, its crowd of logged-in people with running servers, and the loop they live
    in; made once for the module.
figures
    Name of a figure -> what was measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from .crowded_hub import CrowdedHub, crowded_hub, login
from .driver import Crowd, Log

COUNT = int(os.environ.get("LOAD", "1000"))
AT_ONCE = 100
FIGURES: dict[str, str] = {}


@dataclass
class Crowded:
    """What the tests of the lane share; `cpu_s` is the hub's, of all starts."""

    hub: CrowdedHub
    crowd: Crowd
    log: Log
    loop: asyncio.AbstractEventLoop
    asked_again: list[int] = field(default_factory=list)
    starts_s: float = 0
    cpu_s: float = 0

    @property
    def url(self) -> str:
        return self.hub.run.url

    @property
    def servers(self) -> list[str]:
        """The paths of all servers that were started."""
        return [visitor.server for visitor in self.crowd.visitors.values()]


async def fill(crowded: Crowded, count: int) -> None:
    """Log all in; start a class at the same moment, then the others."""
    crowd, logins = crowded.crowd, [login(index) for index in range(count)]
    # More wait for each other, and the gate gives up on an archive after five seconds.
    await crowd.log_in(logins, at_once=10)
    process = psutil.Process(crowded.hub.hub.pid)
    before_s, began_s = sum(process.cpu_times()[:2]), time.monotonic()
    crowded.asked_again = await crowd.start(logins[:AT_ONCE], at_once=AT_ONCE)
    await crowd.start(logins[AT_ONCE:], at_once=25)
    crowded.starts_s = time.monotonic() - began_s
    crowded.cpu_s = sum(process.cpu_times()[:2]) - before_s


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowded]:
    folder = tmp_path_factory.mktemp("load")
    with crowded_hub(folder / "state", COUNT) as hub:
        loop = asyncio.new_event_loop()
        log = Log(folder / "load.jsonl")
        made = Crowded(hub, Crowd(hub.run.url, log), log, loop)
        loop.run_until_complete(fill(made, COUNT))
        yield made
        loop.run_until_complete(made.crowd.__aexit__())
        loop.close()


@pytest.fixture
def figures() -> dict[str, str]:
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not FIGURES:
        return
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    FIGURES["machine"] = f"{os.cpu_count()} cores, load average {load}"
    terminalreporter.section(f"load: {COUNT} servers")
    for name, measured in FIGURES.items():
        terminalreporter.line(f"{name}: {measured}")
    if file := os.environ.get("LOAD_FIGURES"):
        Path(file).write_text(json.dumps(FIGURES, indent=1) + "\n")
