"""Whether a pod passes Pod Security "restricted", said before the cluster does.

The rules are those of https://kubernetes.io/docs/concepts/security/pod-security-standards
(1.35), with two of ours: no token of the cluster's API, no environment of its services.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
PROFILES = ("RuntimeDefault", "Localhost")
SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
    }
)


def violations(pod: Mapping[str, Any]) -> list[str]:
    """Return what in a pod "restricted" forbids, one line each.

    Parameters
    ----------
    pod : mapping
        A v1 Pod as JSON.
    """
    spec = pod["spec"]
    return [*_of_pod(spec), *(v for c in _containers(spec) for v in _of(c, spec))]


def _containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(kind) or []


def _of_pod(spec: Mapping[str, Any]) -> Iterator[str]:
    shared = ("hostNetwork", "hostPID", "hostIPC")
    yield from (f"{name} is true" for name in shared if spec.get(name))
    for volume in spec.get("volumes") or []:
        for kind in volume.keys() - {"name"} - VOLUMES:
            yield f"volume {volume['name']}: {kind} is not allowed"
    sysctls = (spec.get("securityContext") or {}).get("sysctls") or []
    for name in {one["name"] for one in sysctls} - SYSCTLS:
        yield f"sysctl {name} is not allowed"
    for name in ("automountServiceAccountToken", "enableServiceLinks"):
        if spec.get(name) is not False:
            yield f"{name} is not false"


def _of(container: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    own = container.get("securityContext") or {}
    # A container's word counts before the pod's.
    effective = {**(spec.get("securityContext") or {}), **own}
    name = container["name"]
    if own.get("privileged"):
        yield f"{name}: privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation is not false"
    if effective.get("runAsNonRoot") is not True:
        yield f"{name}: runAsNonRoot is not true"
    if effective.get("runAsUser") == 0:
        yield f"{name}: runAsUser is 0"
    if (effective.get("seccompProfile") or {}).get("type") not in PROFILES:
        yield f"{name}: no seccomp profile"
    if own.get("procMount", "Default") != "Default":
        yield f"{name}: procMount {own['procMount']}"
    if any(port.get("hostPort") for port in container.get("ports") or []):
        yield f"{name}: a port of the machine"
    yield from _capabilities(name, own.get("capabilities") or {})


def _capabilities(name: str, capabilities: Mapping[str, Any]) -> Iterator[str]:
    if "ALL" not in (capabilities.get("drop") or []):
        yield f"{name}: capabilities are not dropped"
    for added in set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
        yield f"{name}: adds {added}"
