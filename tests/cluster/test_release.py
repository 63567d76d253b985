"""One release from install to uninstall, as people and an operator see it."""

from __future__ import annotations

import json
import time

import pytest

from ..local.conftest import Server
from .kube import apply, execute, items, kubectl, pods, wait_for
from .release import DASK, NAMESPACE

LAB_BUDGET_S = 12
# The hub looks at each server every 30 s.
MISSED_S = 35


@pytest.fixture(scope="module")
def ada(address):
    from hub_config.visit.browser import Visitor

    with Visitor(address) as visitor:
        visitor.log_in("ada")
        yield visitor


@pytest.fixture(scope="module")
def server(ada, figures):
    """Ada's Tiny server, and her browser."""
    began = time.monotonic()
    ada.start_server(ada.name, "tiny")
    ready = time.monotonic() - began
    lab = ada.get(f"/user/{ada.name}/lab")
    assert lab.status_code == 200, lab.text
    figures.note("server ready (Tiny, image there)", ready)
    lab_s = time.monotonic() - began
    figures.note("click to Lab answering", lab_s, f"{LAB_BUDGET_S} s")
    return Server(ada, ada.name)


def pod_of(name):
    [pod] = pods(
        NAMESPACE, f"component=singleuser-server,hub.jupyter.org/username={name}"
    )
    return pod


def test_a_stranger_is_refused_at_the_gate(address):
    from hub_config.visit.browser import Visitor

    with Visitor(address) as visitor:
        page = visitor.get("/hub/oauth_login", params={"next": "/hub/home"})
        form = dict(page.url.params) | {"login": "noor"}
        answer = visitor.post(page.url.copy_with(query=None), data=form)
        assert answer.status_code == 403, answer.text
        assert visitor.get("/hub/api/user").status_code == 403


def test_a_registered_person_gets_lab(server):
    assert server.get("api/status").status_code == 200


def test_the_hub_remembers_people_on_its_volume(server):
    [hub] = pods(NAMESPACE, "component=hub")
    code = "import os; print(os.path.getsize('/srv/jupyterhub/people.sqlite'))"
    assert int(execute(NAMESPACE, hub["metadata"]["name"], code)) > 0


READ = """
from archive_data import open_nwb
path = "sub-F1/sub-F1_ses-20190407T210000_behavior+ophys.nwb"
nwb = open_nwb("DANDI:000054", path)
print(nwb.subject.subject_id)
"""


def test_a_kernel_reads_an_asset_from_s3(server):
    output = server.run(READ)
    assert output.error == "", output.error
    assert output.text.strip() == "F1"


COMPUTE = """
import time
began = time.monotonic()
from dask_gateway import GatewayCluster
cluster = GatewayCluster()
client = cluster.get_client()
scheduler_s = time.monotonic() - began
cluster.scale(2)
client.wait_for_workers(2, timeout=120)
workers_s = time.monotonic() - began
import dask.array as da, json
total = int(da.ones((2000, 2000), chunks=500).sum().compute())
versions = client.get_versions()
parts = [versions["client"], versions["scheduler"], *versions["workers"].values()]
tell = {(one["packages"]["distributed"], one["host"]["python"]) for one in parts}
count = len(versions["workers"])
print(json.dumps([total, count, sorted(tell), scheduler_s, workers_s]))
"""


@pytest.fixture(scope="module")
def dask(server):
    """A cluster of two workers, made by the server's kernel: what it printed."""
    output = server.run(COMPUTE, timeout_s=240)
    assert output.error == "", output.error
    return json.loads(output.text.strip().splitlines()[-1])


def test_two_dask_workers_compute(dask, figures):
    total, workers, _, scheduler_s, workers_s = dask
    assert (total, workers) == (4_000_000, 2)
    figures.note("Dask scheduler up", scheduler_s)
    figures.note("two Dask workers up", workers_s)


def test_client_scheduler_and_workers_have_the_same_versions(dask):
    assert len(dask[2]) == 1, dask[2]


def killed(selector):
    """Kill pods without a word; return their names once others are in their place."""
    before = {one["metadata"]["name"] for one in pods(NAMESPACE, selector)}
    assert before
    kubectl(
        "delete", "pods", "-n", NAMESPACE, "-l", selector, "--grace-period=0", "--force"
    )

    def ready():
        now = {
            one["metadata"]["name"]: one["status"] for one in pods(NAMESPACE, selector)
        }
        well = {"type": "Ready", "status": "True"}
        return now.keys().isdisjoint(before) and all(
            any(well.items() <= one.items() for one in status.get("conditions", []))
            for status in now.values()
        )

    wait_for(ready, 120, f"others in the place of {before}")


def dask_pods():
    return {one["metadata"]["uid"] for one in pods(DASK)}


