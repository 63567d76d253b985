"""The words that a deployment gives to Helm, taken by the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from hub_config.deploy.changes import compare
from hub_config.deploy.effects import RESTARTS, effects
from hub_config.deploy.helm import objects
from hub_config.deploy.ready import references
from hub_config.deploy.releases import HUB, Target, releases

from .conftest import OUTPUTS

KUBERNETES = "v1.35.4"


@pytest.fixture(scope="module")
def program():
    found = shutil.which("helm")
    if found is None:
        pytest.skip("no helm; `go install helm.sh/helm/v3/cmd/helm@v3.19.0` makes one")
    return found


@pytest.fixture(scope="module")
def upstream():
    folder = Path(os.environ.get("HELM_CHARTS") or "/nowhere")
    if not (folder / "jupyterhub" / "Chart.yaml").is_file():
        pytest.skip("HELM_CHARTS names no folder with the upstream charts")
    return folder


def a_root(root, folder, upstream=None):
    """Copy the charts; without the upstream ones ours stands alone."""
    shutil.copytree(root / "helm", folder / "helm")
    chart = folder / "helm" / "hub"
    shutil.rmtree(chart / "charts", ignore_errors=True)
    if upstream:
        for name in ("jupyterhub", "dask-gateway"):
            shutil.copytree(upstream / name, chart / "charts" / name)
    else:
        about = yaml.safe_load((chart / "Chart.yaml").read_text())
        about.pop("dependencies")
        (chart / "Chart.yaml").write_text(yaml.safe_dump(about))
    return folder


def rendered(program, hub, root, name, *more):
    to = Target(name, root, hub.environments.get(name))
    listed = releases(to, hub, OUTPUTS if to.place else {}, "")
    (release,) = [one for one in listed if one.name == HUB]
    words = [program, "template", *release.words, f"--kube-version={KUBERNETES}"]
    done = subprocess.run([*words, *more], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)


@pytest.mark.parametrize("name", ["production", "staging", "development"])
def test_helm_takes_the_words_of_each_environment(program, hub, root, tmp_path, name):
    found = rendered(program, hub, a_root(root, tmp_path), name)
    kinds = {one["kind"] for one in found}
    assert "NetworkPolicy" in kinds
    assert ("ExternalSecret" in kinds) == (name != "development")


def test_what_terraform_knows_reaches_the_machines(program, hub, root, tmp_path):
    found = rendered(program, hub, a_root(root, tmp_path), "production")
    (node,) = [one for one in found if one["kind"] == "EC2NodeClass"]
    assert node["spec"]["instanceProfile"] == OUTPUTS["node_instance_profile"]
    pools = [one for one in found if one["kind"] == "NodePool"]
    assert OUTPUTS["zone"] in str(pools)
    (copy,) = [one for one in found if one["kind"] == "ExternalSecret"]
    first = copy["spec"]["data"][0]["remoteRef"]["key"]
    assert first == "/archive-hub/production/client_id"


def test_the_same_checkout_changes_nothing(program, hub, root, tmp_path):
    place = a_root(root, tmp_path)
    twice = [rendered(program, hub, place, "production") for _ in range(2)]
    assert compare(*twice, HUB) == ()


def test_a_smaller_ceiling_is_told_by_the_object(program, hub, root, tmp_path):
    place = a_root(root, tmp_path)
    before = rendered(program, hub, place, "production")
    after = rendered(
        program, hub, place, "production", "--set-string=dask.quota.pods=7"
    )
    (change,) = compare(before, after, HUB)
    assert "ResourceQuota" in str(change)
    assert str(change).endswith('pods: "500" → "7"')


def test_what_may_restart_is_in_the_charts(program, hub, root, tmp_path, upstream):
    place = a_root(root, tmp_path, upstream)
    found = rendered(program, hub, place, "production")
    names = {one["metadata"]["name"] for one in found if one["kind"] == "Deployment"}
    assert set(RESTARTS) <= names, names


def test_a_new_proxy_hits_people_and_a_new_hub_does_not(
    program, hub, root, tmp_path, upstream
):
    place = a_root(root, tmp_path, upstream)
    before = rendered(program, hub, place, "development")
    for part, key, hits in (("proxy.chp", "proxy", True), ("hub", "hub", False)):
        image = f"--set=jupyterhub.{part}.image.tag=another"
        after = rendered(program, hub, place, "development", image)
        # Without a cluster the chart makes new keys each time it is rendered.
        release = releases(Target("development", place), hub, {}, "")[0]
        told = [one for one in compare(before, after, HUB) if one.name == key]
        found = effects(release, tuple(told))
        assert [one.hits_people for one in found] == [hits], key


def test_the_secret_that_the_hub_reads_is_found(program, hub, root, tmp_path, upstream):
    place = a_root(root, tmp_path, upstream)
    found = set(references(rendered(program, hub, place, "production")))
    assert {("hub-oauth", "client_id"), ("hub-oauth", "archive_token")} <= found
