"""Profiles through the real KubeSpawner to the pod."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from kubespawner import KubeSpawner
from kubespawner import spawner as kubespawner_module

from hub_config.profiles import profile_list
from hub_config.settings import GIB
from hub_config.tables import Volume


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


async def test_on_aws_a_pod_only_goes_where_its_limit_is_reachable(spawner, hub):
    spawner.profile_list = profile_list(hub, on_aws=True)
    spawner.user_options = {"profile": "large"}
    await spawner.load_user_options()
    pod = await spawner.get_pod_manifest()
    required = pod.spec.affinity.node_affinity
    terms = required.required_during_scheduling_ignored_during_execution
    assert terms.node_selector_terms[0].match_expressions[0]["values"] == [
        "m7i.8xlarge",
        "m7i.12xlarge",
        "m7i.16xlarge",
    ]


def test_elsewhere_no_kind_of_machine_is_asked_for(hub):
    entries = profile_list(hub)
    assert all(
        "node_affinity_required" not in entry["kubespawner_override"]
        for entry in entries
    )


async def test_a_volume_of_the_site_is_added_read_only_to_those_of_every_server(
    spawner, hub
):
    volume = Volume(claim="matlab", path="/opt/matlab")
    matlab = hub.profiles["matlab"].model_copy(update={"volume": volume})
    more = hub.model_copy(update={"profiles": hub.profiles | {"matlab": matlab}})
    # As z2jh 4.4 sets them: by name.
    spawner.volumes = {"home": {"name": "home", "emptyDir": {}}}
    spawner.volume_mounts = {"home": {"name": "home", "mountPath": "/home/jovyan"}}
    pod = await pod_of(spawner, more, {"profile": "matlab"})
    volumes = {one.name: one for one in pod.spec.volumes}
    assert set(volumes) == {"home", "site"}
    claim = volumes["site"].persistent_volume_claim
    assert (claim["claimName"], claim["readOnly"]) == ("matlab", True)
    mounts = {one.name: one for one in pod.spec.containers[0].volume_mounts}
    assert set(mounts) == {"home", "site"}
    assert (mounts["site"].mount_path, mounts["site"].read_only) == (
        "/opt/matlab",
        True,
    )


async def test_a_persons_host_name_is_theirs_and_stays(monkeypatch, hub):
    # A sign-in to MathWorks is kept below the host's name.
    monkeypatch.setattr(kubespawner_module, "load_config", lambda **_: None)
    monkeypatch.setattr(kubespawner_module, "shared_client", lambda _: None)

    async def host(name):
        person = SimpleNamespace(id=1, name=name, url="/")
        hub_ = dict.fromkeys(("api_url", "base_url", "public_host"), "/")
        one = KubeSpawner(user=person, hub=SimpleNamespace(**hub_))
        pod = await pod_of(one, hub, {"profile": "matlab"})
        # Kubernetes takes the pod's name where no other is given.
        assert pod.spec.hostname is None
        return pod.metadata.name

    assert await host("gh-1001") == await host("gh-1001") == "jupyter-gh-1001"
    assert await host("gh-1002") != await host("gh-1001")
