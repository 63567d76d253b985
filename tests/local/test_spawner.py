"""The local spawner is KubeSpawner, but for the pod being a process."""

from __future__ import annotations

import pytest
from kubespawner import KubeSpawner
from kubespawner import spawner as kubespawner_module
from traitlets.config import Config

from hub_config.local.machine import Machine
from hub_config.local.spawner import LocalKubeSpawner
from hub_config.profiles import profile_list
from hub_config.settings import GIB


class Named:
    """As much of a user or hub as a manifest takes."""

    name = "gh-1001"
    id = 1
    url = base_url = api_url = public_host = "/"


@pytest.fixture
def both(monkeypatch, hub):
    """A local and a real spawner of one configuration."""
    monkeypatch.setattr(kubespawner_module, "load_config", lambda **_: None)
    monkeypatch.setattr(kubespawner_module, "shared_client", lambda _: None)
    config = Config()
    config.KubeSpawner.profile_list = profile_list(hub)
    config.KubeSpawner.environment = {"DANDI_NO_ET": "1"}

    def make(kind, options):
        spawner = kind(config=config, user=Named(), hub=Named())
        spawner.user_options = options
        spawner.cmd = ["hub-server"]
        return spawner

    return make


async def manifest(spawner):
    await spawner.load_user_options()
    pod = (await spawner.get_pod_manifest()).to_dict()
    for container in pod["spec"]["containers"]:
        container.pop("ports")
        for variable in list(container["env"]):
            if variable["name"] in ("JUPYTERHUB_SERVICE_URL",):
                container["env"].remove(variable)
    return pod


@pytest.mark.parametrize("name", ["tiny", "base", "large", "xlarge", "gpu", "matlab"])
async def test_the_manifest_equals_the_real_one_but_for_the_port(both, name):
    options = {"profile": name}
    ours = await manifest(both(LocalKubeSpawner, options))
    real = await manifest(both(KubeSpawner, options))
    assert ours == real
    limits = ours["spec"]["containers"][0]["resources"]["limits"]
    assert limits["memory"] > GIB


async def test_limits_and_guarantees_are_lowered_to_the_machine(both):
    spawner = both(LocalKubeSpawner, {"profile": "xlarge"})
    await spawner.load_user_options()
    spawner.clamp(Machine(cores=4, memory=16 * GIB, gpu=False))
    assert (spawner.cpu_limit, spawner.mem_limit) == (4, 12 * GIB)
    assert (spawner.cpu_guarantee, spawner.mem_guarantee) == (4, 12 * GIB)


def test_a_stored_process_that_is_not_the_same_is_not_taken_back(both):
    import os

    spawner = both(LocalKubeSpawner, {})
    spawner.load_state({"pid": os.getpid(), "created_s": 1.0})
    assert spawner.pid == 0
