"""A deployment, offline: which programs are run with which words, in which order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PRODUCTION = [
    "calico",
    "karpenter",
    "aws-load-balancer-controller",
    "external-dns",
    "external-secrets",
    "home-nfs",
    "nvidia-device-plugin",
    "hub",
]
NOWHERE = ("--url", "http://127.0.0.1:9")


def order(world):
    return [line.split()[3] for line in world.said("helm upgrade --install")]


def change_image(world, name="hub", image="archive-hub/hub:2"):
    with world.changed() as content:
        for one in content["templates"]["hub"]:
            if one["metadata"]["name"] == name:
                one["spec"]["template"]["spec"]["containers"][0]["image"] = image


def test_a_first_deploy_installs_each_release_in_order(deploy, world):
    code, output = deploy("deploy", "production", "--yes", *NOWHERE)
    assert (code, order(world)) == (2, PRODUCTION), output
    assert "whether it is well, nobody could be asked" in output
    words = world.said("helm upgrade --install karpenter")[0]
    assert "oci://public.ecr.aws/karpenter/karpenter" in words
    for expected in (
        "--version=1.14.1",
        "--namespace=kube-system",
        "--create-namespace",
        "--atomic",
        "--wait",
        "--timeout=10m",
        "helm/platform/values/karpenter.yaml",
        "--set-string=settings.clusterName=archive-hub-production",
    ):
        assert expected in words


def test_the_hub_gets_its_files_in_order_and_the_address_of_the_homes(deploy, world):
    deploy("deploy", "production", "--yes", *NOWHERE)
    words = world.said("helm upgrade --install hub ")[0].split()
    files = [Path(one).name for one in words if one.startswith("--values=")]
    assert files == [
        "values.generated.yaml",
        "production.generated.yaml",
        "production.yaml",
    ]
    assert "--set-string=home.nfsServer=172.20.0.9" in words
    assert "--set-string=karpenter.zones[0]=us-east-2a" in words


def test_the_namespace_is_the_environments_and_refuses_unsafe_pods(deploy, world):
    deploy("deploy", "production", "--yes", *NOWHERE)
    about = world.now["objects"]["namespace//hub"]["metadata"]
    assert about["annotations"] == {"hub.archive/environment": "production"}
    assert about["labels"] == {"pod-security.kubernetes.io/enforce": "baseline"}


def test_a_second_deploy_changes_nothing(deploy, deployed):
    code, output = deploy("deploy", "production", *NOWHERE)
    assert (code, order(deployed)) == (2, []), output
    assert "Nothing to do." in output
    assert not deployed.said("kubectl apply", "helm rollback", "helm uninstall")


def test_optional_releases_come_when_asked_for_and_then_stay(deploy, deployed):
    deploy("deploy", "production", "--yes", "--with", "grafana", *NOWHERE)
    assert order(deployed) == ["grafana"]
    with deployed.changed() as content:
        content["templates"]["grafana"][0]["metadata"]["labels"] = {"new": "yes"}
    deployed.forget()
    deploy("deploy", "production", "--yes", *NOWHERE)
    assert order(deployed) == ["grafana"]


def test_a_plan_changes_nothing_and_names_who_is_hit(deploy, deployed):
    change_image(deployed, "proxy", "proxy:2")
    code, output = deploy("deploy", "production", "--plan")
    assert code == 0, output
    expected = "changes Deployment proxy, whose pods are replaced"
    assert expected in output
    assert 'containers.proxy.image: "proxy:1" → "proxy:2"' in output
    assert "2 people have a running server" in output
    assert "gh-5 (ada), last active" in output
    assert "gh-6 (mei)\nThey are hit" in output
    verbs = ("helm upgrade", "helm rollback", "helm uninstall", "kubectl apply")
    assert deployed.said(*verbs) == []


def test_a_plan_says_when_people_are_not_disturbed(deploy, deployed):
    change_image(deployed)
    _, output = deploy("deploy", "production", "--plan")
    assert "the hub restarts" in output
    assert "They are not disturbed." in output


def test_a_plan_is_there_as_json(deploy, deployed):
    change_image(deployed)
    _, output = deploy("deploy", "production", "--plan", "--json")
    told = json.loads(output)
    assert told["running"] == ["gh-5 (ada)", "gh-6 (mei)"]
    (hub,) = [one for one in told["releases"] if one["changes"]]
    assert (hub["name"], told["hits_people"]) == ("hub", False)


def test_when_the_hub_is_away_its_pods_are_counted(deploy, deployed):
    change_image(deployed)
    with deployed.changed() as content:
        content["hub_port"] = 9
    code, output = deploy("deploy", "production", "--plan")
    assert code == 0
    assert "2 people have a running server (the hub could not be asked" in output


def test_without_a_yes_nothing_happens(deploy, deployed):
    change_image(deployed)
    code, _ = deploy("deploy", "production", *NOWHERE, given="n\n")
    assert (code, order(deployed)) == (1, [])


def test_a_new_hub_begins_with_a_copy_of_the_databases(deploy, deployed, checkout):
    change_image(deployed)
    deploy("deploy", "production", "--yes", *NOWHERE)
    (copy,) = (checkout / "backups" / "production").glob("*/hub.sqlite")
    assert copy.stat().st_mode & 0o077 == 0
    both = deployed.said("kubectl --namespace=hub exec", "helm upgrade --install")
    assert both[-1].startswith("helm upgrade")


def test_without_a_copy_the_hub_is_not_changed(deploy, deployed):
    change_image(deployed)
    with deployed.changed() as content:
        content["fails"]["kubectl --namespace=hub exec"] = "error: pod is away"
    code, output = deploy("deploy", "production", "--yes", *NOWHERE)
    assert (code, order(deployed)) == (1, [])
    assert "pod is away; nothing was changed" in output


def test_a_hub_that_is_down_can_be_put_right_without_a_copy(deploy, deployed):
    change_image(deployed)
    with deployed.changed() as content:
        content["objects"]["deployment/hub/hub"]["status"] = {}
    code, output = deploy("deploy", "production", "--yes", *NOWHERE)
    assert (code, order(deployed)) == (2, ["hub"])
    assert "the hub is down: its databases are not copied" in output


def test_a_release_that_does_not_come_up_is_told_with_what_the_cluster_said(
    deploy, deployed
):
    change_image(deployed)
    with deployed.changed() as content:
        late = "Error: UPGRADE FAILED: release hub failed: timed out waiting"
        content["fails"]["helm upgrade --install hub "] = late
        content["objects"]["events/hub/1"] = {
            "type": "Warning",
            "involvedObject": {"name": "hub-77"},
            "message": "Failed to pull image",
        }
    code, output = deploy("deploy", "production", "--yes", *NOWHERE)
    assert code == 1
    assert "release hub: was not ready within 10m" in output
    assert "hub-77: Failed to pull image; Helm put it back as it was" in output


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_deploy_that_was_cut_off_is_put_right_by_the_next(
    deploy, deployed, checkout, number
):
    change_image(deployed)
    with deployed.changed() as content:
        content["hangs"] = ["helm upgrade --install hub "]
    script = str(Path(sys.executable).with_name("archive-hub"))
    words = [script, "deploy", "production", "--yes", *NOWHERE]
    with subprocess.Popen(words, cwd=checkout, start_new_session=True) as cut:
        deadline = time.monotonic() + 120
        while deployed.now["releases"]["hub"][-1]["status"] != "pending-upgrade":
            assert time.monotonic() < deadline
            assert cut.poll() is None
            time.sleep(0.1)
        os.killpg(cut.pid, number)
    with deployed.changed() as content:
        content["hangs"] = []
    deployed.forget()
    code, output = deploy("deploy", "production", "--yes", *NOWHERE)
    assert code == 2, output
    assert "was left in 'pending-upgrade'" in output
    acts = deployed.said("helm rollback", "helm upgrade --install")
    assert acts[0].startswith("helm rollback hub 1 --namespace=hub --wait")
    assert acts[1].startswith("helm upgrade --install hub ")
    assert len(acts) == 2


def test_a_first_install_that_was_cut_off_is_taken_away_first(deploy, world):
    with world.changed() as content:
        half = {"status": "pending-install", "manifest": []}
        content["releases"]["calico"] = [half]
    code, output = deploy("deploy", "production", "--yes", *NOWHERE)
    assert code == 2, output
    assert world.said("helm uninstall")[0].startswith("helm uninstall calico ")
    assert order(world) == PRODUCTION
