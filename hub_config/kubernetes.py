"""What is different on Kubernetes: two entry points, a line each in the chart's values.

The hub's configuration file calls `hub`, the gateway's calls `gateway`.  Both add to
what the charts have set.  Numbers are in ``hub.toml`` and in the values, not here.
"""

from __future__ import annotations

import os
from typing import Any

from dask_gateway_server.backends.kubernetes.backend import KubeBackend
from dask_gateway_server.utils import FrozenAttrDict
from jupyterhub.utils import subdomain_hook_idna

from . import dask, home_page
from .backend import PerPerson
from .configure import configure
from .ledger import LEDGER_IN_POD
from .packing import HOMES_IN_POD
from .settings import Hub, load
from .spawner import RobustKubeSpawner
from .startpage import StartPage

# The service of the gateway's proxy; the chart's `fullnameOverride` fixes its name.
GATEWAY = "traefik-dask-gateway"
# Beside the database, on the volume that the chart mounts: who was admitted when, and
# who accepted the terms, outlive the pod.
LEDGER = "/srv/jupyterhub/people.sqlite"


class HubSpawner(RobustKubeSpawner, StartPage):
    """The spawner of a deployed hub: our start page, and starts that survive."""


class HubBackend(PerPerson, KubeBackend):  # type: ignore[misc]
    """Dask clusters as pods, with ceilings per person."""

    async def list_clusters(
        self, username: str | None = None, statuses: Any = None
    ) -> list[Any]:
        """Return clusters as the ceilings read them."""
        found = await super().list_clusters(username=username, statuses=statuses)
        return [_readable(cluster) for cluster in found]

    async def get_cluster(self, cluster_name: str, wait: bool = False) -> Any:
        """Return a cluster as the ceilings read it."""
        return _readable(await super().get_cluster(cluster_name, wait))


def _readable(cluster: Any) -> Any:
    # The other backends' configurations have attributes; this one's is a plain dict.
    if cluster is not None and isinstance(cluster.config, dict):
        cluster.config = FrozenAttrDict(cluster.config)
    return cluster


def hub(c: Any, settings: Hub | None = None) -> None:
    """Configure JupyterHub in its pod; called last in its configuration.

    Parameters
    ----------
    c : traitlets.config.Config
        As z2jh has filled it.
    settings : Hub, optional
        The settings; by default those of this package.
    """
    # z2jh's own: the culler's role, the chart's extraEnv.
    roles = c.JupyterHub.get("load_roles", [])
    environment = c.KubeSpawner.get("environment", {})
    configure(c, settings)
    c.JupyterHub.load_roles = [*roles, *c.JupyterHub.load_roles]
    c.JupyterHub.spawner_class = HubSpawner
    c.ArchiveAuthenticator.ledger_path = LEDGER
    c.KubeSpawner.environment = {
        **environment,
        **c.KubeSpawner.environment,
        "DASK_GATEWAY__ADDRESS": f"http://{GATEWAY}/services/dask-gateway",
        "DASK_GATEWAY__PROXY_ADDRESS": f"gateway://{GATEWAY}:80",
        "DASK_GATEWAY__PUBLIC_ADDRESS": "/services/dask-gateway",
    }
    c.ArchiveAuthenticator.ledger_path = LEDGER_IN_POD
    home_page.offer(c, HOMES_IN_POD)
    _address(c, os.environ.get("ARCHIVE_HUB_HOST", ""))


def _address(c: Any, host: str) -> None:
    """Give each user server an origin of its own, where the hub has a name."""
    if host:
        c.JupyterHub.subdomain_host = f"https://{host}"
        # JupyterHub then serves its services on subdomains too.
        service = subdomain_hook_idna("dask-gateway", host, "service")
        c.KubeSpawner.environment["DASK_GATEWAY__PUBLIC_ADDRESS"] = (
            f"https://{service}/services/dask-gateway"
        )
        c.ArchiveAuthenticator.oauth_callback_url = f"https://{host}/hub/oauth_callback"


def gateway(c: Any, reserved: float = 1) -> None:
    """Configure Dask Gateway in its pod; called last in its configuration.

    Parameters
    ----------
    c : traitlets.config.Config
        As the gateway's chart has filled it.
    reserved : float
        Part of a worker's size that is set aside for it; 1 but on a small machine.
    """
    dask.configure(c, load(), reserved)
    c.DaskGateway.backend_class = HubBackend
