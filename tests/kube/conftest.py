"""Fixtures of the tests about Kubernetes.

kube           a stand-in of the Kubernetes API that KubeSpawner is configured to use
make_spawner   makes a spawner of a class for a person, as a hub (re)start would
eventually     polls a condition until a deadline
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from types import SimpleNamespace

import kubespawner.reflector
import kubespawner.spawner
import pytest
import pytest_asyncio
from kubernetes_asyncio.client import Configuration
from kubernetes_asyncio.config import kube_config
from traitlets.config import Config

import hub_config.reflectors

from .standin import KubernetesStandIn

# KubeSpawner's back-off runs this many times faster; its limits are traits.
HURRY = 50
TRAITS = {
    "namespace": "hub",
    "image": "hub/base:1",
    "start_timeout": 6,
    "k8s_api_request_timeout": 1,
    "k8s_api_request_retry_timeout": 2,
}


@pytest.fixture
def eventually():
    async def wait(condition, message: str, deadline_s: float = 5) -> None:
        end = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end, f"{message} (waited {deadline_s:g} s)"
            await asyncio.sleep(0.02)

    return wait


class Clock:
    """The reflectors' back-off, faster, and counted: an outage lasts that long."""

    def __init__(self) -> None:
        self.slept: Counter[asyncio.Task] = Counter()

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s / HURRY)
        self.slept[asyncio.current_task()] += delay_s

    async def passes(self, seconds: float, spawner_class) -> None:
        """Wait until each watch has backed off for `seconds`, or has given up."""
        before = Counter(self.slept)
        tasks = [one.watch_task for one in spawner_class.reflectors.values()]
        async with asyncio.timeout(60):
            while not all(
                task is None or task.done() or self.slept[task] - before[task] > seconds
                for task in tasks
            ):
                await asyncio.sleep(0.02)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (kubespawner.reflector, hub_config.reflectors):
        hurried = SimpleNamespace(**vars(asyncio))
        hurried.sleep = clock.sleep
        monkeypatch.setattr(module, "asyncio", hurried)
    return clock


@pytest_asyncio.fixture
async def kube(tmp_path, monkeypatch, clock):
    async with KubernetesStandIn() as standin:
        config = tmp_path / "kubeconfig"
        config.write_text(KUBECONFIG.replace("URL", standin.url))
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(config))
        kubespawner.spawner.load_config.cache_clear()
        standin.clock = clock
        yield standin
        Configuration.set_default(None)


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: standin
contexts: [{name: standin, context: {cluster: standin, user: nobody}}]
clusters: [{name: standin, cluster: {server: "URL"}}]
users: [{name: nobody, user: {}}]
"""


@pytest_asyncio.fixture
async def make_spawner(kube):
    used = set()

    def make(spawner_class, person: str = "gh-5", **traits):
        used.add(spawner_class)
        config = Config()
        config.KubeSpawner = Config(TRAITS | traits)
        config.RobustKubeSpawner = Config(start_margin_s=1)
        config.ResourceReflector = Config(timeout_seconds=1, request_timeout=3)
        config.PatientReflector = Config(request_timeout=3)
        user = SimpleNamespace(
            name=person, id=5, url=f"/user/{person}/", escaped_name=person, settings={}
        )
        hub = SimpleNamespace(
            public_host="", url="http://hub", base_url="/hub/", api_url="http://hub/api"
        )
        spawner = spawner_class(config=config, user=user, hub=hub, _mock=True)
        token = f"token-{id(spawner)}"
        spawner.get_env = lambda: {"JUPYTERHUB_API_TOKEN": token}
        return spawner

    yield make
    for spawner_class in used:
        await spawner_class._stop_all_reflectors()
