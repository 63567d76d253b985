"""The gateway's backend of a deployed hub: ceilings hold there too."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
from dask_gateway_server import models
from dask_gateway_server.backends.base import PublicException
from traitlets.config import Config

from hub_config import gateway
from hub_config.settings import GIB


@pytest.fixture
def backend(monkeypatch):
    """Return the backend with one cluster in its view, and what it tells Kubernetes."""
    c = Config()
    gateway.gateway(c)
    backend = gateway.HubBackend(config=c, gateway_instance="x")
    cluster = models.Cluster(
        name="hub-dask.one",
        username="gh-5",
        options={},
        # A plain dict, as this backend reads it from the cluster's object.
        config={"worker_cores": 8, "worker_memory": 8 * GIB},
        token="",
        status=models.ClusterStatus.RUNNING,
    )
    backend.clusters = {cluster.name: cluster}
    backend.username_to_clusters = {"gh-5": {cluster.name: cluster}}
    backend.told = []

    async def patch(*arguments, **_):
        backend.told.append(arguments[-1])

    backend.custom_client = SimpleNamespace(patch_namespaced_custom_object=patch)
    return backend


async def test_workers_stop_at_the_persons_ceiling(backend, hub):
    message = {"count": 1000, "active_workers": []}
    message |= {"closing_workers": [], "closed_workers": []}
    await backend.on_cluster_heartbeat("hub-dask.one", message)
    [[change]] = backend.told
    assert change["value"] == hub.dask.cores_per_person // 8


async def test_a_cluster_too_many_is_refused(backend):
    backend.clusters_per_person = 1
    with pytest.raises(PublicException, match="Shut one down first"):
        await backend.start_cluster(SimpleNamespace(name="gh-5"), {})


async def test_who_had_the_days_core_hours_gets_no_cluster_and_no_more_workers(backend):
    """What runs goes on here; the hub stops it."""
    message = {"count": 4, "active_workers": ["a", "b"]}
    message |= {"closing_workers": [], "closed_workers": []}
    await backend.on_cluster_heartbeat("hub-dask.one", message)
    backend._spent = frozenset({"gh-5"})
    await backend.on_cluster_heartbeat("hub-dask.one", message)
    assert [change["value"] for [change] in backend.told] == [4, 2]
    with pytest.raises(PublicException, match="starts after midnight"):
        await backend.start_cluster(SimpleNamespace(name="gh-5"), {})


def test_the_gateway_needs_nothing_that_its_image_has_not():
    code = "import sys; sys.modules['jupyterhub'] = None; import hub_config.gateway"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
