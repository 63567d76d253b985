"""The cluster that kubectl speaks to: whose it is, and what is in it."""

from __future__ import annotations

import json
from typing import Any

from .programs import DeployError, ProgramFailed, ask, run
from .releases import HUB, Target

MARK = "hub.archive/environment"
ABSENT = "NotFound"
# The gateway's own pods have no keys for more; the chart makes all others "restricted".
ENFORCED = "baseline"


def get(kind: str, namespace: str = "", name: str = "", selector: str = "") -> Any:
    """Return an object or a list of them; None if there is none.

    Raises
    ------
    DeployError
        The cluster does not answer, or forbids it.
    """
    words = ["kubectl", "get", kind] + ([name] if name else [])
    words += [f"--namespace={namespace}"] if namespace else []
    words += [f"--selector={selector}"] if selector else []
    try:
        return ask([*words, "--output=json"])
    except ProgramFailed as error:
        if ABSENT in error.said or "doesn't have a resource type" in error.said:
            return None
        raise


def items(kind: str, namespace: str = "", selector: str = "") -> list[dict[str, Any]]:
    """Return a list of objects; empty where the kind is unknown."""
    found = get(kind, namespace, selector=selector)
    return list(found["items"]) if found else []


def version() -> str:
    """Return the version of Kubernetes.

    Raises
    ------
    DeployError
        The cluster does not answer.
    """
    found = ask(["kubectl", "version", "--output=json"])
    try:
        return str(found["serverVersion"]["gitVersion"])
    except (KeyError, TypeError):
        raise DeployError(
            "kubectl: the cluster does not say its version; is KUBECONFIG right?"
        ) from None


def require_ours(to: Target, outputs: dict[str, Any], marked: bool = False) -> None:
    """Check that the cluster is this environment's.

    Parameters
    ----------
    to : Target
        The environment.
    outputs : dict
        Terraform's output ``deployment``.
    marked : bool
        A namespace that no deploy has made is another's.

    Raises
    ------
    DeployError
        It is another one, or does not answer.
    """
    config = ask(["kubectl", "config", "view", "--minify", "--output=json"])
    clusters = config.get("clusters") or [{"cluster": {}}]
    server = str(clusters[0]["cluster"].get("server", ""))
    if to.place and _host(server) != _host(str(outputs["cluster_endpoint"])):
        raise DeployError(
            f"KUBECONFIG: speaks to {server!r}, {to.name} is at "
            f"{outputs['cluster_endpoint']!r}; aws eks update-kubeconfig --name "
            f"{outputs['cluster_name']} --region {to.place.region}"
        )
    if not to.place and server.rstrip("/").endswith(".eks.amazonaws.com"):
        raise DeployError(
            f"KUBECONFIG: {server!r} is in the cloud, and {to.name!r} is a cluster of "
            "your own; name the environment, or choose another KUBECONFIG"
        )
    found = get("namespace", name=HUB)
    unmarked = "nobody's we know" if found and marked else to.name
    mark = (found or {}).get("metadata", {}).get("annotations", {}).get(MARK, unmarked)
    if mark != to.name:
        raise DeployError(
            f"KUBECONFIG: the hub in this cluster is {mark!r}, not {to.name!r}; "
            "choose another KUBECONFIG, or name that environment"
        )


def claim(to: Target) -> None:
    """Make the hub's namespace, say whose it is, and let it refuse unsafe pods."""
    about = {
        "name": HUB,
        "annotations": {MARK: to.name},
        "labels": {"pod-security.kubernetes.io/enforce": ENFORCED},
    }
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": about}
    words = ["kubectl", "apply", "--server-side", "--force-conflicts", "--filename=-"]
    run(words, stdin=json.dumps(made))


def outputs(to: Target) -> dict[str, Any]:
    """Return what Terraform says of an environment; nothing for one's own cluster.

    Raises
    ------
    DeployError
        It cannot be asked, or an apply did not finish.
    """
    if not to.place:
        return {}
    folder = f"-chdir={to.terraform}"
    try:
        found = ask(["terraform", folder, "output", "-json", "deployment"])
    except ProgramFailed as error:
        if "not found" not in error.said and "No outputs" not in error.said:
            raise
        raise DeployError(
            f"terraform {to.name}: there is no output 'deployment': it was never "
            "applied, or an apply did not finish; `terraform apply`, then again"
        ) from None
    return dict(found)


def home_server(to: Target) -> str:
    """Return the address of the service that serves homes; empty before there is one.

    Machines mount it, and they do not ask the cluster's DNS: hence not a name.
    """
    found = get("service", "home-nfs", "home-nfs") if to.place else None
    return str(found["spec"]["clusterIP"]) if found else ""


def warnings(namespace: str) -> list[str]:
    """Return what the cluster complained of lately, the newest last."""
    try:
        found = items("events", namespace)
    except DeployError:
        return []
    found = [one for one in found if one.get("type") == "Warning"]
    found.sort(key=lambda one: str(one.get("lastTimestamp") or one.get("eventTime")))
    told = {
        f"{one['involvedObject'].get('name')}: {' '.join(one['message'].split())}": 0
        for one in found
    }
    return list(told)[-3:]


def _host(url: str) -> str:
    return url.lower().removeprefix("https://").rstrip("/").removesuffix(":443")
