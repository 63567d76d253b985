"""Profiles as KubeSpawner wants them.

Memory goes out in bytes, the only spelling that all four readers agree on: "16G" is
16 * 2**30 to JupyterHub and dask-gateway, 16 * 10**9 to Kubernetes and Dask.
"""

from __future__ import annotations

from typing import Any

from .settings import GIB, Hub, Profile, Span
from .tables import Volume

POOL_LABEL = "hub.jupyter.org/node-pool"
GPU_RESOURCE = "nvidia.com/gpu"
INSTANCE_LABEL = "node.kubernetes.io/instance-type"


def profile_list(
    hub: Hub, registry: str = "localhost", on_aws: bool = False
) -> list[dict[str, Any]]:
    """Return ``KubeSpawner.profile_list``, in the order of declaration.

    Parameters
    ----------
    hub : Hub
        The settings.
    registry : str
        What goes before an image's name: where the cluster pulls from.
    on_aws : bool
        Keep each profile to the machines of its pool on which its limit is reachable;
        the nodes of another cluster carry no such label.
    """
    names = list(hub.profiles)
    following = dict(zip(names, [*names[1:], ""], strict=True))
    entries = [_entry(hub, registry, name, following[name]) for name in names]
    if on_aws:
        for entry in entries:
            entry["kubespawner_override"] |= _large_enough(hub, entry["slug"])
    return entries


def _large_enough(hub: Hub, name: str) -> dict[str, Any]:
    """Return the affinity to machines that leave the profile's whole limit."""
    profile = hub.profiles[name]
    pool = hub.node_pools[profile.node_pool]
    types = [
        kind
        for kind, machine in zip(pool.instance_types, pool.machines, strict=True)
        if machine.holds(*profile.need)
    ]
    expression = {"key": INSTANCE_LABEL, "operator": "In", "values": types}
    return {"node_affinity_required": [{"matchExpressions": [expression]}]}


def _entry(hub: Hub, registry: str, name: str, following: str) -> dict[str, Any]:
    profile = hub.profiles[name]
    images = [f"{registry}/{hub.images[image]}" for image in profile.images]
    entry: dict[str, Any] = {
        "slug": name,
        "display_name": profile.display_name,
        "description": describe(profile),
        "default": profile.default,
        "kubespawner_override": {
            "image": images[0],
            "cpu_guarantee": profile.cpu.guarantee,
            "cpu_limit": profile.cpu.limit,
            "mem_guarantee": int(profile.memory_gib.guarantee * GIB),
            "mem_limit": int(profile.memory_gib.limit * GIB),
            "node_selector": {POOL_LABEL: profile.node_pool},
            # What the server says when memory ran out: where it was, where to go next.
            "environment": {
                "ARCHIVE_HUB_PROFILE": profile.display_name,
                "ARCHIVE_HUB_NEXT_PROFILE": _larger(hub, profile, following),
            },
        },
    }
    if profile.gpus:
        entry["kubespawner_override"] |= {
            "extra_resource_limits": {GPU_RESOURCE: str(profile.gpus)},
            "tolerations": [
                {"key": GPU_RESOURCE, "operator": "Exists", "effect": "NoSchedule"}
            ],
        }
    if profile.volume:
        entry["kubespawner_override"] |= _mounted(profile.volume)
    if profile.own_licence:
        entry["licence_servers"] = [one.typed for one in hub.licence_servers.values()]
    if len(images) > 1:
        entry["profile_options"] = {"image": _image_choice(profile, images)}
    return entry


def _mounted(volume: Volume) -> dict[str, Any]:
    # By name, as z2jh keeps them: so they are added to those of every server.
    claim = {"claimName": volume.claim, "readOnly": True}
    mount = {"mountPath": volume.path, "readOnly": True}
    return {
        "volumes": {"site": {"name": "site", "persistentVolumeClaim": claim}},
        "volume_mounts": {"site": {"name": "site", **mount}},
    }


def _image_choice(profile: Profile, images: list[str]) -> dict[str, Any]:
    choices = {
        name: {
            "display_name": name,
            "default": index == 0,
            "kubespawner_override": {"image": images[index]},
        }
        for index, name in enumerate(profile.images)
    }
    return {"display_name": "Image", "choices": choices}


def _larger(hub: Hub, profile: Profile, following: str) -> str:
    """Return the next profile's display name, if it has more memory."""
    if not following:
        return ""
    other = hub.profiles[following]
    more = other.memory_gib.limit > profile.memory_gib.limit
    return other.display_name if more and other.gpus == profile.gpus else ""


def describe(profile: Profile) -> str:
    """Return the profile's text on the start page, made from its numbers."""
    parts = [
        f"{span_text(profile.cpu)} CPU cores",
        f"{span_text(profile.memory_gib)} GiB of memory",
    ]
    if profile.gpus:
        parts.append("a GPU" if profile.gpus == 1 else f"{profile.gpus} GPUs")
    return f"{profile.summary} {', '.join(parts)}."


def span_text(span: Span) -> str:
    """Return ``6 to 12``, or ``6`` where guarantee and limit are equal."""
    if span.guarantee == span.limit:
        return f"{span.limit:g}"
    return f"{span.guarantee:g} to {span.limit:g}"
