"""What the culler does to a server that works: the M2 table, scaled to seconds.

A hub, the culler as one-machine mode runs it, and one server for each row, all at once.
The culler begins when all of them work, so that a slow machine changes nothing.
"""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from hub_config import settings
from hub_config.local.configure import _culler
from tests.hub_server.conftest import Kernel, until
from tests.hub_server.test_activity import PRINTING, SILENT, ready_cell, ready_job
from tests.hub_server.test_ready import free_port

# The hub's hour, ten minutes and day.
TIMEOUT_S, REPORT_S, CAP_S = 5, 1, 30
# A server that works is seen as idle by now, or it is not.
KEPT_S = 5 * TIMEOUT_S
TOKENS = {"token": "the-token-of-the-tests", "culler_token": "the-token-of-the-culler"}
IDLE = {
    "cull_after_min": TIMEOUT_S / 60,
    "report_interval_min": REPORT_S / 60,
    "busy_cap_h": CAP_S / 3600,
    "max_age_h": 1,
}


def ready_client(server):
    """Return what connects a Dask client to a cluster of its own."""
    kernel = server.kernel()
    kernel.run("from distributed import Client")
    cluster = "processes=False, n_workers=1, dashboard_address=None"
    return lambda: kernel.run(f"client = Client({cluster})")


# What runs -> what makes it ready to go, and what ends its server.
M2 = {
    "nothing": (lambda server: lambda: None, "timeout"),
    "silent-cell": (partial(ready_cell, code=SILENT), "cap"),
    "printing-cell": (partial(ready_cell, code=PRINTING), None),
    "open-browser": (partial(ready_cell, code=SILENT), None),
    "silent-job": (partial(ready_job, line="sleep 600"), "cap"),
    "printing-job": (
        partial(ready_job, line="while sleep 0.3; do echo x; done"),
        "cap",
    ),
    "dask-client": (ready_client, "cap"),
}
ROWS = [f"{kind}-{work}" for kind in ("ours", "stock") for work in M2]
STOCK_CULLS = {f"stock-{work}" for work, (_, end) in M2.items() if end == "cap"}


class CulledError(AssertionError):
    """The culler stopped a server that worked."""


@contextmanager
def running_hub(state, programs):
    """Run the hub of `culling_hub.py`; give a client of its API."""
    url = f"http://127.0.0.1:{free_port()}"
    asked = {"state": str(state), "url": url, "programs": str(programs), "idle": IDLE}
    config = Path(__file__).with_name("culling_hub.py")
    line = [sys.executable, "-m", "jupyterhub", "-f", config]
    env = os.environ | {"CULLING": json.dumps(asked | TOKENS)}
    log = state / "hub.log"
    with log.open("w") as out:
        hub = subprocess.Popen(line, cwd=state, env=env, stdout=out, stderr=out)
    headers = {"Authorization": f"token {TOKENS['token']}"}

    def healthy():
        assert hub.poll() is None, log.read_text()
        with suppress(httpx.TransportError):
            return httpx.get(f"{url}/hub/health").is_success

    try:
        with httpx.Client(
            base_url=f"{url}/hub/api", headers=headers, timeout=60
        ) as api:
            until(healthy, "the hub", 120)
            yield api
    finally:
        hub.terminate()
        hub.wait(60)


@contextmanager
def running_culler(api):
    """Run the culler as one-machine mode does, its minutes made seconds."""
    hub = settings.load()
    hub = hub.model_copy(update={"idle": hub.idle.model_copy(update=IDLE)})
    env = os.environ | {
        "JUPYTERHUB_API_TOKEN": TOKENS["culler_token"],
        "JUPYTERHUB_API_URL": str(api.base_url).rstrip("/"),
    }
    with subprocess.Popen(_culler(hub)["command"], env=env) as process:
        yield
        process.terminate()


def ready(api):
    """Return whose servers are up."""
    people = api.get("/users").raise_for_status().json()
    return {
        one["name"]
        for one in people
        if any(server["ready"] for server in one["servers"].values())
    }


def started(api, names):
    """Start a server for each name; return how to talk to each."""
    api.post("/users", json={"usernames": names}).raise_for_status()
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: api.post(f"/users/{name}/server"), names))
    until(lambda: ready(api) == set(names), "all servers", 200)
    routes = api.get("/proxy").raise_for_status().json()
    return {
        name: reach(api, name, routes[f"/user/{name}/"]["target"]) for name in names
    }


def reach(api, name, target):
    """Return a server as `Kernel`, `ready_cell` and `ready_job` want it."""
    url = f"{target.rstrip('/')}/user/{name}"
    headers = {"Authorization": api.headers["Authorization"]}
    server = SimpleNamespace(url=url, kernels=[])
    server.http = httpx.Client(base_url=url, headers=headers, timeout=60)

    def kernel():
        answer = server.http.post("/api/kernels", json={"name": "python3"})
        server.kernels.append(Kernel(server, answer.raise_for_status().json()["id"]))
        return server.kernels[-1]

    server.kernel = kernel
    return server


def watch(api, servers):
    """Return after how many seconds each server was culled, for those that were."""
    began_s, culled = time.monotonic(), {}
    mortal = {name for name in servers if M2[name.partition("-")[2]][1]}

    def looked():
        for name in ("ours-open-browser", "stock-open-browser"):
            with suppress(httpx.TransportError):
                servers[name].http.get("/api/kernels")  # as Lab does
        now_s = time.monotonic() - began_s
        for name in servers.keys() - culled.keys() - ready(api):
            culled[name] = now_s
        return now_s > CAP_S + 3 * TIMEOUT_S and mortal <= culled.keys()

    with suppress(AssertionError):  # the rows say who is still there
        until(looked, "all to be culled", CAP_S + 60)
    return culled


@pytest.fixture(scope="module")
def culled(base_env, tmp_path_factory):
    """Run the whole table; give when each row's server was culled."""
    with running_hub(tmp_path_factory.mktemp("culling"), base_env / "bin") as api:
        servers = started(api, ROWS)
        with ThreadPoolExecutor() as pool:
            makers = {name: M2[name.partition("-")[2]][0] for name in ROWS}
            going = list(pool.map(lambda name: makers[name](servers[name]), ROWS))
            list(pool.map(lambda go: go(), going))
        with running_culler(api):
            yield watch(api, servers)
        for server in servers.values():
            for kernel in server.kernels:
                kernel.socket.close()
            server.http.close()


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            row,
            marks=[
                pytest.mark.xfail(
                    reason="stock: it looks idle", raises=CulledError, strict=True
                )
            ]
            * (row in STOCK_CULLS),
        )
        for row in ROWS
    ],
)
def test_a_server_is_kept_while_it_works_and_culled_when_it_idles(culled, row):
    end, after_s = M2[row.partition("-")[2]][1], culled.get(row)
    if end != "timeout" and after_s is not None and after_s < KEPT_S:
        raise CulledError(f"{row} after {after_s:.1f} s")
    assert (after_s is None) == (end is None), (row, after_s)
    if end == "timeout":
        assert after_s < KEPT_S
