"""A proxy that was restarted has its routes back in seconds, whoever started it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from types import SimpleNamespace

import httpx
import pytest
from jupyterhub.proxy import ConfigurableHTTPProxy

from hub_config.local import environments
from hub_config.proxy import WatchfulProxy
from tests.faults.stock import stock

TOKEN = "of-this-test"
ROUTES = {f"/place-{n}/": "http://127.0.0.1:9" for n in range(50)}
BACK_WITHIN_S = 10


class OneProxy:
    """Configurable-http-proxy as a process that somebody else looks after."""

    def __init__(self) -> None:
        self.ports = _free_ports(2)
        self.process: asyncio.subprocess.Process | None = None

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.ports[1]}"

    async def start(self) -> None:
        port, api_port = map(str, self.ports)
        words = ["--ip", "127.0.0.1", "--port", port]
        words += ["--api-ip", "127.0.0.1", "--api-port", api_port]
        self.process = await asyncio.create_subprocess_exec(
            *environments.proxy_command(),
            *words,
            env=os.environ | {"CONFIGPROXY_AUTH_TOKEN": TOKEN},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            while await self.routes() is None:
                await asyncio.sleep(0.1)

    async def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def routes(self) -> dict[str, object] | None:
        headers = {"Authorization": f"token {TOKEN}"}
        try:
            async with httpx.AsyncClient(headers=headers) as http:
                answer = await http.get(f"{self.api}/api/routes")
        except httpx.TransportError:
            return None
        found: dict[str, object] = json.loads(answer.text)
        return found

    async def back_s(self, within_s: float) -> float:
        """Return how long it took until all routes were there."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        wanted = {route.rstrip("/") for route in ROUTES}
        async with asyncio.timeout(within_s):
            while not wanted <= set(await self.routes() or {}):
                await asyncio.sleep(0.1)
        return loop.time() - began_s


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@pytest.fixture
async def running_proxy():
    if not os.access(environments.proxy_command()[1], os.R_OK):
        pytest.skip("no proxy; `archive-hub local prepare` makes it")
    one = OneProxy()
    await one.start()
    yield one
    await one.kill()


def hubs_view(kind, one: OneProxy):
    """Return the hub's object for a proxy that it did not start."""
    nobody = SimpleNamespace(routespec="/", host="http://127.0.0.1:9")
    return kind(
        api_url=one.api,
        auth_token=TOKEN,
        should_start=False,
        extra_routes=ROUTES,
        hub=nobody,
        app=SimpleNamespace(hub=nobody, subdomain_host=""),
    )


@pytest.mark.parametrize(
    "kind",
    [
        WatchfulProxy,
        stock(ConfigurableHTTPProxy, "looks every 300 s", raises=TimeoutError),
    ],
)
async def test_a_restarted_proxy_has_its_routes_back(running_proxy, kind):
    view = hubs_view(kind, running_proxy)
    await view.check_routes({}, {})
    await running_proxy.back_s(BACK_WITHIN_S)
    await running_proxy.kill()
    await running_proxy.start()
    try:
        assert await running_proxy.back_s(BACK_WITHIN_S) <= BACK_WITHIN_S
    finally:
        if isinstance(view, WatchfulProxy):
            view.stop_looking()


async def test_a_proxy_that_is_away_is_looked_for_and_found_again(running_proxy):
    view = hubs_view(WatchfulProxy, running_proxy)
    view.look_every_s = 0.2
    await view.check_routes({}, {})
    await running_proxy.kill()
    await asyncio.sleep(1)
    await running_proxy.start()
    assert await running_proxy.back_s(BACK_WITHIN_S) <= BACK_WITHIN_S
    view.stop_looking()
