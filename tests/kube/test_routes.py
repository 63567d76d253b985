"""A restarted proxy knows nobody: the hub brings a thousand routes back in seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from types import SimpleNamespace

import pytest
import yaml
from jupyterhub.proxy import ConfigurableHTTPProxy
from tornado.httpclient import HTTPError

from hub_config.local import environments

PEOPLE = 1000
BUDGET_S = 10
TOKEN = "token-of-the-test"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.asynccontextmanager
async def running(port, api_port):
    """Run the real proxy, which begins with no route."""
    where = ("--ip=127.0.0.1", f"--port={port}", "--api-ip=127.0.0.1")
    process = await asyncio.create_subprocess_exec(
        *environments.proxy_command(),
        *where,
        f"--api-port={api_port}",
        env={**os.environ, "CONFIGPROXY_AUTH_TOKEN": TOKEN},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


def people():
    found = {}
    for number in range(1, PEOPLE + 1):
        name = f"gh-{number}"
        spawner = SimpleNamespace(
            ready=True,
            pending=None,
            proxy_spec=f"/user/{name}/",
            server=SimpleNamespace(host=f"http://127.0.0.1:{10000 + number}"),
        )
        found[name] = SimpleNamespace(name=name, spawners={"": spawner})
    return found


@pytest.fixture
def check_interval_s(root):
    values = yaml.safe_load((root / "helm/hub/values.yaml").read_text())
    return values["jupyterhub"]["hub"]["config"]["JupyterHub"]["proxy_check_interval"]


@pytest.mark.quiet
async def test_a_thousand_routes_are_back_soon(check_interval_s):
    if not os.access(environments.proxy_command()[-1], os.R_OK):
        pytest.skip("no proxy; `archive-hub local prepare` brings it")
    port, api_port = free_port(), free_port()
    hub = SimpleNamespace(routespec="/", host="http://127.0.0.1:8081")
    proxy = ConfigurableHTTPProxy(
        api_url=f"http://127.0.0.1:{api_port}",
        auth_token=TOKEN,
        hub=hub,
        log=logging.getLogger("quietly"),
    )
    proxy.app = SimpleNamespace(hub=hub)
    proxy.log.setLevel(logging.ERROR)
    everybody = people()

    async def check():
        """One of the hub's periodic checks: how many routes there are after it."""
        with contextlib.suppress(HTTPError, OSError, TimeoutError):
            await proxy.check_routes(everybody, {})
            return len(await proxy.get_all_routes())
        return 0  # it does not listen yet

    async with running(port, api_port), asyncio.timeout(60):
        while await check() <= PEOPLE:
            await asyncio.sleep(0.1)
    async with running(port, api_port), asyncio.timeout(60):
        began = time.monotonic()
        # The worst case: it restarts right after a check.
        await asyncio.sleep(check_interval_s)
        while await check() <= PEOPLE:
            await asyncio.sleep(check_interval_s)
        took = time.monotonic() - began
    print(f"figure: {PEOPLE} routes back after {took:.1f} s")
    assert took <= BUDGET_S
