"""Dask Gateway beside the hub: made without arguments, private, bounded."""

from __future__ import annotations

import json
import re

import httpx

MAKE = """
from dask_gateway import GatewayCluster
cluster = GatewayCluster()
client = cluster.get_client()
cluster.scale(2)
client.wait_for_workers(2, timeout=60)
import dask.array as da
print(int(da.ones((2000, 2000), chunks=500).sum().compute()))
print(cluster.name, cluster.dashboard_link)
"""


def make_cluster(server):
    """Make a cluster of two workers, compute; return its name and dashboard."""
    output = server.run(MAKE, timeout_s=180)
    assert output.error == "", output.error
    total, line = output.text.strip().splitlines()[-2:]
    assert total == "4000000"
    name, dashboard = line.split()
    return name, dashboard


def listed(server):
    code = "from dask_gateway import Gateway; print(len(Gateway().list_clusters()))"
    return int(server.run(code).text)


def test_a_cluster_computes_and_shows_its_dashboard(base):
    _, dashboard = make_cluster(base)
    page = base.visitor.get(dashboard)
    assert page.status_code == 200
    assert "Dask" in page.text
    assert listed(base) == 1
    base.run("cluster.shutdown()")
    assert listed(base) == 0


VERSIONS = """
import json
told = client.get_versions(check=True)
packages = {"scheduler": told["scheduler"]["packages"]}
packages |= {place: told["workers"][place]["packages"] for place in told["workers"]}
packages["client"] = told["client"]["packages"]
print(json.dumps(packages))
"""


def test_client_scheduler_and_workers_run_the_same_versions(base):
    make_cluster(base)
    output = base.run(VERSIONS)
    assert output.error == "", output.error
    packages = json.loads(output.text.strip().splitlines()[-1])
    base.run("cluster.shutdown()")
    assert len(packages) == 4, "client, scheduler and two workers"
    client = packages["client"]
    assert client["distributed"].startswith("2026.")
    assert {place: own for place, own in packages.items() if own != client} == {}


def test_another_person_reaches_no_cluster(base, start):
    stranger = start("grace", "tiny")
    output = base.run("cluster = GatewayCluster(); print(cluster.name)")
    name = output.text.split()[-1]
    connect = f"from dask_gateway import Gateway; Gateway().connect({name!r})"
    assert re.search("404|403|not found|permission", stranger.run(connect).error, re.I)
    assert listed(stranger) == 0
    base.run("cluster.shutdown()")


def test_a_persons_clusters_end_with_their_server(start, until):
    server = start("grace", "tiny")
    server.run("from dask_gateway import Gateway; Gateway().submit()")
    assert listed(server) == 1
    server.stop()
    again = start("grace", "tiny")
    until(lambda: listed(again) == 0, 20, "the cluster to end")


def test_without_a_token_the_gateway_says_401(running, until):
    address = f"{running['url']}/services/dask-gateway/api/v1/clusters/"
    # The hub may answer before the gateway.
    until(lambda: httpx.get(address).status_code == 401, 20, "the gateway's refusal")


def test_one_cluster_too_many_is_refused_with_what_to_do(base):
    output = base.run(
        "from dask_gateway import Gateway\n"
        "gateway = Gateway()\n"
        "names = [gateway.submit() for _ in range(3)]\n"
        "try:\n"
        "    gateway.submit()\n"
        "finally:\n"
        "    [gateway.stop_cluster(name) for name in names]\n"
    )
    assert "You have 3 of 3 clusters" in output.error
    assert "Shut one down first" in output.error


def test_the_panel_in_lab_makes_and_ends_a_cluster_of_the_gateway(base):
    made = base.visitor.put(f"{base.url}dask/clusters", headers=base.headers)
    assert made.status_code == 200, made.text
    about = made.json()
    assert "/services/dask-gateway/clusters/" in about["dashboard_link"]
    assert listed(base) == 1
    path = f"{base.url}dask/clusters/{about['id']}"
    assert base.visitor.delete(path, headers=base.headers).status_code == 204
    assert listed(base) == 0
