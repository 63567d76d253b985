"""Where the scheduler puts servers, what it says when it cannot, what is refused."""

from __future__ import annotations

import asyncio
import json
import time
from copy import deepcopy
from unittest.mock import MagicMock

import kubespawner.spawner
import pytest
import yaml

from hub_config import karpenter, kubernetes, messages
from hub_config.machines import table as machine_table

from ..helm.conftest import _pod, files_of, merged, z2jh
from .kube import apply, items, kubectl, pods, wait_for
from .release import DASK, NAMESPACE

SENTENCE_S = 15


def told_by_progress(visitor, wanted, within_s):
    """Follow a start as its page does, until a message begins so."""
    heard, began = [], time.monotonic()
    path = f"/hub/api/users/{visitor.name}/server/progress"
    with visitor.stream(
        "GET", path, headers={"Referer": str(visitor.base_url)}
    ) as told:
        for line in told.iter_lines():
            if line.startswith("data:"):
                heard.append(json.loads(line[5:])["message"])
                if heard[-1].startswith(wanted):
                    return time.monotonic() - began
            assert time.monotonic() - began < within_s, heard
    raise AssertionError(f"the start ended; said so far: {heard}")


def test_a_server_that_fits_no_node_waits_and_says_so(visit, hub, figures):
    cores = max(float(node["status"]["capacity"]["cpu"]) for node in items("nodes"))
    too_large = [
        name
        for name, profile in hub.profiles.items()
        if profile.cpu.guarantee > cores and not profile.gpus
    ]
    if not too_large:
        pytest.skip(f"a node of {cores:g} cores holds every profile")
    grace = visit("grace")
    server = f"/hub/api/users/{grace.name}/server"
    headers = {"X-XSRFToken": grace.xsrf}
    answer = grace.post(server, json={"profile": too_large[0]}, headers=headers)
    assert answer.status_code == 202, answer.text
    seconds = told_by_progress(grace, "No running machine has room", SENTENCE_S)
    figures.note("a start that must wait is told why", seconds, f"{SENTENCE_S} s")
    [pod] = pods(NAMESPACE, f"hub.jupyter.org/username={grace.name}")
    assert pod["status"]["phase"] == "Pending"
    assert "spec" in pod
    assert "nodeName" not in pod["spec"]
    hub_pod = pods(NAMESPACE, "component=hub")[0]["status"]["containerStatuses"][0]
    assert hub_pod["restartCount"] == 0
    grace.delete(server, headers=headers)
    mine = f"hub.jupyter.org/username={grace.name}"
    wait_for(lambda: not pods(NAMESPACE, mine), 60, "the waiting pod to go")


def node_of(kind, machine, pool, taint):
    """A node that nobody runs: what the scheduler sees of such a machine."""
    labels = {
        "hub.jupyter.org/node-pool": pool,
        "node.kubernetes.io/instance-type": kind,
        "kubernetes.io/arch": "amd64",
        "lane": "fake",
    }
    spec = {"taints": [{**taint, "effect": "NoSchedule"}]}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"fake-{kind}", "labels": labels},
        "spec": spec,
    }


def status_of(machine):
    memory = f"{int(machine.usable_memory_gib * 1024)}Mi"
    room = {"cpu": f"{machine.usable_cpu:g}", "memory": memory, "pods": "58"}
    room["ephemeral-storage"] = "200Gi"
    if machine.gpus:
        room["nvidia.com/gpu"] = str(machine.gpus)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    ready |= {"lastHeartbeatTime": now, "lastTransitionTime": now}
    return {"status": {"capacity": room, "allocatable": room, "conditions": [ready]}}


@pytest.fixture
def fake_nodes(cluster, hub):
    """One machine of each kind that the pools of user servers may buy."""
    pools = kubernetes_pools(hub)
    for name, pool in pools.items():
        for kind in pool["instanceTypes"]:
            machine = machine_table().machines[kind]
            apply(node_of(kind, machine, name, pool["taint"]))
            patch = json.dumps(status_of(machine))
            words = ("patch", "node", f"fake-{kind}", "--subresource=status")
            kubectl(*words, "--type=merge", "-p", patch)
    yield pools
    kubectl(
        "delete", "pods", "-n", "lane", "-l", "lane=placed", "--force", "--wait=false"
    )
    kubectl("delete", "nodes", "-l", "lane=fake", "--wait=false")


def kubernetes_pools(hub):
    found = karpenter.pools(hub)
    return {name: pool for name, pool in found.items() if name.startswith("user-")}


@pytest.fixture
def profile_pods(root, monkeypatch):
    """The pod of each profile as production would make it, for the lane's namespace."""
    monkeypatch.setattr(kubespawner.spawner, "load_config", MagicMock())
    monkeypatch.setattr(kubespawner.spawner, "shared_client", MagicMock())
    values = {}
    for file in files_of(root / "helm/hub", "production"):
        values = merged(values, yaml.safe_load(file.read_text()))
    c = z2jh(values["jupyterhub"])
    kubernetes.hub(c)
    profiles = values["jupyterhub"]["singleuser"]["profileList"]
    return {one["slug"]: asyncio.run(_pod(c, one["slug"], "")) for one in profiles}


def placed(name, pod):
    """The same pod, without the home that the lane's namespace has not."""
    pod = deepcopy(pod)
    pod["metadata"] = {
        "name": f"placed-{name}",
        "namespace": "lane",
        "labels": {"lane": "placed"},
    }
    for volume in pod["spec"]["volumes"]:
        if volume.pop("persistentVolumeClaim", None):
            volume["emptyDir"] = {}
    return {"apiVersion": "v1", "kind": "Pod", **pod}


def test_every_profile_is_placed_on_a_machine_of_its_pool(
    fake_nodes, profile_pods, hub, figures
):
    for name, pod in profile_pods.items():
        apply(placed(name, pod))

    def nodes():
        found = {
            pod["metadata"]["name"].removeprefix("placed-"): pod["spec"].get("nodeName")
            for pod in pods("lane", "lane=placed")
        }
        return found if all(found.values()) else None

    where = wait_for(nodes, 30, "every profile's pod to be bound to a machine")
    for name, node in where.items():
        kind = node.removeprefix("fake-")
        assert kind in fake_nodes[hub.profiles[name].node_pool]["instanceTypes"]
        assert machine_table().machines[kind].holds(*hub.profiles[name].need)
    told = ", ".join(f"{name} on {node[5:]}" for name, node in where.items())
    figures.say("profiles placed by the real scheduler", told)


def pod_with(namespace, labels=None, **context):
    container = {"name": "c", "image": "localhost/none:1", "securityContext": context}
    meta = {"name": "refused", "namespace": namespace, "labels": labels or {}}
    spec = {"containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


@pytest.mark.parametrize("namespace", [NAMESPACE, DASK])
@pytest.mark.parametrize("context", [{"privileged": True}, {"runAsUser": 0}, {}])
def test_a_pod_security_violation_is_refused(release, namespace, context):
    with pytest.raises(AssertionError, match="violates PodSecurity") as refused:
        apply(pod_with(namespace, **context))
    assert "Forbidden" in str(refused.value) or "denied" in str(refused.value)


def test_the_gateways_label_does_not_open_the_door_to_privileges(release):
    label = {"app.kubernetes.io/name": "dask-gateway"}
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        apply(pod_with(NAMESPACE, label, privileged=True))


def test_a_refused_server_is_told_in_words():
    body = json.dumps({"message": 'denied: violates PodSecurity "restricted": …'})
    assert messages.refused(403, body).startswith("The cluster forbids this kind")