HOLD = """
future = client.submit(sum, [40, 2])
client.publish_dataset(kept=client.submit(sum, [40, 3]))
print(future.result(timeout=30))
"""
HELD = "print(future.result(timeout=30))"
AGAIN = """
from dask_gateway import Gateway
other = Gateway().connect(cluster.name).get_client()
print(other.get_dataset("kept").result(timeout=10))
"""


@pytest.fixture(scope="module")
def gateway_killed(dask, server):
    """Kill the gateway and its controller, with two results held; the pods before."""
    assert server.run(HOLD).text.strip() == "42"
    before = dask_pods()
    killed("app.kubernetes.io/component in (gateway, controller)")
    return before


def test_a_killed_gateway_takes_no_result_and_no_pod(gateway_killed, server):
    held = server.run(HELD)
    assert held.text.strip() == "42", held.error
    assert dask_pods() == gateway_killed


def test_a_killed_proxy_takes_no_result(gateway_killed, server, figures):
    began = time.monotonic()
    killed("app.kubernetes.io/component=traefik")
    wait_for(
        lambda: server.run(AGAIN).text.strip() == "43", 120, "the published result"
    )
    figures.note("Dask's proxy killed: published result read", time.monotonic() - began)
    held = server.run(HELD)
    assert held.text.strip() == "42", held.error
    assert dask_pods() == gateway_killed


def test_dask_ends_with_the_server_and_a_stop_leaves_no_pod(dask, server, figures):
    assert len(pods(DASK, "app.kubernetes.io/component=dask-worker")) == 2
    began = time.monotonic()
    server.stop()
    figures.note("server stopped", time.monotonic() - began)
    of_users = "component=singleuser-server"
    wait_for(lambda: not pods(NAMESPACE, of_users), 60, "the server's pod to go")
    wait_for(lambda: not pods(DASK), 60, "the clusters' pods to go")


def test_a_server_outlives_an_upgrade(ada, release, figures):
    ada.start_server(ada.name, "tiny")
    before = pod_of(ada.name)["metadata"]["uid"]
    [hub] = pods(NAMESPACE, "component=hub")
    began = time.monotonic()
    release.install("--set-string", "jupyterhub.hub.annotations.upgraded=yes")
    figures.note("helm upgrade --wait, a server running", time.monotonic() - began)
    assert (
        pods(NAMESPACE, "component=hub")[0]["metadata"]["uid"] != hub["metadata"]["uid"]
    )
    assert pod_of(ada.name)["metadata"]["uid"] == before
    server = Server(ada, ada.name)
    wait_for(lambda: server.get("api").status_code == 200, 30, "the server to answer")
    assert server.run("print(6 * 7)").text.strip() == "42"


def test_a_server_whose_pod_is_gone_is_missed_and_its_owner_told(ada, figures):
    """As when a machine is lost: nobody asked for it, and nothing said good-bye."""
    pod = pod_of(ada.name)["metadata"]["name"]
    kubectl("delete", "pod", "-n", NAMESPACE, pod, "--grace-period=0", "--force")
    began = time.monotonic()
    wait_for(lambda: not ada.server_of(ada.name), MISSED_S, "the server to be missed")
    figures.note("a lost server missed", time.monotonic() - began, f"{MISSED_S} s")
    page = ada.get(f"/hub/user/{ada.name}/lab").text
    assert "The machine that it ran on was taken away or failed" in page
    ada.start_server(ada.name, "tiny")
    assert Server(ada, ada.name).run("print(6 * 7)").text.strip() == "42"


def test_uninstalling_leaves_no_pod_and_keeps_the_homes(
    ada, release, image_names, figures
):
    name = ada.name
    server = Server(ada, name)
    server.run("open('/home/jovyan/kept.txt', 'w').write('mine')")
    server.stop()
    began = time.monotonic()
    release.uninstall()
    figures.note("helm uninstall --wait", time.monotonic() - began)
    wait_for(lambda: not pods(NAMESPACE) + pods(DASK), 90, "the last pod to go")
    [claim] = items("pvc", "-n", NAMESPACE)
    assert claim["metadata"]["name"] == "home"
    assert claim["status"]["phase"] == "Bound"
    assert read_home(name, image_names["hub"]) == "mine"


def read_home(name, image):
    """Read the file of that home, from a pod of our own."""
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    mount = {"name": "home", "mountPath": "/home/jovyan", "subPath": name}
    container = {"name": "reader", "image": image, "volumeMounts": [mount]}
    container |= {"command": ["sleep", "600"], "securityContext": context}
    spec = {
        "containers": [container],
        "terminationGracePeriodSeconds": 0,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": "home"}}],
    }
    meta = {"name": "reader", "namespace": NAMESPACE}
    apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    kubectl("wait", "-n", NAMESPACE, "pod/reader", "--for=condition=Ready")
    read = "print(open('/home/jovyan/kept.txt').read())"
    text = execute(NAMESPACE, "reader", read).strip()
    kubectl("delete", "-n", NAMESPACE, "pod/reader")
    return text
