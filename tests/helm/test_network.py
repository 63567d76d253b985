"""Who may connect to whom: a table of flows over the rendered policies.

z2jh's own policies are not rendered here (its chart is a dependency); the one that
matters, for user servers, is made from our values as z2jh 4.4.0 does.
"""

from __future__ import annotations

import json

import pytest
import yaml

from hub_config.check.network import egress
from hub_config.check.policies import Peer, allowed

from .conftest import NFS

NAMESPACE = "kubernetes.io/metadata.name"
# z2jh's label, and that of everybody else.
COMPONENT, MODERN = "component", "app.kubernetes.io/component"
GATEWAY = {"app.kubernetes.io/name": "dask-gateway"}


def pod(component, address="10.42.0.9", namespace="hub", **labels):
    names = {COMPONENT: component, MODERN: component}
    return Peer(address, names | labels, {NAMESPACE: namespace})


USER = pod("singleuser-server", "10.42.0.5")
OTHER_USER = pod("singleuser-server", "10.42.0.6")
HUB, PROXY, CANARY = (pod(name) for name in ("hub", "proxy", "canary"))
TRAEFIK, API = (pod(name, **GATEWAY) for name in ("traefik", "gateway"))
SCHEDULER, WORKER = (
    pod(name, namespace="hub-dask", **GATEWAY)
    for name in ("dask-scheduler", "dask-worker")
)
STRANGER = pod("stranger", namespace="elsewhere")
IMPOSTOR = pod("proxy", namespace="elsewhere")
DNS = pod("coredns", namespace="kube-system")
S3, EVIL = Peer("52.219.1.1"), Peer("203.0.113.9")
IMDS, POD_IDENTITY = Peer("169.254.169.254"), Peer("169.254.170.23")
CGNAT, HOMES, API_SERVER = Peer("100.64.7.9"), Peer("10.42.1.1"), Peer("172.20.0.1")
KUBELET, LAN = Peer("10.42.3.3"), Peer("192.168.1.1")

FLOWS = [
    # from, to, port, allowed
    (USER, HUB, 8081, True),
    (USER, TRAEFIK, 8000, True),
    (USER, DNS, 53, True),
    (USER, S3, 443, True),
    (USER, S3, 80, True),
    (USER, EVIL, 443, True),  # rules cannot tell a pool of miners from a mirror
    (USER, EVIL, 3333, False),
    (USER, EVIL, 25, False),
    (USER, EVIL, 22, False),
    (USER, IMDS, 80, False),
    (USER, IMDS, 443, False),
    (USER, POD_IDENTITY, 80, False),
    (USER, CGNAT, 2049, False),
    (USER, CGNAT, 443, False),
    (USER, HOMES, 2049, False),
    (USER, HOMES, 443, False),
    (USER, API_SERVER, 443, False),
    (USER, KUBELET, 10250, False),
    (USER, LAN, 80, False),
    (USER, OTHER_USER, 8888, False),
    (USER, PROXY, 8001, False),
    (USER, API, 8000, False),
    (USER, SCHEDULER, 8786, False),
    (USER, SCHEDULER, 8787, False),
    (USER, WORKER, 40000, False),
    (USER, STRANGER, 80, False),
    (USER, HUB, 22, False),
    (PROXY, USER, 8888, True),
    (HUB, USER, 8888, True),
    (PROXY, USER, 22, False),
    (STRANGER, USER, 8888, False),
    (IMPOSTOR, USER, 8888, False),
    (S3, USER, 8888, False),
    (WORKER, USER, 8888, False),
    (SCHEDULER, USER, 8888, False),
    (TRAEFIK, SCHEDULER, 8786, True),
    (TRAEFIK, SCHEDULER, 8787, True),
    (API, SCHEDULER, 8788, True),
    (TRAEFIK, SCHEDULER, 22, False),
    (TRAEFIK, WORKER, 40000, False),
    (STRANGER, SCHEDULER, 8787, False),
    (STRANGER, WORKER, 40000, False),
    (STRANGER, TRAEFIK, 8000, False),
    (STRANGER, API, 8000, False),
    (HUB, TRAEFIK, 8000, True),
    (PROXY, TRAEFIK, 8000, True),
    (TRAEFIK, API, 8000, True),
    (SCHEDULER, API, 8000, True),
    (WORKER, API, 8000, False),
    (SCHEDULER, WORKER, 40000, True),
    (WORKER, SCHEDULER, 8786, True),
    (WORKER, SCHEDULER, 8787, False),
    (WORKER, WORKER, 40000, True),
    (WORKER, S3, 443, True),
    (WORKER, EVIL, 3333, False),
    (WORKER, IMDS, 80, False),
    (WORKER, POD_IDENTITY, 80, False),
    (WORKER, CGNAT, 443, False),
    (WORKER, HOMES, 2049, False),
    (WORKER, API_SERVER, 443, False),
    (SCHEDULER, IMDS, 80, False),
    (SCHEDULER, HOMES, 2049, False),
    (SCHEDULER, EVIL, 25, False),
    (WORKER, DNS, 53, True),
    (WORKER, HUB, 8081, False),
    (CANARY, DNS, 53, True),
    (CANARY, HUB, 8081, False),
    (CANARY, PROXY, 8001, False),
    (CANARY, USER, 8888, False),
    (CANARY, API, 8000, False),
    (CANARY, API_SERVER, 443, False),
    (CANARY, IMDS, 80, False),
    (CANARY, HOMES, 2049, False),
    (USER, CANARY, 80, False),
    (HUB, CANARY, 80, False),
]


