"""Fifty people log in and start at once; their servers start nothing."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from aiohttp import web

from hub_config.local.launcher import Launcher
from hub_config.local.serving import serving
from hub_config.local.standins.cast import DEFAULT_CAST
from hub_config.local.standins.people import Person
from hub_config.local.state import State
from hub_config.visit.browser import Visitor

PEOPLE = 50


class CrowdLauncher(Launcher):
    """The launcher with the crowd's configuration."""

    config_file = Path(__file__).with_name("crowd_config.py")


def rows(folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table."""
    state = State(folder)
    state.make()
    crowd = [
        Person(
            number=9000 + index,
            login=f"crowd-{index}",
            name=f"Person {index}",
            status="APPROVED",
            joined=9000 + index,
        )
        for index in range(PEOPLE)
    ]
    people = [person.model_dump() for person in (*DEFAULT_CAST, *crowd)]
    (state.path / "people.json").write_text(json.dumps(people))
    with _stub() as port, state.held():
        os.environ["BENCH_STUB_PORT"] = str(port)
        run = state.begin(0)
        launcher = CrowdLauncher(state, run)
        launcher.start()
        assert launcher.hub is not None
        hub = psutil.Process(launcher.hub.pid)
        before = sum(hub.cpu_times()[:2])
        started = time.perf_counter()
        with ThreadPoolExecutor(PEOPLE) as pool:
            list(pool.map(lambda one: _come(run.url, one.login), crowd))
        wall = time.perf_counter() - started
        used = sum(hub.cpu_times()[:2]) - before
        launcher.stop()
    each = f"{used / PEOPLE * 1e3:.0f} ms of hub CPU a person"
    yield f"{PEOPLE} at once, hub CPU", f"{used:.1f} s", "8 s", each, ""
    yield f"{PEOPLE} at once, wall", f"{wall:.1f} s", "", "", f"{used / wall:.2f}"


def _come(url: str, login: str) -> None:
    with Visitor(url, timeout_s=120) as visitor:
        visitor.log_in(login)
        visitor.start_server(visitor.name, "")


class _stub:
    """One process-wide server that answers for every user server."""

    def __enter__(self) -> int:
        started = threading.Event()
        self.loop = asyncio.new_event_loop()

        async def serve() -> None:
            app = web.Application()

            async def answer(request: web.Request) -> web.Response:
                return web.json_response({"version": "stub"})

            app.router.add_route("*", "/{path:.*}", answer)
            self.done = asyncio.Event()
            async with serving(app) as url:
                self.port = int(url.rsplit(":", 1)[1])
                started.set()
                await self.done.wait()

        self.thread = threading.Thread(
            target=self.loop.run_until_complete, args=(serve(),)
        )
        self.thread.start()
        started.wait(10)
        return self.port

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.done.set)
        self.thread.join()
