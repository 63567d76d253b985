"""The pod that writes in the cluster: what it is, and that it goes away."""

from __future__ import annotations

import copy
import json
import os

import kubernetes_validate
import pytest

from hub_config.check.pods import violations
from hub_config.keep.keeper import keeper, manifest
from hub_config.keep.place import KeepError

HOMES = {"claimName": "home", "readOnly": True}
DATABASE = {"claimName": "hub-db-dir"}
# What z2jh 4.4.0 makes of our values, as far as it concerns the keeper.
DEPLOYMENT = {
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"component": "hub", "release": "hub"}},
        "template": {
            "spec": {
                "nodeSelector": {"hub.jupyter.org/node-pool": "core"},
                "serviceAccountName": "hub",
                "securityContext": {
                    "fsGroup": 1000,
                    "runAsNonRoot": True,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "volumes": [
                    {"name": "config", "configMap": {"name": "hub"}},
                    {"name": "secret", "secret": {"secretName": "hub"}},
                    {
                        "name": "homes",
                        "persistentVolumeClaim": {
                            "claimName": "home",
                            "readOnly": True,
                        },
                    },
                    {
                        "name": "pvc",
                        "persistentVolumeClaim": {"claimName": "hub-db-dir"},
                    },
                ],
                "containers": [
                    {
                        "name": "hub",
                        "image": "localhost/archive-hub/hub:2026.11.0",
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "capabilities": {"drop": ["ALL"]},
                            "runAsUser": 1000,
                        },
                        "volumeMounts": [
                            {
                                "name": "config",
                                "mountPath": "/usr/local/etc/jupyterhub",
                            },
                            {"name": "homes", "mountPath": "/homes", "readOnly": True},
                            {"name": "pvc", "mountPath": "/srv/jupyterhub"},
                        ],
                    }
                ],
            }
        },
    }
}


def test_it_writes_where_the_hub_reads_and_holds_no_secret():
    pod = manifest(DEPLOYMENT, beside=True)
    kubernetes_validate.validate(pod, "1.34", strict=True)
    assert violations(pod) == []
    (container,) = pod["spec"]["containers"]
    assert container["volumeMounts"] == [
        {"name": "homes", "mountPath": "/homes"},
        {"name": "pvc", "mountPath": "/srv/jupyterhub"},
    ]
    assert "secret" not in json.dumps(pod["spec"]["volumes"])
    assert not any("readOnly" in str(one) for one in pod["spec"]["volumes"])
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in pod["spec"]
    # The hub's would be given every file of every home.
    assert "fsGroup" not in pod["spec"]["securityContext"]
    assert DEPLOYMENT["spec"]["template"]["spec"]["securityContext"]["fsGroup"] == 1000


def test_beside_a_running_hub_it_goes_to_its_machine():
    assert "podAffinity" in manifest(DEPLOYMENT, beside=True)["spec"]["affinity"]
    assert "affinity" not in manifest(DEPLOYMENT, beside=False)["spec"]


def test_a_hub_without_the_homes_is_told():
    older = copy.deepcopy(DEPLOYMENT)
    spec = older["spec"]["template"]["spec"]
    spec["volumes"] = [one for one in spec["volumes"] if one["name"] != "homes"]
    with pytest.raises(KeepError, match="no volume at /homes; deploy this chart first"):
        manifest(older, beside=True)


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A stand-in that writes down what it is asked; FAIL names what fails."""
    (tmp_path / "deployment.json").write_text(json.dumps(DEPLOYMENT))
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n'
        f'case "$2" in "$FAIL") echo "error: no" >&2; exit 1;; '
        f"get) cat {tmp_path}/deployment.json;; apply) cat >/dev/null;; esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return lambda: [
        " ".join(line.split()[1:3])
        for line in (tmp_path / "asked").read_text().splitlines()
    ]


def test_the_hub_rests_meanwhile_and_starts_again(kubectl):
    with keeper("hub", alone=True) as place:
        assert "pod/hub-keeper" in place.prefix
        during = kubectl()
    assert during == [
        "get deployment/hub",
        "apply --filename=-",
        "wait pod/hub-keeper",
        "scale deployment/hub",
        "rollout status",
    ]
    assert kubectl()[len(during) :] == [
        "scale deployment/hub",
        "rollout status",
        "delete pod/hub-keeper",
    ]


@pytest.mark.parametrize("step", ["apply", "wait"])
def test_a_pod_that_does_not_come_leaves_the_hub_running(step, kubectl, monkeypatch):
    monkeypatch.setenv("FAIL", step)
    told = pytest.raises(KeepError, match=f"kubectl {step}: error: no")
    with told, keeper("hub", alone=True):
        pytest.fail("it did not come")
    assert kubectl()[-3:] == [
        "scale deployment/hub",
        "rollout status",
        "delete pod/hub-keeper",
    ]


def test_a_block_that_fails_ends_the_pod_too(kubectl):
    with pytest.raises(ZeroDivisionError), keeper("hub"):
        _ = 1 / 0
    assert kubectl()[-1] == "delete pod/hub-keeper"
