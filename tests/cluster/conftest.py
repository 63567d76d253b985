"""Fixtures of the cluster lane: a real Kubernetes, and the chart installed on it.

cluster     a Kubernetes that answers, with room to play in; else the test is skipped
figures     what is measured, for the page that `make test-cluster` writes
release     the chart, installed with the development values and stand-ins
visit       makes a browser-like client, logged in as one of the stand-ins' people
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from hub_config import canary
from hub_config.visit.browser import Visitor

from . import page
from .kube import apply, forwarded, images, kubectl, story
from .release import DASK, LOCAL, NAMESPACE, UPSTREAM, Release, chart_with_dependencies

OURS = ("hub", "gateway", "base")
POOL = "hub.jupyter.org/node-pool=user-cpu"


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and "cluster" in item.keywords:
        report.sections.append(("the cluster", story(NAMESPACE, DASK, "lane")))
    return report


@pytest.fixture(scope="session")
def cluster():
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("no KUBECONFIG; see docs/howto/test-on-a-cluster.md")
    for program in ("kubectl", "helm"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on the PATH")
    try:
        answer = kubectl("get", "--raw=/readyz", timeout_s=20).strip()
    except (AssertionError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"the cluster of KUBECONFIG does not answer: {error}")
    assert answer == "ok"
    kubectl("label", "nodes", "--all", "--overwrite", POOL)
    kubectl("delete", "namespace", "lane", "--ignore-not-found")
    kubectl("create", "namespace", "lane")
    yield
    kubectl("delete", "namespace", "lane", "--wait=false")


@pytest.fixture(scope="session")
def figures(root, request):
    measured = page.Figures()
    yield measured
    place = os.environ.get("CLUSTER_PAGE")
    # Only of a whole run without a failure: a page must not boast.
    if place and measured.whole and not request.session.testsfailed:
        (root / place).write_text(page.written(measured))


@pytest.fixture(scope="session")
def charts():
    folder = Path(os.environ.get("HELM_CHARTS") or "/nowhere")
    missing = [name for name in UPSTREAM if not (folder / name / "Chart.yaml").exists()]
    if missing:
        pytest.skip(f"HELM_CHARTS has no chart {' and '.join(missing)}")
    return folder


@pytest.fixture(scope="session")
def image_names(cluster, hub):
    names = {name: f"localhost/{hub.images[name]}" for name in OURS}
    missing = [name for name in names.values() if name not in images()]
    if missing:
        pytest.skip(
            f"the nodes have no image {', '.join(missing)}; build and load them"
        )
    return names


@pytest.fixture(scope="session")
def canary_values(hub, tmp_path_factory):
    """Values that let the canary in, whose jobs wait to be started by hand."""
    never = "0 0 29 2 *"
    values = {
        "canary": {"schedules": dict.fromkeys(canary.KINDS, never)},
        "jupyterhub": {"hub": canary.helm_values(hub)},
    }
    file = tmp_path_factory.mktemp("values") / "canary.yaml"
    file.write_text(json.dumps(values))
    return file


@pytest.fixture(scope="session")
def release(root, charts, image_names, figures, canary_values, tmp_path_factory):
    ours = root / "helm/hub"
    place = tmp_path_factory.mktemp("chart") / "hub"
    values = [ours / "values.generated.yaml", ours / "development.yaml", canary_values]
    if LOCAL in images():
        values.append(Path(__file__).with_name("offline.yaml"))
    # What a cluster of one's own needs besides: a storage class, a registry.
    if own := os.environ.get("CLUSTER_VALUES"):
        values.append(Path(own))
    made = Release(chart_with_dependencies(ours, charts, place), values)
    made.uninstall()
    label = "pod-security.kubernetes.io/enforce=baseline"
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    kubectl("label", "namespace", NAMESPACE, "--overwrite", label)
    began = time.monotonic()
    made.install()
    figures.note("helm install --wait", time.monotonic() - began)
    yield made
    made.uninstall()


@pytest.fixture(scope="session")
def service_url(release):
    """The proxy's service by its own address; None where only a tunnel reaches it."""
    service = json.loads(
        kubectl("get", "service", "-n", NAMESPACE, "proxy-public", "-o", "json")
    )["spec"]
    where = (service["clusterIP"], service["ports"][0]["port"])
    try:
        socket.create_connection(where, 2).close()
    except OSError:
        return None
    return "http://{}:{}".format(*where)


@pytest.fixture(scope="session")
def address(service_url):
    if service_url:
        yield service_url
    else:
        with forwarded(NAMESPACE, "proxy-public", "http") as url:
            yield url


@pytest.fixture(scope="session")
def direct(service_url):
    """An address that does not go through the cluster's API."""
    if not service_url:
        pytest.skip("services have no address that this machine reaches")
    return service_url


@pytest.fixture
def visit(address):
    visitors = []

    def log_in(login: str) -> Visitor:
        visitor = Visitor(address)
        visitors.append(visitor)
        visitor.log_in(login)
        return visitor

    yield log_in
    for visitor in visitors:
        visitor.close()
