"""How long the shortest cell takes, beside a plain request of the same server."""

from __future__ import annotations

import json
import statistics
import time
import uuid
from collections.abc import Iterator

import websocket

from .visitor import Visitor

ROUNDS = 200


def rows(url: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table."""
    with Visitor(url) as visitor:
        name = visitor.log_in("ada")
        ready = visitor.start(name, "base")
        yield "server ready, Base", f"{ready:.1f} s", "", "", ""
        echo, plain = _echo(visitor, url, name), _plain(visitor, name)
        reference = f"GET api: {plain * 1e3:.1f} ms"
        ratio = f"{echo / plain:.1f}"
        yield "cell echo, p50", f"{echo * 1e3:.1f} ms", "10 ms", reference, ratio
        visitor.delete(
            f"/hub/api/users/{name}/server", headers={"X-XSRFToken": visitor.xsrf}
        )
        while visitor.get(f"/hub/api/users/{name}").json()["servers"]:
            time.sleep(0.1)


def _plain(visitor: Visitor, name: str) -> float:
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        visitor.get(f"/user/{name}/api")
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _echo(visitor: Visitor, url: str, name: str) -> float:
    visitor.get(f"/user/{name}/lab")
    jar = [one for one in visitor.cookies.jar if f"/user/{name}/".startswith(one.path)]
    xsrf = next(one.value for one in jar if one.name == "_xsrf" and "user" in one.path)
    kernel = visitor.post(
        f"/user/{name}/api/kernels", headers={"X-XSRFToken": xsrf or ""}
    ).json()["id"]
    channel = websocket.create_connection(
        f"{url.replace('http', 'ws', 1)}/user/{name}/api/kernels/{kernel}/channels",
        cookie="; ".join(f"{one.name}={one.value}" for one in jar),
        origin=url,
        timeout=60,
    )
    _round(channel)
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        _round(channel)
        taken.append(time.perf_counter() - started)
    channel.close()
    return statistics.median(taken)


def _round(channel: websocket.WebSocket) -> None:
    """Run `pass`, and wait for the reply and for the kernel to be idle."""
    number = uuid.uuid4().hex
    header = {"msg_id": number, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": number, "date": "2026-01-01T00:00:00Z"}
    content = {"code": "pass", "silent": False, "store_history": False}
    message = {"header": header, "parent_header": {}, "metadata": {}}
    channel.send(json.dumps({**message, "content": content, "channel": "shell"}))
    missing = {"execute_reply", "idle"}
    while missing:
        got = json.loads(channel.recv())
        if got["parent_header"].get("msg_id") == number:
            missing -= {got["msg_type"], got["content"].get("execution_state")}