def flows(values):
    """Return the table, with the canary's one way in."""
    inside = bool(values["canary"]["address"])
    # The load balancer's address is a public one.
    return [*FLOWS, (CANARY, EVIL, 443, not inside), (CANARY, PROXY, 8000, inside)]


@pytest.fixture
def policies(manifests, values):
    ours = [one for one in manifests if one["kind"] == "NetworkPolicy"]
    return [*ours, _chart_policy(values["jupyterhub"]["singleuser"]["networkPolicy"])]


def _chart_policy(values):
    hub = {"to": [{"podSelector": {"matchLabels": {COMPONENT: "hub"}}}]}
    dns = {"namespaceSelector": {"matchLabels": {NAMESPACE: "kube-system"}}}
    return {
        "metadata": {"name": "singleuser", "namespace": "hub"},
        "spec": {
            "podSelector": {"matchLabels": {COMPONENT: "singleuser-server"}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [
                hub | {"ports": [{"port": 8081}]},
                {"to": [dns], "ports": [{"port": 53}]},
                *egress(values),
            ],
        },
    }


def test_the_table_of_flows_holds(policies, values):
    assert len(FLOWS) >= 40
    wrong = [
        (source, target, port)
        for source, target, port, expected in flows(values)
        if allowed(policies, source, target, port) is not expected
    ]
    assert wrong == []


def test_the_charts_defaults_would_not_pass(policies):
    chart = [_chart_policy({})]
    assert allowed(chart, USER, CGNAT, 2049)
    assert allowed(chart, USER, POD_IDENTITY, 80)
    assert allowed(chart, USER, EVIL, 3333)


def test_the_labels_are_those_of_the_pods(pods):
    for made in pods.values():
        labels = made["metadata"]["labels"]
        assert labels[COMPONENT] == USER.labels[COMPONENT]


def test_a_licence_server_is_opened_one_by_one(helm):

    server = json.dumps([{"cidr": "10.9.0.1/32", "port": 27000}])
    more = f"--set-json=network.licenceServers={server}"
    answer = helm("template", "production", NFS, more)
    made = [one for one in yaml.safe_load_all(answer.stdout) if one]
    policies = [one for one in made if one["kind"] == "NetworkPolicy"]
    assert allowed(policies, USER, Peer("10.9.0.1"), 27000)
    assert not allowed(policies, USER, Peer("10.9.0.1"), 443)
    assert not allowed(policies, USER, Peer("10.9.0.2"), 27000)


@pytest.mark.parametrize(
    ("port", "expected"),
    [(8785, False), (8786, True), (8788, True), (8789, False), ("web", False)],
)
def test_a_range_of_ports_ends_where_it_says(policies, port, expected):
    assert allowed(policies, TRAEFIK, SCHEDULER, port) is expected


@pytest.mark.parametrize(
    ("operator", "values", "labels", "expected"),
    [
        ("In", ["1"], {"a": "1"}, True),
        ("In", ["1"], {}, False),
        ("NotIn", ["1"], {"a": "2"}, True),
        ("NotIn", ["1"], {"a": "1"}, False),
        ("Exists", None, {"a": ""}, True),
        ("DoesNotExist", None, {"a": ""}, False),
    ],
)
def test_selectors_mean_what_kubernetes_means(operator, values, labels, expected):
    expression = {"key": "a", "operator": operator, "values": values}
    policy = {
        "metadata": {"namespace": "hub"},
        "spec": {"podSelector": {"matchExpressions": [expression]}, "ingress": []},
    }
    home = {NAMESPACE: "hub"}
    closed = not allowed([policy], STRANGER, Peer("10.0.0.1", labels, home), 80)
    assert closed is expected
