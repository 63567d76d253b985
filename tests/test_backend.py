"""Ceilings of Dask clusters hold per person, over all their clusters."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from dask_gateway_server.backends.base import Backend, PublicException
from traitlets.config import Config

from hub_config import backend, dask
from hub_config.settings import GIB


class Recorder(Backend):
    """A backend that starts nothing and remembers what it was told."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.running = {}
        self.granted = {}

    async def list_clusters(self, username=None, statuses=None):
        return [
            one for one in self.running.values() if username in (None, one.username)
        ]

    async def get_cluster(self, cluster_name, wait=False):
        return self.running.get(cluster_name)

    async def start_cluster(self, user, cluster_options):
        name = f"{user.name}-{len(self.running)}"
        config = SimpleNamespace(**{"worker_cores": 8, "worker_memory": 8 * GIB})
        self.running[name] = SimpleNamespace(
            name=name, username=user.name, config=config
        )
        return name

    async def on_cluster_heartbeat(self, cluster_name, msg):
        self.granted[cluster_name] = msg["count"]


class Bounded(backend.PerPerson, Recorder):
    """As the gateway runs it."""


ADA, GRACE = SimpleNamespace(name="gh-1001"), SimpleNamespace(name="gh-1002")


@pytest.fixture
def gateway(hub):
    config = Config()
    dask.configure(config, hub)
    return Bounded(config=config)


async def ask(gateway, name, count):
    await gateway.on_cluster_heartbeat(name, {"count": count})
    return gateway.granted[name]


async def test_workers_of_all_clusters_share_one_ceiling(gateway, hub):
    first = await gateway.start_cluster(ADA, {})
    second = await gateway.start_cluster(ADA, {})
    most = int(hub.dask.cores_per_person // 8)
    assert await ask(gateway, first, 5) == 5
    assert await ask(gateway, second, 100) == most - 5
    assert await ask(gateway, first, 100) == 5
    assert sum(gateway.granted.values()) == most


async def test_what_one_cluster_gives_back_another_may_take(gateway):
    first = await gateway.start_cluster(ADA, {})
    second = await gateway.start_cluster(ADA, {})
    await ask(gateway, first, 8)
    assert await ask(gateway, second, 1) == 0
    del gateway.running[first]
    assert await ask(gateway, second, 1) == 1


async def test_one_persons_clusters_do_not_lower_anothers(gateway):
    await ask(gateway, await gateway.start_cluster(ADA, {}), 8)
    assert await ask(gateway, await gateway.start_cluster(GRACE, {}), 8) == 8


async def test_a_cluster_too_many_is_refused_with_the_names_of_the_others(gateway):
    names = [await gateway.start_cluster(ADA, {}) for _ in range(3)]
    with pytest.raises(PublicException, match="3 of 3 clusters") as refusal:
        await gateway.start_cluster(ADA, {})
    assert all(name in str(refusal.value) for name in names)
    await gateway.start_cluster(GRACE, {})


async def test_a_heartbeat_of_an_unknown_cluster_is_passed_on(gateway):
    assert await ask(gateway, "nobody's", 3) == 3
