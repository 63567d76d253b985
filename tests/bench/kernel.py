"""How long the shortest cell takes, beside a plain request of the same server."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from hub_config.visit.browser import Visitor
from hub_config.visit.server import Server, execute

ROUNDS = 200


def rows(url: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table."""
    with Visitor(url, timeout_s=120) as visitor:
        visitor.log_in("ada")
        server = Server(visitor, visitor.name)
        started = time.perf_counter()
        visitor.start_server(server.name, "base")
        ready = time.perf_counter() - started
        yield "server ready, Base", f"{ready:.1f} s", "", "", ""
        echo, plain = _echo(server), _plain(visitor, server.name)
        reference = f"GET api: {plain * 1e3:.1f} ms"
        ratio = f"{echo / plain:.1f}"
        yield "cell echo, p50", f"{echo * 1e3:.1f} ms", "10 ms", reference, ratio
        server.stop()


def _plain(visitor: Visitor, name: str) -> float:
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        visitor.get(f"/user/{name}/api")
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _echo(server: Server) -> float:
    with server.channel() as channel:
        execute(channel, "pass")
        taken = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            execute(channel, "pass")
            taken.append(time.perf_counter() - started)
    return statistics.median(taken)
