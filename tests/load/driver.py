"""Many people at once, and what they met: times, errors, memory, descriptors.

Each action is a line of JSON in the log, with the keys that hubtraf writes, so that the
same tools read both: ``username``, ``action``, ``phase``, ``duration`` in seconds.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from hub_config.rehearsal.report import quantile
from hub_config.rehearsal.visitor import Visitor
from hub_config.visit.browser import VisitFailed

WITHIN_S = 300


@dataclass
class Log:
    """What the driver saw.

    Attributes
    ----------
    took_s : dict of str to list of float
        Seconds of each action that succeeded.
    errors : dict of str to list of str
        Reasons of those that did not.
    """

    file: Path
    took_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, who: str, action: str, took_s: float, error: str = "") -> None:
        if error:
            self.errors[action].append(error)
        else:
            self.took_s[action].append(took_s)
        line: dict[str, Any] = {
            "username": who,
            "action": action,
            "phase": "failed" if error else "complete",
            "duration": round(took_s, 4),
            "event": error or f"{action}: complete",
            "timestamp": datetime.now(UTC).isoformat(),
        }
        with self.file.open("a") as opened:
            opened.write(json.dumps(line) + "\n")

    def error_share(self) -> float:
        failed = sum(map(len, self.errors.values()))
        done = sum(map(len, self.took_s.values()))
        return failed / max(1, failed + done)

    def text(self, action: str) -> str:
        took = self.took_s[action]
        if not took:
            return "none"
        p50, p99 = quantile(took, 0.5), quantile(took, 0.99)
        return f"{len(took)}: p50 {p50:.2f} s, p99 {p99:.2f} s"

    async def timed(self, who: str, action: str, work: Awaitable[Any]) -> bool:
        """Do one action; return whether it succeeded."""
        began_s, error = time.monotonic(), ""
        try:
            async with asyncio.timeout(WITHIN_S):
                await work
        except (VisitFailed, aiohttp.ClientError, OSError, TimeoutError) as raised:
            error = str(raised) or type(raised).__name__
        self.note(who, action, time.monotonic() - began_s, error)
        return not error


async def in_flight(
    count: int, work: Callable[[Any], Awaitable[Any]], items: Iterable[Any]
) -> list[Any]:
    """Do `work` for all items, at most `count` at a time."""
    room = asyncio.Semaphore(count)

    async def one(item: Any) -> Any:
        async with room:
            return await work(item)

    return await asyncio.gather(*(one(item) for item in items))


class Crowd:
    """People who stay logged in.

    Parameters
    ----------
    url : str
        The hub.
    log : Log
        Where the driver writes.
    """

    def __init__(self, url: str, log: Log) -> None:
        self.url = url
        self.log = log
        self.visitors: dict[str, Visitor] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Crowd:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def log_in(self, logins: Iterable[str], at_once: int) -> None:
        async def one(login: str) -> None:
            visitor = await self._open.enter_async_context(Visitor(self.url))
            if await self.log.timed(login, "login", visitor.log_in(login)):
                self.visitors[login] = visitor

        await in_flight(at_once, one, logins)

    async def start(self, logins: Iterable[str], at_once: int) -> list[int]:
        """Start servers; return how often each was told to ask again."""
        asked_again: list[int] = []

        async def start(visitor: Visitor) -> None:
            asked_again.append(await visitor.start({"profile": "tiny"}))

        async def one(login: str) -> None:
            if visitor := self.visitors.get(login):
                await self.log.timed(login, "server-start", start(visitor))

        await in_flight(at_once, one, logins)
        return asked_again


async def ask_all(url: str, paths: list[str], at_once: int = 50) -> list[int]:
    """Return the status of each path, 0 where no answer came."""
    connector = aiohttp.TCPConnector(limit=at_once)
    limit = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=connector, timeout=limit) as http:

        async def one(path: str) -> int:
            try:
                async with http.get(f"{url}{path}", allow_redirects=False) as answer:
                    await answer.read()
                    return answer.status
            except (aiohttp.ClientError, OSError, TimeoutError):
                return 0

        return await in_flight(at_once, one, paths)


async def echo_all(
    url: str,
    paths: list[str],
    log: Log,
    leave: Callable[[aiohttp.ClientWebSocketResponse], None],
) -> None:
    """Open a websocket to each, wait for its echo; when all are open, leave them."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:

        async def one(path: str) -> aiohttp.ClientWebSocketResponse:
            channel = await http.ws_connect(f"{url}{path}", origin=url)
            began_s = time.monotonic()
            await channel.send_str("hello")
            said = await channel.receive_str(timeout=60)
            error = "" if said == "hello" else f"echo {said!r}"
            log.note(path, "echo", time.monotonic() - began_s, error)
            return channel

        for channel in await in_flight(50, one, paths):
            leave(channel)


def cost(process: psutil.Process) -> str:
    memory = process.memory_info().rss / 1e6
    return f"{memory:.0f} MB, {process.num_fds()} descriptors"
