"""The end of an environment: the name typed, homes first, nothing forgotten."""

from __future__ import annotations

import pytest

from hub_config.deploy import commands
from hub_config.deploy.destroy import HOMES

EKS = "module.environment.module.cluster.aws_eks_cluster.this"
VPC = "module.environment.module.network.aws_vpc.this"
ENDS = ("helm uninstall", "kubectl delete", "terraform -chdir")


class Copies:
    """A keeper that says what it was asked for."""

    def __init__(self):
        self.asked = []

    def everything(self, namespace, folder, say):
        self.asked.append(namespace)
        return folder / "copy"


@pytest.fixture
def copies(monkeypatch):
    made = Copies()
    monkeypatch.setattr(commands, "keeper", lambda: made)
    return made


@pytest.fixture
def standing(deployed, cloud, credentials, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud)
    claim = {"claimRef": {"namespace": "hub", "name": "home"}}
    with deployed.changed() as content:
        content["resources"] = [EKS, VPC, HOMES]
        about = {"annotations": {"hub.archive/environment": "production"}}
        content["objects"]["namespace//hub"] = {"metadata": about}
        content["objects"]["persistentvolumes//hub-home"] = {
            "metadata": {"name": "hub-home"},
            "spec": claim,
        }
    return deployed


def ended(world):
    return [line for line in world.said(*ENDS) if " output " not in line]


def changed_nothing(world):
    return [line for line in ended(world) if "state list" not in line] == []


def test_another_name_than_the_environments_changes_nothing(deploy, standing, copies):
    code, output = deploy("destroy", "production", given="prodction\n")
    assert (code, copies.asked) == (1, [])
    assert "What will be lost" in output
    assert "'prodction' is not 'production'; nothing changed" in output
    assert changed_nothing(standing)


def test_it_says_what_will_be_lost(deploy, standing, copies):
    _, output = deploy("destroy", "production", given="\n")
    assert "releases: calico, karpenter" in output
    assert "2 people have a running server" in output
    assert "gh-5 (ada)" in output
    assert "volumes in the cluster: hub-home" in output
    assert "3 things in AWS (the disk of the homes is kept)" in output


def test_homes_are_copied_before_anything_ends(deploy, standing, copies, monkeypatch):
    def fail(*_):
        raise commands.DeployError("homes: the disk is full")

    monkeypatch.setattr(copies, "everything", fail)
    code, output = deploy("destroy", "production", "--confirm", "production")
    assert code == 1
    assert "the disk is full" in output
    assert changed_nothing(standing)


def test_the_hub_ends_first_and_terraform_last(deploy, standing, copies):
    code, output = deploy("destroy", "production", "--confirm", "production")
    assert (code, copies.asked) == (0, ["hub"]), output
    names = [line.split()[2] for line in standing.said("helm uninstall")]
    assert names[0] == "hub"
    assert names[1:] == [
        "nvidia-device-plugin",
        "home-nfs",
        "external-secrets",
        "external-dns",
        "aws-load-balancer-controller",
        "karpenter",
        "calico",
    ]
    steps = [line.split()[2] for line in standing.said("terraform")]
    assert steps[-3:] == ["apply", "state", "destroy"]
    assert "-var=deletion_protection=false" in standing.said("terraform")[-1]
    assert output.endswith("Nothing of production is left.\n")


def test_people_may_be_left_without_a_copy_on_request(deploy, standing, copies):
    words = ("destroy", "production", "--confirm", "production", "--without-homes")
    assert deploy(*words)[0] == 0
    assert copies.asked == []


def test_an_end_that_was_interrupted_goes_on(deploy, standing, copies):
    with standing.changed() as content:
        content["resources"] = [VPC]
        content["releases"] = {}
    words = ("destroy", "production", "--confirm", "production")
    code, output = deploy(*words)
    assert (code, copies.asked) == (0, []), output
    assert "there is no cluster any more" in output
    assert not standing.said("helm uninstall", "kubectl delete")
    assert [line.split()[2] for line in standing.said("terraform")][-1] == "destroy"


def test_terraform_that_stops_half_way_says_that_the_same_goes_on(
    deploy, standing, copies, checkout
):
    with standing.changed() as content:
        start = f"terraform -chdir={checkout}/terraform/live/production destroy"
        content["fails"][start] = "│ Error: deleting EC2 VPC: DependencyViolation"
    code, output = deploy("destroy", "production", "--confirm", "production")
    assert code == 1
    assert "deleting EC2 VPC: DependencyViolation; what is gone is gone" in output


def test_what_is_left_in_aws_is_listed_and_fails(deploy, standing, copies):
    import boto3

    ec2 = boto3.client("ec2", region_name="us-east-2")
    tag = {"Key": "hub", "Value": "archive-hub-production"}
    backup = {"Key": "archive-hub/backup", "Value": "archive-hub-production"}

    def volume(*tags):
        about = [{"ResourceType": "volume", "Tags": list(tags)}]
        return ec2.create_volume(
            AvailabilityZone="us-east-2a", Size=1, TagSpecifications=about
        )["VolumeId"]

    lost, homes = volume(tag), volume(tag, backup)
    try:
        words = ("destroy", "production", "--confirm", "production")
        code, output = deploy(*words)
        assert code == 1
        assert f"volume/{homes}; see docs/howto/take-down.md" in output
        listed = output.partition("still tagged hub=archive-hub-production:")[2]
        assert lost in listed
        assert homes not in listed
    finally:
        for one in (lost, homes):
            ec2.delete_volume(VolumeId=one)


def test_what_is_left_in_the_cluster_stops_before_terraform(deploy, standing, copies):
    owner = {"meta.helm.sh/release-name": "hub"}
    with standing.changed() as content:
        content["objects"]["clusterroles//hub"] = {
            "metadata": {"name": "hub", "annotations": owner}
        }
    code, output = deploy("destroy", "production", "--confirm", "production")
    assert code == 1
    assert "still there: clusterrole hub; run it again" in output
    assert not [line for line in standing.said("terraform") if "destroy" in line]


def test_a_namespace_that_no_deploy_has_made_is_left_alone(deploy, standing, copies):
    with standing.changed() as content:
        content["objects"]["namespace//hub"] = {"metadata": {}}
    code, output = deploy("destroy", "production", "--confirm", "production")
    assert code == 1
    assert "the hub in this cluster is \"nobody's we know\", not 'prod" in output
    assert changed_nothing(standing)


def test_ones_own_cluster_needs_no_terraform(deploy, standing, copies):
    about = {"annotations": {"hub.archive/environment": "development"}}
    with standing.changed() as content:
        content["server"] = "https://127.0.0.1:6443"
        content["objects"]["namespace//hub"] = {"metadata": about}
    code, output = deploy("destroy", "development", "--confirm", "development")
    assert code == 0, output
    assert [line.split()[2] for line in standing.said("helm uninstall")] == ["hub"]
    assert standing.said("terraform") == []
