"""Derived files: what Helm, Terraform and the docs take from the settings.

Adding one is adding a line to `files`.  JSON is written where YAML is read: it is YAML.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from . import canary, check, karpenter, matlab_notebook
from .images.page import pages as image_pages
from .operate.report import cost_page
from .profiles import profile_list
from .reference import NOTE, profiles_page, settings_page
from .settings import GIB, Hub
from .tables import Environment

ROOT = Path(__file__).resolve().parents[1]


def files(hub: Hub) -> dict[str, Callable[[], str]]:
    """Return the derived files by path, each with the function that makes its text."""
    made: dict[str, Callable[[], str]] = {
        "helm/hub/values.generated.yaml": partial(helm_values, hub, "localhost"),
        "docs/reference/profiles.md": partial(profiles_page, hub),
        "docs/reference/settings.md": settings_page,
        "docs/reference/cost.md": partial(cost_page, hub),
        "docs/reference/check.md": check.reference,
        **image_pages(ROOT),
        **matlab_notebook.pages(ROOT),
    }
    for name, environment in hub.environments.items():
        made |= {
            f"helm/hub/{name}.generated.yaml": partial(
                helm_values, hub, environment.registry, environment
            ),
            f"terraform/live/{name}/hub.auto.tfvars.json": partial(
                terraform_variables, hub, name
            ),
        }
    return made


def stale(hub: Hub, root: Path) -> list[str]:
    """Return the derived files under `root` that differ from the settings."""
    return [
        name
        for name, text in files(hub).items()
        if not (root / name).is_file()
        or (root / name).read_text(encoding="utf-8") != text()
    ]


def write(hub: Hub, root: Path) -> list[str]:
    """Write the derived files under `root` that are stale; return their names."""
    names = stale(hub, root)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(files(hub)[name](), encoding="utf-8")
    return names


def helm_values(hub: Hub, registry: str, place: Environment | None = None) -> str:
    """Return the chart values that depend on the settings.

    Parameters
    ----------
    hub : Hub
        The settings.
    registry : str
        Where images are pulled from.
    place : Environment, optional
        Where the hub is in the cloud; a cluster of one's own has no name.
    """
    idle = hub.idle
    values: dict[str, Any] = {
        "jupyterhub": {
            "hub": {"image": _image(registry, hub.images["hub"])},
            "singleuser": {
                "image": _image(registry, hub.images["base"]),
                "profileList": profile_list(hub, registry, place is not None),
            },
            "scheduling": {"userPlaceholder": {"resources": _seat(hub)}},
            "cull": {
                "timeout": int(idle.cull_after_min * 60),
                "maxAge": int(idle.max_age_h * 3600),
            },
        },
        "dask-gateway": {
            "gateway": {
                "image": _image(registry, hub.images["gateway"]),
                "backend": {"image": _image(registry, hub.images["base"])},
            },
            "controller": {"image": _image(registry, hub.images["gateway"])},
        },
        "network": {"licenceServers": _licence_ports(hub)},
        "home": {"quotaBytes": int(hub.home.quota_gib * GIB)},
        "karpenter": {"pools": karpenter.pools(hub)},
    }
    if place:
        values |= {"host": place.host, "externalSecrets": {"region": place.region}}
        values["jupyterhub"]["hub"]["extraEnv"] = {"ARCHIVE_HUB_HOST": place.host}
        if hub.canary.every_min:
            values["canary"] = {
                "timeZone": hub.canary.time_zone,
                "schedules": hub.canary.schedules,
            }
            values["jupyterhub"]["hub"] |= canary.helm_values(hub)
    return f"# {NOTE}\n{json.dumps(values, indent=2)}\n"


def _licence_ports(hub: Hub) -> list[dict[str, Any]]:
    return [
        {"cidr": f"{server.address}/32", "port": port}
        for server in hub.licence_servers.values()
        for port in dict.fromkeys((server.port, server.vendor_port))
    ]


def _seat(hub: Hub) -> dict[str, Any]:
    """Return what a warm seat holds for the next person: the default profile."""
    profile = hub.profiles[hub.default_profile]
    memory = int(profile.memory_gib.guarantee * GIB)
    return {"requests": {"cpu": profile.cpu.guarantee, "memory": memory}}


def _image(registry: str, image: str) -> dict[str, str]:
    name, tag = f"{registry}/{image}".rsplit(":", 1)
    return {"name": name, "tag": tag}


def terraform_variables(hub: Hub, environment: str) -> str:
    """Return the variables of one environment, as ``*.auto.tfvars.json``."""
    place = hub.environments[environment]
    variables = {
        "hub_name": f"archive-hub-{environment}",
        "host": place.host,
        "region": place.region,
        "registry": place.registry,
        "images": dict(hub.images),
        "home_quota_gib": hub.home.quota_gib,
        "node_pools": {
            name: {
                "instance_types": list(pool.instance_types),
                "max_nodes": pool.max_nodes,
                "capacity": pool.capacity,
                "gpus": max(machine.gpus for machine in pool.machines),
            }
            for name, pool in hub.node_pools.items()
        },
    }
    return json.dumps({"//": NOTE, **variables}, indent=2) + "\n"
