"""User servers and Dask pods: valid, restricted, and placed where they belong."""

from __future__ import annotations

import re

import kubernetes_validate
import pytest
from dask_gateway_server.backends.kubernetes.backend import KubeClusterConfig
from dask_gateway_server.backends.kubernetes.controller import KubeController
from traitlets.config import Config

from hub_config import dask, kubernetes
from hub_config.check.pods import violations

VERSIONS = ["1.33", "1.34", "1.35"]
NAMES = {"extraPodConfig": "extra_pod_config"}
NAMES["extraContainerConfig"] = "extra_container_config"


@pytest.fixture
def dask_pods(values, hub):
    """Return the scheduler's and a worker's pod, as the controller makes them."""
    backend = values["dask-gateway"]["gateway"]["backend"]
    c = Config()
    dask.configure(c, hub)
    for part in ("scheduler", "worker"):
        for key, trait in NAMES.items():
            c.KubeClusterConfig[f"{part}_{trait}"] = backend[part][key]
    c.KubeClusterConfig.image = "{name}:{tag}".format(**backend["image"])
    controller = KubeController(
        config=c, gateway_instance="x", api_url="http://api-dask-gateway:8000/api"
    )
    config = KubeClusterConfig(config=c, namespace=backend["namespace"])
    return {
        part: controller.make_pod(
            "hub-dask", "name", config, is_worker=part == "worker"
        )
        for part in ("scheduler", "worker")
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_every_profiles_pod_is_valid(pods, version):
    assert len(pods) >= 6
    for pod in pods.values():
        kubernetes_validate.validate(pod, version, strict=True)


def test_every_profiles_pod_is_restricted(pods):
    assert {
        name: violations(pod) for name, pod in pods.items() if violations(pod)
    } == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_dask_pods_are_valid(dask_pods, version):
    for pod in dask_pods.values():
        named = pod | {"metadata": pod["metadata"] | {"name": "dask"}}
        kubernetes_validate.validate(named, version, strict=True)


def test_dask_pods_are_restricted(dask_pods):
    for pod in dask_pods.values():
        assert violations(pod) == []


def test_dask_starts_commands_that_exist(dask_pods):
    for part, pod in dask_pods.items():
        assert pod["spec"]["containers"][0]["args"][:2] == ["dask", part]


def test_a_servers_environment_has_the_gateway_and_no_secret(pods, values):
    c = Config()
    c.KubeSpawner.environment = {"GIVEN": "1"}
    kubernetes.hub(c)
    assert c.KubeSpawner.environment["GIVEN"] == "1"
    assert c.KubeSpawner.environment["DASK_GATEWAY__ADDRESS"].startswith("http://")
    assert not [name for name in c.KubeSpawner.environment if "TOKEN" in name]


def test_the_charts_own_roles_are_kept(values):
    c = Config()
    c.JupyterHub.load_roles = [{"name": "jupyterhub-idle-culler"}]
    kubernetes.hub(c)
    names = [role["name"] for role in c.JupyterHub.load_roles]
    assert names[0] == "jupyterhub-idle-culler"
    assert {"user", "server"} <= set(names)


def test_the_charts_culler_becomes_ours_with_the_charts_options(values):
    c = Config()
    stock = ["python3", "-m", "jupyterhub_idle_culler", "--timeout=3600"]
    other = {"name": "operator"}
    c.JupyterHub.services = [{"name": "culler", "command": stock}, other]
    kubernetes.hub(c)
    culler, operator = c.JupyterHub.services
    ours = ["python3", "-m", "hub_config.culler", "1200.0", "--timeout=3600"]
    assert culler["command"] == ours
    assert operator == {"name": "operator"}


def test_a_host_gives_every_server_an_origin_of_its_own(monkeypatch):
    monkeypatch.setenv("ARCHIVE_HUB_HOST", "hub.example.org")
    c = Config()
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
    kubernetes.hub(c)
    assert c.JupyterHub.subdomain_host == "https://hub.example.org"
    assert c.JupyterHub.cookie_host_prefix_enabled
    settings = c.JupyterHub.tornado_settings
    assert settings["slow_spawn_timeout"] == 0
    assert settings["cookie_options"] == {"secure": True}
    dashboards = c.KubeSpawner.environment["DASK_GATEWAY__PUBLIC_ADDRESS"]
    assert re.match(r"https://[\w-]+\.hub\.example\.org/services/", dashboards)


@pytest.mark.parametrize("environment", ["production", "staging"], indirect=True)
def test_each_pod_goes_to_its_pool_and_tolerates_no_other(pods, dask_pods, values):
    pools = values["karpenter"]["pools"]
    for name, pod in (pods | dask_pods).items():
        spec = pod["spec"]
        open_to_it = {
            pool
            for pool, one in pools.items()
            if any(_tolerates(it, one["taint"]) for it in spec["tolerations"])
        }
        assert open_to_it == {spec["nodeSelector"]["hub.jupyter.org/node-pool"]}, name


def _tolerates(toleration, taint):
    same = toleration["key"] == taint["key"] and toleration["effect"] == "NoSchedule"
    exists = toleration["operator"] == "Exists"
    return same and (exists or toleration.get("value") == taint["value"])


PROBE = {"name": "a", "securityContext": {"privileged": True, "procMount": "Unmasked"}}
PROBE["securityContext"]["capabilities"] = {"add": ["NET_ADMIN"]}
PROBE["ports"] = [{"hostPort": 80}]


def test_the_checker_finds_each_violation():
    found = violations(
        {
            "spec": {
                "hostNetwork": True,
                "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
                "securityContext": {"runAsUser": 0, "sysctls": [{"name": "kernel.x"}]},
                "containers": [PROBE],
            }
        }
    )
    assert len(found) == 14
    assert "volume v: hostPath is not allowed" in found
    assert "a: adds NET_ADMIN" in found


def test_a_pod_of_the_charts_defaults_is_found_out():
    blocker = {
        "privileged": True,
        "runAsUser": 0,
        "capabilities": {"add": ["NET_ADMIN"]},
    }
    pod = {
        "spec": {
            "initContainers": [{"name": "block", "securityContext": blocker}],
            "containers": [
                {"name": "notebook", "securityContext": {"runAsUser": 1000}},
            ],
        }
    }
    assert len(violations(pod)) >= 10


def test_each_server_sees_the_home_of_its_own_number_and_nothing_of_the_machine(pods):
    for name, pod in pods.items():
        spec = pod["spec"]
        claims = {
            volume["name"]: volume["persistentVolumeClaim"]["claimName"]
            for volume in spec["volumes"]
            if "persistentVolumeClaim" in volume
        }
        mounts = [
            mount
            for one in [*spec["containers"], *spec.get("initContainers", [])]
            for mount in one["volumeMounts"]
            if claims.get(mount["name"]) == "home"
        ]
        assert [mount["subPath"] for mount in mounts] == ["gh-5"], name
        assert not [volume for volume in spec["volumes"] if "hostPath" in volume], name
        shared = {"hostPID", "hostIPC", "hostNetwork", "shareProcessNamespace"}
        assert not [key for key in shared if spec.get(key)], name
