"""GitHub and the archives of the gate's tests: each can go away and come back."""

from __future__ import annotations

import asyncio
import random
import socket
from contextlib import AsyncExitStack, contextmanager, suppress

import httpx
from aiohttp import web

from hub_config.local.serving import serving
from hub_config.local.standins import accounts, faults

CONTROL = "control"


def free_port():
    """Choose a port that nobody is given by chance while the hub is still starting."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as bound, suppress(OSError):
            bound.bind(("127.0.0.1", port))
            return port


class Service:
    """One stand-in on a port of its own, which can go away and come back."""

    def __init__(self, loop, make_app):
        self._loop, self._make_app = loop, make_app
        self._stack = AsyncExitStack()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(
            verify=False, headers={"Authorization": f"token {CONTROL}"}
        )
        self.up()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def up(self):
        async def enter():
            await self._stack.enter_async_context(serving(self._make_app(), self.port))

        self._run(enter())

    def down(self):
        self._run(self._stack.aclose())

    @contextmanager
    def refusing(self):
        self.down()
        try:
            yield
        finally:
            self.up()

    def control(self, what, body, method="PUT"):
        url = f"{self.url}/_standin/{what}"
        response = self.client.request(method, url, json=body)
        return response.raise_for_status().json()

    def fault(self, kind="ok", **more):
        return self.control("fault", {"kind": kind, **more})

    def requests(self):
        return self.control("fault", None, "GET")["requests"]

    def people(self, *people):
        self.control("people", [person.model_dump() for person in people])

    def change(self, number, **changes):
        self.control(f"people/{number}", changes, "PATCH")

    def style(self, **style):
        self.control("style", style)


def archive_app(people, token):
    known = accounts.Accounts(people, {token: accounts.Caller("hub", admin=True)})

    def make():
        switch = faults.Switch()
        app = web.Application(middlewares=[faults.middleware(switch)])
        accounts.add_routes(app, known, control_token=CONTROL)
        faults.add_control(app, switch, CONTROL)
        return app

    return make
