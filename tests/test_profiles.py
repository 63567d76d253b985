"""Profiles through the real KubeSpawner to the pod."""

from __future__ import annotations

import pytest
from kubespawner import KubeSpawner
from kubespawner import spawner as kubespawner_module

from hub_config.profiles import profile_list
from hub_config.settings import GIB


@pytest.fixture
def spawner(monkeypatch):
    # A KubeSpawner without a cluster: only the loading of credentials is left out.
    monkeypatch.setattr(kubespawner_module, "load_config", lambda **_: None)
    monkeypatch.setattr(kubespawner_module, "shared_client", lambda _: None)
    return KubeSpawner(_mock=True)


async def pod_of(spawner, hub, options):
    spawner.profile_list = profile_list(hub)
    spawner.user_options = options
    await spawner.load_user_options()
    return await spawner.get_pod_manifest()


@pytest.mark.parametrize("name", ["tiny", "base", "large", "xlarge", "gpu", "matlab"])
async def test_a_pod_asks_for_exactly_what_the_profile_says(spawner, hub, name):
    pod = await pod_of(spawner, hub, {"profile": name})
    profile, resources = hub.profiles[name], pod.spec.containers[0].resources
    assert resources.requests["cpu"] == profile.cpu.guarantee
    assert resources.limits["cpu"] == profile.cpu.limit
    assert resources.requests["memory"] == profile.memory_gib.guarantee * GIB
    assert resources.limits["memory"] == profile.memory_gib.limit * GIB
    assert resources.limits.get("nvidia.com/gpu", "0") == str(profile.gpus)


async def test_nobody_choosing_gets_the_default_profile(spawner, hub):
    pod = await pod_of(spawner, hub, {})
    assert pod.spec.containers[0].resources.limits["memory"] == 32 * GIB


def test_the_text_of_a_profile_is_made_from_its_numbers(hub):
    by_slug = {entry["slug"]: entry for entry in profile_list(hub)}
    assert by_slug["gpu"]["description"] == (
        "Spike sorting and deep learning. 4 to 7 CPU cores, 15 to 28 GiB of memory, "
        "a GPU."
    )


def test_a_server_knows_which_profile_has_more_memory(hub):
    following = {
        entry["slug"]: entry["kubespawner_override"]["environment"][
            "ARCHIVE_HUB_NEXT_PROFILE"
        ]
        for entry in profile_list(hub)
    }
    assert following["base"] == "Large"
    assert following["xlarge"] == ""


async def test_size_and_image_are_two_choices_where_there_are_several(spawner, hub):
    base = hub.profiles["base"].model_copy(update={"images": ("base", "matlab")})
    several = hub.model_copy(update={"profiles": {**hub.profiles, "base": base}})
    pod = await pod_of(spawner, several, {"profile": "base", "image": "matlab"})
    assert pod.spec.containers[0].image == "localhost/archive-hub/matlab:2026.11.0"
