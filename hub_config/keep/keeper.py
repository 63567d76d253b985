"""A pod that may write where the hub's own only reads, for as long as it is needed.

It runs the hub's image with the hub's two volumes, beside the hub or, if the hub must
rest, in its stead.  kubectl does all of it.
"""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..packing import HOMES_IN_POD
from .place import KeepError, Place

NAME = "hub-keeper"
_READY_WITHIN = "300s"
# It goes even if this program cannot end it.
_AT_MOST_S = 6 * 3600


@contextmanager
def keeper(namespace: str, *, alone: bool = False) -> Iterator[Place]:
    """Start the pod, and end it after the block.

    Parameters
    ----------
    namespace : str
        The hub's.
    alone : bool
        Stop the hub meanwhile, and start it again; people's servers run on.

    Yields
    ------
    Place
        The hub's files, to be written.

    Raises
    ------
    KeepError
        kubectl refuses, or the pod does not come.
    """
    deployment = json.loads(
        _kubectl(namespace, "get", "deployment/hub", "--output=json")
    )
    replicas = deployment["spec"].get("replicas", 1)
    try:
        # The hub stops after its disk is held, and starts before it is let go.
        pod = json.dumps(manifest(deployment, beside=replicas > 0))
        _kubectl(namespace, "apply", "--filename=-", given=pod)
        ready = ("--for=condition=Ready", f"--timeout={_READY_WITHIN}")
        _kubectl(namespace, "wait", f"pod/{NAME}", *ready)
        if alone:
            _scale(namespace, 0)
        yield Place.of_cluster(namespace, f"pod/{NAME}")
    finally:
        if alone:
            _scale(namespace, replicas)
        gone = ("--ignore-not-found", "--grace-period=1", "--wait=true")
        _kubectl(namespace, "delete", f"pod/{NAME}", *gone)


def manifest(deployment: dict[str, Any], beside: bool) -> dict[str, Any]:
    """Return the pod, made of the hub's deployment.

    Parameters
    ----------
    deployment : dict
        The hub's, as Kubernetes tells it.
    beside : bool
        On the hub's machine: its disk can be at one machine only.
    """
    spec = deployment["spec"]["template"]["spec"]
    hub = next(one for one in spec["containers"] if one["name"] == "hub")
    claims, mounts = _volumes(spec, hub)
    container = {
        "name": "hub",
        "image": hub["image"],
        "imagePullPolicy": hub.get("imagePullPolicy", "IfNotPresent"),
        "command": ["sleep", str(_AT_MOST_S)],
        "volumeMounts": mounts,
        "securityContext": hub.get("securityContext", {}),
    }
    kept = ("nodeSelector", "tolerations", "securityContext", "imagePullSecrets")
    made = copy.deepcopy({key: spec[key] for key in kept if key in spec})
    # Kubernetes would give every file of every home to that group.
    made.get("securityContext", {}).pop("fsGroup", None)
    if beside:
        labels = deployment["spec"]["selector"]["matchLabels"]
        made["affinity"] = {"podAffinity": _beside(labels)}
    made |= {
        "containers": [container],
        "volumes": claims,
        "restartPolicy": "Never",
        "activeDeadlineSeconds": _AT_MOST_S,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
    }
    about = {"name": NAME, "labels": {"app": NAME}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": made}


def _volumes(
    spec: dict[str, Any], hub: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the hub's disks and where it has them, to be written."""
    claims = {
        one["name"]: {"claimName": one["persistentVolumeClaim"]["claimName"]}
        for one in spec["volumes"]
        if "persistentVolumeClaim" in one
    }
    mounts = [
        {key: value for key, value in one.items() if key != "readOnly"}
        for one in hub["volumeMounts"]
        if one["name"] in claims
    ]
    if HOMES_IN_POD not in {one["mountPath"] for one in mounts}:
        raise KeepError(
            f"keeper: the hub has no volume at {HOMES_IN_POD}; deploy this chart first"
        )
    volumes = [
        {"name": name, "persistentVolumeClaim": claim} for name, claim in claims.items()
    ]
    return volumes, mounts


def _beside(labels: dict[str, str]) -> dict[str, Any]:
    term = {
        "labelSelector": {"matchLabels": labels},
        "topologyKey": "kubernetes.io/hostname",
    }
    return {"requiredDuringSchedulingIgnoredDuringExecution": [term]}


def _scale(namespace: str, replicas: int) -> None:
    _kubectl(namespace, "scale", "deployment/hub", f"--replicas={replicas}")
    words = ("rollout", "status", "deployment/hub", f"--timeout={_READY_WITHIN}")
    _kubectl(namespace, *words)


def _kubectl(namespace: str, *words: str, given: str = "") -> str:
    command = ["kubectl", f"--namespace={namespace}", *words]
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise KeepError("kubectl: not installed; install it") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise KeepError(f"kubectl {words[0]}: {lines[-1]}")
    return done.stdout
