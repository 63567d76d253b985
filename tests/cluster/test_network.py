"""Who can really connect to whom: the decision table of `tests/helm`, probed.

Only a cluster that enforces policies passes; `helm test` finds out whether it does.
"""

from __future__ import annotations

import json

import pytest

from ..local.conftest import Server
from .kube import apply, execute, items, kubectl, pods, wait_for
from .release import DASK, NAMESPACE

METADATA = ("169.254.169.254", 80)
PROBE = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reaches(target):
    try:
        socket.create_connection(target, 3).close()
    except OSError:
        return False
    return True
with ThreadPoolExecutor(32) as pool:
    print(json.dumps(list(pool.map(reaches, map(tuple, {targets})))))
"""
# From -> to: whether it must be open.
FLOWS = {
    "user": {
        "hub": True,
        "dns": True,
        "traefik": True,
        "standins": True,
        "other user": False,
        # What every visitor may reach; z2jh's own policy opens it to user servers.
        "proxy": True,
        "proxy api": False,
        "gateway api": False,
        "controller": False,
        "scheduler": False,
        "scheduler dashboard": False,
        "worker": False,
        "api server": False,
        "api server itself": False,
        "machine": False,
        "metadata": False,
    },
    "worker": {
        "dns": True,
        "scheduler": True,
        "standins": True,
        "scheduler dashboard": False,
        "hub": False,
        "proxy api": False,
        "traefik": False,
        "gateway api": False,
        "user": False,
        "api server": False,
        "machine": False,
        "metadata": False,
    },
    "scheduler": {
        "dns": True,
        "worker": True,
        "gateway api": True,
        "standins": True,
        "user": False,
        "hub": False,
        "proxy api": False,
        "api server": False,
        "machine": False,
        "metadata": False,
    },
    "stranger": {
        "dns": True,
        # A pod that no policy is about: they listen, so the refusals mean something.
        "api server": True,
        "api server itself": True,
        "machine": True,
        "user": False,
        "other user": False,
        "hub": False,
        "proxy api": False,
        "traefik": False,
        "gateway api": False,
        "standins": False,
        "scheduler": False,
        "scheduler dashboard": False,
        "worker": False,
    },
    "hub": {
        "user": True,
        "other user": True,
        "proxy api": True,
        "traefik": True,
        "standins": True,
        "api server": True,
    },
    # Each asks itself, which no policy forbids: that it listens at all.
    "scheduler's own": {"scheduler": True, "scheduler dashboard": True},
}
HOLD = """
from dask_gateway import GatewayCluster
cluster = GatewayCluster()
client = cluster.get_client()
cluster.scale(1)
client.wait_for_workers(1, timeout=120)
print(next(iter(client.scheduler_info()["workers"])))
"""


@pytest.fixture(scope="module")
def people(address):
    from hub_config.visit.browser import Visitor

    with Visitor(address) as mei, Visitor(address) as other:
        mei.log_in("mei")
        other.log_in("tomas-n")
        names = [mei.name, other.name]
        for visitor, name in zip((mei, other), names, strict=True):
            visitor.start_server(name, "tiny")
        server = Server(mei, names[0])
        output = server.run(HOLD, timeout_s=240)
        assert output.error == "", output.error
        worker_port = int(output.text.strip().rpartition(":")[2])
        yield names, worker_port
        for visitor, name in zip((mei, other), names, strict=True):
            Server(visitor, name).stop()
        wait_for(lambda: not pods(DASK), 60, "the cluster's pods to go")


@pytest.fixture(scope="module")
def stranger(image_names):
    container = {"name": "stranger", "image": image_names["hub"]}
    container["command"] = ["sleep", "3600"]
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    meta = {"name": "stranger", "namespace": "lane"}
    apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    kubectl("wait", "-n", "lane", "pod/stranger", "--for=condition=Ready")
    yield "lane", "stranger"
    kubectl("delete", "-n", "lane", "pod/stranger", "--wait=false")


@pytest.fixture(scope="module")
def places(people, stranger):
    """Pods by name, and the addresses that are probed."""
    (mei, other), worker_port = people

    def pod(namespace, selector):
        [found] = pods(namespace, selector)
        return found

    user, second = (
        pod(NAMESPACE, f"component=singleuser-server,hub.jupyter.org/username={name}")
        for name in (mei, other)
    )
    hub, proxy, standins = (
        pod(NAMESPACE, f"component={name}") for name in ("hub", "proxy", "standins")
    )
    component = "app.kubernetes.io/component"
    parts = ("gateway", "controller", "traefik")
    gateway, controller, traefik = (
        pod(NAMESPACE, f"{component}={name}") for name in parts
    )
    scheduler, worker = (
        pod(DASK, f"{component}=dask-{name}") for name in ("scheduler", "worker")
    )
    service = items("services", "-n", "default", "-l", "provider=kubernetes")[0]
    endpoint = items("endpointslices", "-n", "default")[0]
    node = items("nodes")[0]["status"]["addresses"][0]["address"]
    dns = items("services", "-n", "kube-system", "-l", "k8s-app=kube-dns")[0]
    targets = {
        "hub": (_ip(hub), 8081),
        "proxy": (_ip(proxy), 8000),
        "proxy api": (_ip(proxy), 8001),
        "user": (_ip(user), 8888),
        "other user": (_ip(second), 8888),
        "traefik": (_ip(traefik), 8000),
        "gateway api": (_ip(gateway), 8000),
        "controller": (_ip(controller), 8000),
        "scheduler": (_ip(scheduler), 8786),
        "scheduler dashboard": (_ip(scheduler), 8787),
        "worker": (_ip(worker), worker_port),
        "standins": (_ip(standins), 8080),
        "dns": (dns["spec"]["clusterIP"], 53),
        "api server": (service["spec"]["clusterIP"], 443),
        "api server itself": (
            endpoint["endpoints"][0]["addresses"][0],
            endpoint["ports"][0]["port"],
        ),
        "machine": (node, 10250),
        "metadata": METADATA,
    }
    sources = {
        "user": (NAMESPACE, _name(user)),
        "worker": (DASK, _name(worker)),
        "scheduler": (DASK, _name(scheduler)),
        "scheduler's own": (DASK, _name(scheduler)),
        "hub": (NAMESPACE, _name(hub)),
        "stranger": stranger,
    }
    return sources, targets


def _ip(pod):
    return pod["status"]["podIP"]


def _name(pod):
    return pod["metadata"]["name"]


@pytest.mark.parametrize("source", FLOWS)
def test_connections_are_open_or_closed_as_the_table_says(places, source, figures):
    sources, targets = places
    names = list(FLOWS[source])
    code = PROBE.format(targets=json.dumps([targets[name] for name in names]))
    found = json.loads(execute(*sources[source], code))
    assert dict(zip(names, found, strict=True)) == FLOWS[source]
    figures.say(f"flows probed from {source}", str(len(names)))


def test_every_refusal_is_of_something_that_listens():
    opened = {to for flows in FLOWS.values() for to, open_ in flows.items() if open_}
    refused = {
        to for flows in FLOWS.values() for to, open_ in flows.items() if not open_
    }
    # Nothing answers at the metadata address of a machine of one's own; the controller
    # serves nobody.
    assert refused - opened == {"metadata", "controller"}


def test_the_charts_own_test_finds_the_policies_enforced(release):
    assert "network policies: enforced" in release.test()
