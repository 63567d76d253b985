"""Our templates: objects that Kubernetes takes, contradictions that Helm refuses."""

from __future__ import annotations

import re

import kubernetes_validate
import pytest

from .conftest import NFS

# The kinds that a bare Kubernetes knows; the others have custom resource definitions.
CUSTOM = {"EC2NodeClass", "NodePool", "ExternalSecret", "ClusterSecretStore"}


def test_helm_finds_no_fault(helm, environment):
    answer = helm("lint", environment, "--strict", NFS)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("version", ["1.33", "1.34", "1.35"])
def test_every_object_is_valid(manifests, version):
    known = [one for one in manifests if one["kind"] not in CUSTOM]
    assert len(known) >= 9
    for manifest in known:
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("environment", ["development"], indirect=True)
def test_a_development_cluster_needs_no_cloud(manifests):
    assert not {one["kind"] for one in manifests} & {*CUSTOM, "Ingress"}


def test_one_template_makes_one_kind_of_object(root):
    for file in (root / "helm/hub/templates").rglob("*.yaml"):
        kinds = re.findall(r"^kind: ", file.read_text(), re.MULTILINE)
        assert len(kinds) == 1, file


def test_homes_outlive_the_release(manifests):
    kinds = ("PersistentVolume", "PersistentVolumeClaim")
    for manifest in (one for one in manifests if one["kind"] in kinds):
        annotations = manifest["metadata"]["annotations"]
        assert annotations["helm.sh/resource-policy"] == "keep"


@pytest.mark.parametrize("environment", ["production"], indirect=True)
def test_the_secrets_come_from_the_store_that_the_chart_makes(manifests):
    [store] = [one for one in manifests if one["kind"] == "ClusterSecretStore"]
    [secret] = [one for one in manifests if one["kind"] == "ExternalSecret"]
    assert secret["spec"]["secretStoreRef"]["name"] == store["metadata"]["name"]
    assert store["spec"]["provider"]["aws"]["region"] == "us-east-2"


@pytest.mark.parametrize("environment", ["production", "staging"], indirect=True)
def test_the_cloud_has_no_stand_ins(manifests):
    names = {one["metadata"]["name"] for one in manifests}
    assert not [name for name in names if "standins" in name]


def test_the_dask_namespace_enforces_pod_security(manifests):
    labels = next(
        m["metadata"]["labels"] for m in manifests if m["kind"] == "Namespace"
    )
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("host=", "host: is empty, but ingress.enabled is true"),
        ("host=a.example.org", "ARCHIVE_HUB_HOST"),
        ("home.claim=other", "servers mount"),
        ("home.nfsServer=", "but home.storage is nfs"),
        ("home.nfsServer=home-nfs.home-nfs.svc", "/home/nfsServer"),
        ("dask-gateway.gateway.backend.namespace=hub", "is the release's own"),
        ("jupyterhub.singleuser.profileList=null", "values.generated.yaml"),
        ("karpenter.amiAlias=al2023@latest", "amiAlias"),
        ("externalSecrets.region=", "externalSecrets.region: is empty"),
        ("standins.enabled=true", "stand-ins have no passwords"),
        ("network.ports={70000}", "/network/ports/0"),
        ("surprise=1", "surprise"),
    ],
)
def test_a_contradiction_is_refused_with_its_name(helm, wrong, said):
    answer = helm("template", "production", NFS, f"--set={wrong}")
    assert answer.returncode != 0
    assert said in answer.stderr
